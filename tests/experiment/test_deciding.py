"""Decisions and calibrations: fitted, saved, and cross-fitted where scored on the same texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import overtone
from overtone import bundle, data
from overtone.errors import ConfigError, InputError
from overtone.evaluation import metrics
from overtone.experiment import deciding
from overtone.experiment.decide import Refitted, decide
from overtone.experiment.deciding import Way
from overtone.experiment.fit import Run
from overtone.experiment.recipe import Section, section
from overtone.labels import Labels

LABELS = Labels.of("joy", "fear")
PER_LABEL = Section("per_label", {"aim": "f1_macro", "shrinkage": 0.0})
PLAIN = Section("none", {})


@pytest.fixture(scope="session")
def refitted(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Refitted:
    """The run's model with thresholds fitted on the sample's dev split, and calibrated."""
    return decide(
        trained.path,
        "sample",
        tmp_path_factory.mktemp("decide") / "new",
        decision={"name": "per_label", "shrinkage": 0.0},
        calibration={"name": "platt"},
    )


def test_no_text_s_own_truth_decides_about_it() -> None:
    """Turning a text's truth round changes decisions about others, never about itself."""
    rng = np.random.default_rng(0)
    raw = rng.random((40, 2)).astype(np.float32)
    targets = (raw + rng.normal(0, 0.3, raw.shape) > 0.5).astype(np.float32)
    way = Way(Section("platt", {}), PER_LABEL)
    before = deciding.cross_fit(way, raw, targets, LABELS)
    moved = 0
    for row in range(40):
        turned = targets.copy()
        turned[row] = 1 - turned[row]
        after = deciding.cross_fit(way, raw, turned, LABELS)
        for one, other in zip(before, after, strict=True):
            np.testing.assert_array_equal(one[row], other[row])
        moved += int((before[0] != after[0]).any())
    assert moved == 40


@pytest.mark.parametrize("rows", [1, 3, 7])
def test_few_texts_are_cross_fitted_too(rows: int) -> None:
    raw = np.linspace(0.1, 0.9, 2 * rows, dtype=np.float32).reshape(rows, 2)
    for decision in ("per_label", "expected_jaccard"):
        way = Way(Section("auto", {}), Section(decision, {}))
        probabilities, decided = deciding.cross_fit(way, raw, np.round(raw), LABELS)
        assert probabilities.shape == decided.shape == (rows, 2)
        assert np.isfinite(probabilities).all()


def test_scores_on_the_split_of_the_fit_are_cross_fitted(refitted: Refitted) -> None:
    found = overtone.evaluate(refitted.bundle.path, "sample", split="dev")
    assert found.cross_fitted
    assert found.scores.to_json() == refitted.bundle.manifest.metrics["dev"]
    split = data.load("sample", "dev")
    model = overtone.load(refitted.bundle.path)
    probabilities = model.probabilities(split.texts)
    inside = metrics.score(
        data.truth(split), model.decide(probabilities), probabilities, model.labels
    )
    # What the fit says of its own texts flatters it.
    assert inside.f1_macro > found.scores.f1_macro


def test_scores_on_other_texts_are_not(refitted: Refitted, trained: Run) -> None:
    assert not overtone.evaluate(refitted.bundle.path, "sample", split="test").cross_fitted
    assert not overtone.evaluate(trained.path, "sample", split="dev").cross_fitted


def test_what_the_new_decision_changes_is_told(refitted: Refitted, trained: Run) -> None:
    assert list(refitted.scores) == ["at 0.5", "before", "now"]
    before = overtone.evaluate(trained.path, "sample", split="dev").scores
    assert refitted.scores["before"]["f1_macro"] == before.f1_macro
    assert refitted.scores["at 0.5"] == refitted.bundle.manifest.metrics["at_half"]
    assert refitted.scores["now"]["jaccard"] == refitted.bundle.manifest.metrics["dev"]["jaccard"]


