"""The choice of a calibration: what is chosen for which label, and how the folds are dealt."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from overtone import calibration
from overtone.calibration import _logistic, auto
from overtone.errors import ConfigError
from overtone.labels import Labels

LABELS = Labels.of("right", "hot", "shifted", "bent")
F32 = NDArray[np.float32]


def case(n: int) -> tuple[F32, F32]:
    """Return a label for each kind: right, too sure, also moved, and of no simple form."""
    rng = np.random.default_rng(0)
    true = rng.normal(0, 2, (n, 4))
    targets = (rng.random((n, 4)) < _logistic.sigmoid(true)).astype(np.float32)
    said = true * [1, 4, 2, 1] + [0, 0, 3, 0]
    said[:, 3] = np.where(true[:, 3] > 0, 0.01 * true[:, 3], 4 * true[:, 3]) - 2
    return _logistic.sigmoid(said).astype(np.float32), targets


def chosen(probabilities: F32, targets: F32, **options: object) -> list[str]:
    saved: Any = calibration.fit("auto", options, probabilities, targets, LABELS).to_json()
    return [label["name"] for label in saved["labels"].values()]


def test_each_label_gets_what_it_needs() -> None:
    _, hot, shifted, bent = chosen(*case(4000))
    assert hot in {"temperature", "platt"}  # a line can be as steep as a temperature makes it
    assert (shifted, bent) == ("platt", "isotonic")


def test_the_few_positives_of_a_label_allow_the_simple_ones_only() -> None:
    probabilities, targets = case(4000)
    column = targets[:, 3]
    column[np.flatnonzero(column)[auto.ISOTONIC_FROM - 1 :]] = np.nan
    assert chosen(probabilities, targets)[3] in {"none", "temperature", "platt"}
    column[np.flatnonzero(column == 1)[4:]] = np.nan
    assert chosen(probabilities, targets)[3] == "none"


def test_the_chosen_one_is_the_one_that_is_best_on_other_folds_and_fitted_on_all() -> None:
    probabilities, targets = case(600)
    saved: Any = calibration.fit("auto", {}, probabilities, targets, LABELS).to_json()
    alone: Any = calibration.fit("platt", {}, probabilities, targets, LABELS).to_json()
    p, t = (values[:, 2].astype(np.float64) for values in (probabilities, targets))
    losses = [
        auto.held_out_loss(one, p, t, auto.Config())
        for one in auto._candidates(auto.ISOTONIC_FROM, 5)
    ]
    assert len(losses) == 4
    assert int(np.argmin(losses)) == 2
    assert saved["labels"]["shifted"] == alone["labels"]["shifted"]


def test_a_loss_is_of_texts_that_the_curve_was_not_fitted_on() -> None:
    rng = np.random.default_rng(0)
    p, t = rng.random(50), np.tile([0.0, 1.0], 25)
    seen: list[set[float]] = []

    def remember(p: Any, t: Any) -> Any:  # noqa: ANN401, ARG001 - a curve's
        seen.append(set(p))
        return lambda q: np.where([value in seen[-1] for value in q], np.nan, 0.5)

    found = auto.held_out_loss(remember, p, t, auto.Config())
    assert found == pytest.approx(50 * np.log(2))
    assert len(seen) == 5
    assert set().union(*seen) == set(p)


@given(st.integers(5, 60), st.integers(5, 60), st.integers(0, 99))
def test_every_fold_has_its_share_of_the_positives(
    positives: int, negatives: int, seed: int
) -> None:
    t = np.append(np.ones(positives), np.zeros(negatives))
    folds = auto.deal(t, auto.Config(seed=seed))
    for value, count in ((1, positives), (0, negatives)):
        sizes = np.bincount(folds[t == value], minlength=5)
        assert sizes.min() >= count // 5
        assert sizes.max() <= -(-count // 5)


def test_the_seed_decides_the_folds_and_nothing_else_does() -> None:
    t = np.tile([0.0, 1.0], 50)
    one, again, other = (auto.deal(t, auto.Config(seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    probabilities, targets = case(300)
    saved = [
        json.dumps(calibration.fit("auto", {}, probabilities, targets, LABELS).to_json())
        for _ in range(2)
    ]
    assert saved[0] == saved[1]


@pytest.mark.parametrize("options", [{"folds": 1}, {"folds": 2.5}, {"seed": -1}])
def test_options_out_of_bounds_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"calibration\.(folds|seed) must be"):
        calibration.fit("auto", options, *case(10), LABELS)
