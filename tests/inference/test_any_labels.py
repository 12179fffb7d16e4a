"""Labels that a model never saw: the same scores everywhere, what applies to them, and refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import overtone
from overtone.bundle import Manifest
from overtone.errors import InputError
from overtone.experiment.fit import Run
from overtone.inference import any_labels

TEXTS = ["I am so happy!", "", "What a terrible day, the bus is late again."]
ASKED = ("zeal", "joy", "the_bus is late")


@pytest.fixture(scope="session")
def graph(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run as an ONNX export, made with its own eleven labels."""
    folder = tmp_path_factory.mktemp("any") / "onnx"
    overtone.export(run.path, folder)
    return folder


def test_any_words_are_scored_each_by_its_own(run: Run) -> None:
    model = overtone.load(run.path, labels=ASKED)
    assert model.labels.names == ASKED
    assert model.labels.prompts[2] == "the bus is late"
    found = model.probabilities(TEXTS)
    assert found.shape == (3, 3)
    assert np.ptp(found, axis=1).min() > 1e-4, "the words are read"
    turned = overtone.load(run.path).with_labels(ASKED[::-1])
    assert turned.predict(TEXTS)[0].probabilities.keys() == set(ASKED)


def test_own_labels_asked_for_are_the_model_itself(run: Run) -> None:
    model = overtone.load(run.path)
    asked = model.with_labels(model.labels.names)
    np.testing.assert_array_equal(asked.probabilities(TEXTS), model.probabilities(TEXTS))
    assert asked.predict(TEXTS) == model.predict(TEXTS)


@pytest.mark.parametrize("asked", [("zeal",), ASKED, tuple(f"label {n}" for n in range(20))])
def test_an_export_answers_for_any_number_of_labels(
    run: Run, graph: Path, asked: tuple[str, ...]
) -> None:
    expected = overtone.load(run.path, labels=asked).probabilities(TEXTS)
    found = overtone.load(graph, "onnx", labels=asked).probabilities(TEXTS)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def manifest(run: Run, **changes: object) -> Manifest:
    return replace(run.bundle.manifest, **changes)  # type: ignore[arg-type]


def test_one_threshold_or_temperature_for_all_holds_and_nothing_else(run: Run) -> None:
    own = run.bundle.manifest.labels
    table = {"name": "temperature", "temperature": 2.0}
    common: dict[str, Any] = {"name": "temperature", "labels": dict.fromkeys(own.names, table)}
    labels = any_labels.asked(ASKED, run.bundle.manifest)
    found = any_labels.calibration(manifest(run, calibration=common), labels)
    assert found == {"name": "temperature", "labels": dict.fromkeys(ASKED, table)}
    each = {**common["labels"], own.names[0]: {**table, "temperature": 3.0}}
    for saved in ({"name": "temperature", "labels": each}, {"name": "platt", "labels": {}}):
        assert any_labels.calibration(manifest(run, calibration=saved), labels) == {"name": "none"}
    chosen = {"name": "threshold", "threshold": 0.3}
    assert any_labels.decision(manifest(run, decision=chosen)) == chosen
    fitted = {"name": "per_label", "thresholds": {"joy": 0.2}}
    assert any_labels.decision(manifest(run, decision=fitted))["threshold"] == 0.5


def test_it_is_known_what_training_had_and_what_was_asked_for(run: Run) -> None:
    model = overtone.load(run.path)
    own = model.labels.names
    assert not model.asked
    assert not model.with_labels(own[::-1]).asked
    assert model.with_labels(own[:3]).asked
    asked = any_labels.asked(["Joy", "gladness", "zeal"], run.bundle.manifest)
    assert any_labels.unseen(asked, run.bundle.manifest) == ("gladness", "zeal")
    words = manifest(run, config={**run.bundle.manifest.config, "training": {"random_labels": 3}})
    assert any_labels.unseen(asked, words) == ("zeal",), "such a training has other words, too"


def test_thresholds_are_given_by_the_asked_names(run: Run) -> None:
    model = overtone.load(run.path, labels=["zeal", "calm"])
    (found,) = model.predict(["x"], threshold={"zeal": 0.0, "calm": 1.0})
    assert found.labels == ("zeal",)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ((), "at least one label"),
        ("joy", r"pass \['joy'\]"),
        (("joy", " "), "a word or some"),
        (("joy\x1b[2J",), r"found 'joy\\x1b\[2J'"),
        (("joy", "fear", " Joy "), "'Joy' again"),
        (("x" * 81,), "80 characters, found 81"),
        (tuple(f"l{n}" for n in range(65)), "at most 64"),
        (("joy", 3), "found int"),
        (tuple(f"a long label with many words {n}" for n in range(40)), "no room for a text"),
    ],
)
def test_what_cannot_be_asked_is_refused(run: Run, asked: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        overtone.load(run.path).with_labels(asked)  # type: ignore[arg-type]


def test_a_label_that_looks_like_a_special_token_is_words(run: Run) -> None:
    model = overtone.load(run.path, labels=["[SEP]", "joy"])
    own = model.inputs.encode(["happy"], model.labels)
    row = model.inputs.collate(own, np.zeros(1, dtype=np.int64))["input_ids"][0]
    separator = row[-1]
    assert (row == separator).sum() == 2, "one behind the labels, one behind the text"


def test_a_model_that_reads_no_labels_is_refused(tfidf: Path) -> None:
    with pytest.raises(InputError, match=r"found the model tfidf.*spanemo"):
        overtone.load(tfidf, labels=["zeal"])


def test_labels_that_read_the_same_are_asked_for_once() -> None:
    with pytest.raises(InputError, match="'well being' again"):
        any_labels.words(["Well_Being", "joy", "well being"])
    with pytest.raises(InputError, match="a word or some for each label, found '_'"):
        any_labels.words(["_"])
    assert any_labels.words(["well_being", "being well"]) == ("well_being", "being well")


def test_labels_that_leave_no_room_for_a_text_are_said_to_be_too_many() -> None:
    many = [f"a label of many words, number {n}" for n in range(64)]
    with pytest.raises(InputError, match="take fewer labels"):
        overtone.load("zero-shot", labels=many)