def test_everything_but_the_decision_is_as_before(refitted: Refitted, trained: Run) -> None:
    old, new = trained.bundle, bundle.load(refitted.bundle.path)
    assert new.files[bundle.WEIGHTS] == old.files[bundle.WEIGHTS]
    assert new.files[bundle.TOKENIZER] == old.files[bundle.TOKENIZER]
    same = {"text", "inputs", "model", "loss", "training", "data"}
    assert {key: new.manifest.config[key] for key in same} == {
        key: old.manifest.config[key] for key in same
    }
    assert new.manifest.decision["name"] == "per_label"
    assert "per\\_label" in (new.path / bundle.CARD).read_text(encoding="utf-8")


def test_decisions_are_made_on_calibrated_probabilities(refitted: Refitted) -> None:
    model = overtone.load(refitted.bundle.path)
    texts = data.load("sample", "test").texts
    raw, probabilities = model.uncalibrated(texts), model.probabilities(texts)
    assert not np.array_equal(raw, probabilities)
    np.testing.assert_array_equal(model.calibrate(raw), probabilities)
    found = [prediction.probabilities for prediction in model.predict(texts)]
    np.testing.assert_array_equal(
        np.array([list(row.values()) for row in found], dtype=np.float32), probabilities
    )


def test_only_the_calibration_can_be_new(refitted: Refitted, tmp_path: Path) -> None:
    again = decide(refitted.bundle.path, "sample", tmp_path / "x", calibration={"name": "none"})
    assert again.bundle.manifest.calibration["name"] == "none"
    assert again.bundle.manifest.config["decision"] == refitted.bundle.manifest.config["decision"]
    # It was fitted on these texts before, too.
    assert again.scores["before"] == refitted.scores["now"]


def test_options_alone_change_the_model_s_own_decision(refitted: Refitted, tmp_path: Path) -> None:
    again = decide(refitted.bundle.path, "sample", tmp_path / "x", decision={"aim": "jaccard"})
    options = again.bundle.manifest.config["decision"]
    assert (options["name"], options["aim"], options["shrinkage"]) == ("per_label", "jaccard", 0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"decision": {"name": "per_labell"}}, "did you mean per_label"),
        ({"decision": {"name": "per_label", "aims": "x"}}, r"decision\.aims is not an option"),
        ({"calibration": {"name": "plat"}}, "did you mean platt"),
        ({"split": "validation"}, "train, dev, test"),
        ({"output": "."}, "expected a new folder"),
    ],
)
def test_wrong_words_are_refused(
    trained: Run, tmp_path: Path, given: dict[str, Any], message: str
) -> None:
    output = tmp_path / given.pop("output", "new")
    with pytest.raises(InputError, match=message):
        decide(trained.path, "sample", output, **given)
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_s_decision_is_fitted_in_training(bert: Path, tmp_path: Path) -> None:
    run = overtone.train(
        "sample",
        tmp_path / "run",
        encoder=str(bert),
        settings=[
            "training.epochs=1", "training.device=cpu", "decision.name=expected_jaccard",
            "decision.macro=0.1", "calibration.name=temperature",
        ],
    )  # fmt: skip
    assert run.metrics["cross_fitted"]
    assert set(run.metrics["at_half"]) <= set(run.metrics["dev"])
    assert run.bundle.manifest.decision["name"] == "expected_jaccard"
    found = overtone.evaluate(run.path, "sample", split="dev")
    assert found.cross_fitted
    # Not to the bit: the bundle's model runs its batches in another order.
    assert found.scores.jaccard == pytest.approx(run.metrics["dev"]["jaccard"], abs=0.02)


def test_thresholds_of_the_moment_count_in_predictions_and_scores(refitted: Refitted) -> None:
    model = overtone.load(refitted.bundle.path)
    texts = ["happy friends", "terrible bus"]
    assert all(
        len(found.labels) == len(model.labels) for found in model.predict(texts, threshold=0.0)
    )
    assert all("joy" not in found.labels for found in model.predict(texts, threshold={"joy": 1.0}))
    scores = overtone.evaluate(model, "sample", split="dev", threshold=1.0).scores
    assert scores.f1_micro == 0
    with pytest.raises(InputError, match="'glee', which is no label"):
        model.predict(texts, threshold={"glee": 0.1})


def test_a_section_is_checked_by_its_plugin() -> None:
    with pytest.raises(ConfigError, match=r"decision\.threshold must be between 0 and 1"):
        section("decision", {"name": "threshold", "threshold": 2})
