"""The predictor: the trained model's own probabilities, whatever the batch, and clear refusals."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn

import numpy as np
import pytest
import torch

import overtone
from overtone import models
from overtone.data.semeval2018 import NAMES
from overtone.errors import InputError
from overtone.experiment.fit import Run
from overtone.experiment.parts import Parts
from overtone.inference import given_texts
from overtone.inputs import batches

TEXTS = ["I am so happy!", "", "What a terrible day, the bus is late again.", "joy " * 20, "x"]


def test_a_loaded_model_has_the_trained_ones_probabilities(parts: Parts, run: Run) -> None:
    before = batches.probabilities(
        partial(models.logits_of, parts.pretrained.model), parts.inputs, parts.dev_encoded, 8192
    )
    after = overtone.load(run.path).probabilities(parts.dev.texts)
    np.testing.assert_allclose(after, before, atol=1e-6, rtol=0)
    assert before.std() > 0.01  # a model that says the same of all would prove nothing


def test_a_run_and_its_bundle_are_the_same_model(run: Run) -> None:
    one, other = overtone.load(run.path), overtone.load(run.path / "bundle")
    np.testing.assert_array_equal(one.probabilities(TEXTS), other.probabilities(TEXTS))


def test_probabilities_do_not_depend_on_the_rest_of_the_batch(run: Run) -> None:
    model = overtone.load(run.path)
    together = model.probabilities(TEXTS)
    for row, text in enumerate(TEXTS):
        np.testing.assert_allclose(model.probabilities([text])[0], together[row], atol=1e-6, rtol=0)


def test_probabilities_come_in_the_order_of_the_texts(run: Run) -> None:
    model = overtone.load(run.path)
    np.testing.assert_allclose(
        model.probabilities(TEXTS[::-1]), model.probabilities(TEXTS)[::-1], atol=1e-6, rtol=0
    )


def test_predicting_twice_gives_the_same(run: Run) -> None:
    model = overtone.load(run.path)
    assert model.predict(TEXTS) == model.predict(TEXTS)


def test_a_prediction_has_every_probability_and_the_labels_that_are_on(run: Run) -> None:
    model = overtone.load(run.path)
    found = model.predict(TEXTS)
    assert len(found) == len(TEXTS)
    for prediction in found:
        assert isinstance(prediction, overtone.Prediction)
        assert tuple(prediction.probabilities) == NAMES == model.labels.names
        assert all(type(value) is float for value in prediction.probabilities.values())
        assert all(0 <= value <= 1 for value in prediction.probabilities.values())
        on = {name for name, value in prediction.probabilities.items() if value > 0.5}
        assert set(prediction.labels) == on
        ordered = sorted(prediction.labels, key=lambda name: -prediction.probabilities[name])
        assert list(prediction.labels) == ordered


def test_several_labels_come_most_probable_first(run: Run) -> None:
    def logits_of(batch: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.float32]]:
        row = np.full(len(NAMES), -5.0, dtype=np.float32)
        row[[1, 4, 9]] = (1.0, 3.0, 2.0)
        return np.tile(row, (len(batch["input_ids"]), 1))

    model = overtone.Predictor(run.bundle, logits_of)
    assert model.predict(["a"])[0].labels == (NAMES[4], NAMES[9], NAMES[1])


def test_no_label_at_all_is_an_answer(run: Run) -> None:
    model = overtone.Predictor(
        run.bundle,
        lambda batch: np.full((len(batch["input_ids"]), len(NAMES)), -9, dtype=np.float32),
    )
    assert [prediction.labels for prediction in model.predict(["a", "b"])] == [(), ()]


def test_no_texts_give_no_predictions(run: Run) -> None:
    model = overtone.load(run.path)
    assert model.predict([]) == []
    assert model.probabilities([]).shape == (0, len(NAMES))


def test_one_text_instead_of_a_list_is_refused(run: Run) -> None:
    with pytest.raises(InputError, match=r"pass \[text\]"):
        overtone.load(run.path).predict("one text")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["a", None], "NoneType at position 1"),
        ([3.5], "float at position 0"),
        ([b"bytes"], "bytes at position 0"),
        ([["a"]], "list at position 0"),
    ],
)
def test_what_is_no_text_is_refused_with_its_place(
    run: Run, texts: Sequence[Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        overtone.load(run.path).predict(texts)


@pytest.mark.parametrize("container", [tuple, np.asarray, dict.fromkeys])
def test_any_collection_of_texts_will_do(
    run: Run, container: Callable[[list[str]], Sequence[str]]
) -> None:
    model = overtone.load(run.path)
    assert model.predict(container(["a", "b"])) == model.predict(["a", "b"])


def test_an_iterator_is_taken_whole(run: Run) -> None:
    model = overtone.load(run.path)
    assert model.predict(iter(["a", "b"])) == model.predict(["a", "b"])


def test_texts_of_any_characters_are_predicted(run: Run) -> None:
    texts = ["\x00", "\ud83d", "\u202e\u200b", "🙂" * 50, "\n\n", "مرحبا", "<script>"]
    found = overtone.load(run.path).probabilities(texts)
    assert np.isfinite(found).all()


def test_texts_that_are_too_long_are_counted_in_a_warning(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    model = overtone.load(run.path)
    with caplog.at_level(logging.WARNING):
        found = model.predict(["happy " * 500, "short", "sea " * 900])
    assert "2 of 3 texts were longer" in caplog.text
    assert len(found) == 3
    assert "happy" not in caplog.text  # texts are never logged


def test_what_stands_behind_the_cut_does_not_count(run: Run) -> None:
    model = overtone.load(run.path)
    start = "happy " * 150
    np.testing.assert_array_equal(
        model.probabilities([start + "anger " * 200]), model.probabilities([start + "joy " * 50])
    )


def test_short_texts_warn_of_nothing(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        overtone.load(run.path).predict(["short"])
    assert caplog.text == ""


def test_nothing_is_unpickled(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = overtone.load(run.path).probabilities(TEXTS)

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("something was unpickled")

    monkeypatch.setattr(pickle, "load", refuse)
    monkeypatch.setattr(pickle, "loads", refuse)
    monkeypatch.setattr(pickle, "Unpickler", refuse)
    monkeypatch.setattr(torch, "load", refuse)
    found = overtone.load(run.path).probabilities(TEXTS)
    np.testing.assert_array_equal(found, expected)


def test_a_backend_that_does_not_exist_is_refused_with_those_that_do(run: Run) -> None:
    with pytest.raises(InputError, match=r"'paper'.*torch"):
        overtone.load(run.path, backend="paper")


def test_an_option_that_the_backend_does_not_have_is_refused(run: Run) -> None:
    with pytest.raises(InputError, match=r"backend\.devise.*device"):
        overtone.load(run.path, devise="cpu")


def test_chunks_that_are_tokenised_ahead_change_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model = overtone.load(run.path)
    texts = [*TEXTS, "happy " * 500] * 3
    whole = model.probabilities(texts)
    caplog.clear()
    monkeypatch.setattr(given_texts, "CHUNK", 4)
    with caplog.at_level(logging.WARNING):
        found = model.probabilities(texts)
    np.testing.assert_allclose(found, whole, atol=1e-6, rtol=0)
    assert caplog.text.count("3 of 18 texts were longer") == 1


def test_an_error_in_a_chunk_is_the_callers(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> NoReturn:
        raise MemoryError("no room")

    monkeypatch.setattr(given_texts, "CHUNK", 2)
    with pytest.raises(MemoryError, match="no room"):
        overtone.Predictor(run.bundle, fail).probabilities(TEXTS)


def test_bf16_is_near_and_not_the_same(run: Run) -> None:
    expected = overtone.load(run.path, backend="torch").probabilities(TEXTS)
    found = overtone.load(run.path, backend="torch", precision="bf16").probabilities(TEXTS)
    assert 0 < np.abs(found - expected).max() < 0.02
