"""Decisions that are fitted: thresholds for a score, a threshold a label, floors, at least some."""

import itertools
from typing import get_args

import numpy as np
import pytest
from sklearn.metrics import f1_score, jaccard_score, precision_score, recall_score

from overtone import decision
from overtone.decision._aims import Aim, score
from overtone.decision.per_label import PerLabel
from overtone.decision.threshold import Threshold
from overtone.errors import ConfigError, InputError
from overtone.labels import Labels

LABELS = Labels.of("joy", "fear", "anger")
NAN = float("nan")


def draw(
    n: int = 300, labels: int = 3, seed: int = 0
) -> tuple[np.ndarray[tuple[int, int]], np.ndarray[tuple[int, int]]]:
    """Draw a truth of unequal frequency, and probabilities that are too low."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((n, labels)) < np.linspace(0.1, 0.4, labels)).astype(np.float32)
    logits = 2.0 * truth - 2.0 + rng.normal(0, 1, (n, labels))
    return (1 / (1 + np.exp(-logits))).astype(np.float32), truth


@pytest.mark.parametrize("aim", get_args(Aim))
def test_scores_are_those_of_scikit_learn(aim: str) -> None:
    _, truth = draw(80)
    decided = np.random.default_rng(1).random(truth.shape) < 0.3
    wanted = {
        "jaccard": jaccard_score(truth, decided, average="samples", zero_division=1),
        "jaccard_zero": jaccard_score(truth, decided, average="samples", zero_division=0),
        "f1_micro": f1_score(truth, decided, average="micro"),
        "f1_macro": f1_score(truth, decided, average="macro"),
    }
    assert score(aim, truth > 0.5, decided) == pytest.approx(wanted[aim])


@pytest.mark.parametrize("aim", get_args(Aim))
def test_no_single_threshold_on_a_grid_beats_the_fitted_one_by_more_than_a_hair(aim: str) -> None:
    probabilities, truth = draw()
    fitted = decision.fit("threshold", {"aim": aim}, probabilities, truth, LABELS)
    assert isinstance(fitted, Threshold)
    assert fitted.fitted
    on_grid = max(
        score(aim, truth > 0.5, probabilities > threshold)
        for threshold in np.linspace(0.01, 0.99, 99)
    )
    assert score(aim, truth > 0.5, fitted.decide(probabilities)) >= on_grid - 0.005


@pytest.mark.parametrize("aim", get_args(Aim))
def test_without_shrinkage_no_threshold_of_one_label_can_be_bettered(aim: str) -> None:
    probabilities, truth = draw(120)
    options = {"aim": aim, "shrinkage": 0}
    fitted = decision.fit("per_label", options, probabilities, truth, LABELS)
    assert isinstance(fitted, PerLabel)
    reached = score(aim, truth > 0.5, fitted.decide(probabilities))
    for label, threshold in itertools.product(range(3), np.linspace(0, 1, 101)):
        other = fitted.thresholds.copy()
        other[label] = threshold
        assert score(aim, truth > 0.5, probabilities > other) <= reached + 1e-9


def test_macro_f1_s_thresholds_are_the_best_there_are() -> None:
    """Brute force: every threshold between two texts, label by label."""
    probabilities, truth = draw(60)
    options = {"aim": "f1_macro", "shrinkage": 0}
    fitted = decision.fit("per_label", options, probabilities, truth, LABELS)
    decided = fitted.decide(probabilities)
    for c in range(3):
        best = max(
            f1_score(truth[:, c], probabilities[:, c] > threshold, zero_division=0)
            for threshold in [-1, *probabilities[:, c]]
        )
        assert f1_score(truth[:, c], decided[:, c]) == pytest.approx(best)


def test_a_rare_label_s_threshold_is_nearer_to_the_common_one() -> None:
    probabilities, truth = draw(2000)
    probabilities[:, 0] **= 3  # its own threshold would be far lower
    rare = truth.copy()
    rare[np.flatnonzero(truth[:, 0])[4:], 0] = NAN
    found = {}
    for name, targets in (("many", truth), ("four", rare)):
        fitted = decision.fit("per_label", {}, probabilities, targets, LABELS)
        assert isinstance(fitted, PerLabel)
        alone = decision.fit("per_label", {"shrinkage": 0}, probabilities, targets, LABELS)
        common = decision.fit("threshold", {"aim": "f1_macro"}, probabilities, targets, LABELS)
        assert isinstance(alone, PerLabel)
        assert isinstance(common, Threshold)
        whole = abs(float(alone.thresholds[0]) - common.config.threshold)
        found[name] = abs(float(fitted.thresholds[0]) - common.config.threshold) / whole
    assert found["four"] < 0.7 < found["many"] <= 1


@pytest.mark.parametrize("floor", [0.5, 0.8])
def test_floors_are_kept_and_hardly_more_than_kept(floor: float) -> None:
    probabilities, truth = draw(2000)
    exact = decision.fit(
        "per_label", {"aim": "precision", "floor": floor}, probabilities, truth, LABELS
    )
    precision = precision_score(truth, exact.decide(probabilities), average=None)
    assert (precision >= floor).all()
    whole = decision.fit(
        "per_label", {"aim": "recall", "floor": floor}, probabilities, truth, LABELS
    )
    recall = recall_score(truth, whole.decide(probabilities), average=None)
    assert (recall >= floor).all()
    assert (recall <= floor + 0.02).all()


def test_a_floor_out_of_reach_switches_the_label_off_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    probabilities, truth = draw(50)
    truth[:, 1] = np.random.default_rng(3).random(50) < 0.2  # the probability says nothing of it
    with caplog.at_level("WARNING"):
        fitted = decision.fit(
            "per_label", {"aim": "precision", "floor": 1.0}, probabilities, truth, LABELS
        )
    assert not fitted.decide(probabilities)[:, 1].any()
    assert "fear: no threshold has a precision of 1" in caplog.text


def test_equal_probabilities_are_decided_alike() -> None:
    probabilities = np.array([[0.3], [0.3], [0.3], [0.1]], np.float32)
    truth = np.array([[1], [0], [1], [0]], np.float32)
    fitted = decision.fit("per_label", {"shrinkage": 0}, probabilities, truth, Labels.of("joy"))
    assert fitted.decide(probabilities).ravel().tolist() == [True, True, True, False]


def test_thresholds_that_are_set_stay() -> None:
    probabilities, truth = draw(50)
    options = {"thresholds": {"fear": 0.25}}
    fitted = decision.fit("per_label", options, probabilities, truth, LABELS)
    assert isinstance(fitted, PerLabel)
    assert fitted.thresholds[1] == np.float32(0.25)
    with pytest.raises(InputError, match="haste, which is no label; there are: joy, fear, anger"):
        decision.fit("per_label", {"thresholds": {"haste": 0.1}}, probabilities, truth, LABELS)
    with pytest.raises(ConfigError, match="between 0 and 1"):
        decision.fit("per_label", {"thresholds": {"joy": 1.5}}, probabilities, truth, LABELS)


@pytest.mark.parametrize("name", ["threshold", "per_label", "expected_jaccard"])
def test_what_is_not_annotated_has_no_say(name: str) -> None:
    probabilities, truth = draw(200)
    options = {"aim": "f1_macro"} if name == "threshold" else {}
    known = np.random.default_rng(4).random(truth.shape) < 0.7
    known[:, 1] = True
    gaps = np.where(known, truth, NAN).astype(np.float32)
    lies = probabilities.copy()
    fitted = decision.fit(name, options, probabilities, gaps, LABELS)
    assert fitted.decide(probabilities).shape == truth.shape
    if name != "expected_jaccard":  # there a probability stands for what isn't known
        lies[~known] = np.where(lies[~known] > 0.5, 0.0, 0.99)
        again = decision.fit(name, options, lies, gaps, LABELS)
        assert again.to_json() == fitted.to_json()


@pytest.mark.parametrize("name", ["threshold", "per_label", "expected_jaccard"])
@pytest.mark.parametrize("value", [0.0, 1.0, NAN])
def test_a_truth_that_teaches_nothing_does_no_harm(name: str, value: float) -> None:
    probabilities, truth = draw(20)
    options = {"aim": "jaccard"} if name == "threshold" else {}
    with np.errstate(all="raise", under="ignore"):
        fitted = decision.fit(name, options, probabilities, np.full_like(truth, value), LABELS)
    assert fitted.decide(probabilities).shape == truth.shape


@pytest.mark.parametrize("count", [1, 2, 5])
def test_at_least_so_many_labels_are_on(count: int) -> None:
    probabilities = np.array([[0.1, 0.4, 0.3], [0.9, 0.8, 0.7], [0.2, 0.2, 0.2]], np.float32)
    on = decision.fit("at_least", {"count": count}, probabilities, probabilities, LABELS).decide(
        probabilities
    )
    assert on.sum(axis=1).tolist() == [min(count, 3), 3, min(count, 3)]
    assert on[0, 1]
    assert on[2, 0]


def test_thresholds_of_the_moment() -> None:
    probabilities = np.array([[0.45, 0.45, 0.9]], np.float32)
    saved = decision.fit("threshold", {}, probabilities, probabilities, LABELS)
    for given, wanted in (
        (0.4, [True, True, True]),
        (1, [False, False, False]),
        ({"joy": 0.3}, [True, False, True]),
        ({"joy": 0.3, "anger": 0.95}, [True, False, False]),
    ):
        changed = decision.override(saved, given, LABELS)
        assert changed.decide(probabilities)[0].tolist() == wanted
    for wrong, words in (
        ({"glee": 0.3}, "'glee', which is no label; there are: joy, fear, anger"),
        (1.2, "between 0 and 1, found 1.2"),
        ({"joy": NAN}, "for joy, found nan"),
        ("0.3", "between 0 and 1, found '0.3'"),
    ):
        with pytest.raises(InputError, match=words):
            decision.override(saved, wrong, LABELS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"thresholds": {"joy": 0.1, "fear": 0.2}},
        {"thresholds": {"joy": 0.1, "fear": 0.2, "anger": NAN}},
        {"thresholds": {"joy": 0.1, "fear": 0.2, "anger": 2}},
        {"thresholds": {"joy": 0.1, "fear": 0.2, "anger": "0.5"}},
        {"thresholds": [0.1, 0.2, 0.3]},
    ],
)
def test_damaged_thresholds_are_refused(change: dict[str, object]) -> None:
    probabilities, truth = draw(50)
    saved = decision.fit("per_label", {}, probabilities, truth, LABELS).to_json()
    with pytest.raises(InputError):
        decision.restore({**saved, **change}, LABELS)


def test_what_is_saved_goes_by_name_not_by_place() -> None:
    probabilities, truth = draw(200)
    turned = Labels.of(*reversed(LABELS.names))
    for name in ("per_label", "expected_jaccard"):
        fitted = decision.fit(name, {}, probabilities, truth, LABELS)
        again = decision.restore(fitted.to_json(), turned)
        np.testing.assert_array_equal(
            again.decide(probabilities[:, ::-1])[:, ::-1], fitted.decide(probabilities)
        )
