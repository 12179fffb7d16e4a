"""Calibration's measures, set against hand-computed cases and scikit-learn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sklearn
from sklearn.calibration import calibration_curve

from overtone.evaluation.calibration import Bin, measure
from overtone.labels import Labels

F32 = NDArray[np.float32]
LABELS = Labels.of("joy", "fear")
quick = settings(deadline=None, max_examples=40)


def case(seed: int, n: int = 60) -> tuple[F32, F32]:
    """Return targets and probabilities, (n, 2), some of them 0, 1 or on a bin's edge."""
    rng = np.random.default_rng(seed)
    some = [rng.random((n, 2)), rng.integers(0, 16, (n, 2)) / 15]
    probabilities = some[seed % 2].astype(np.float32)
    return (rng.random((n, 2)) < probabilities).astype(np.float32), probabilities


def test_a_case_computed_by_hand() -> None:
    targets = np.array([[0, np.nan], [1, 1], [1, np.nan], [0, np.nan]], np.float32)
    probabilities = np.array([[0.125, 0], [0.25, 1], [0.75, 0.5], [1, 0.5]], np.float32)
    found = measure(targets, probabilities, LABELS, bins=2)
    joy, fear = found.per_label.values()
    assert joy.curve == (Bin(0.1875, 0.5, 2), Bin(0.875, 0.5, 2))
    assert joy.ece == (0.3125 + 0.375) / 2
    assert joy.brier == (0.125**2 + 0.75**2 + 0.25**2 + 1) / 4
    small = float(np.finfo(np.float32).eps)
    assert joy.log_loss == pytest.approx(
        -(np.log(0.875) + np.log(0.25) + np.log(0.75) + np.log(small)) / 4
    )
    assert (joy.n, joy.positives, joy.expected) == (4, 2, 2.125)
    assert (fear.n, fear.ece, fear.brier, fear.curve) == (1, 0, 0, (Bin(1, 1, 1),))
    assert found.pooled.curve == (Bin(0.1875, 0.5, 2), Bin(2.75 / 3, 2 / 3, 3))
    assert found.ece_mean == 0.34375 / 2


@quick
@given(st.integers(0, 10**6))
def test_brier_score_log_loss_and_curve_are_scikit_learn_s(seed: int) -> None:
    targets, probabilities = case(seed)
    found = measure(targets, probabilities, LABELS)
    columns = [(targets[:, c], probabilities[:, c]) for c in range(2)]
    for (t, p), one in zip(
        [*columns, (targets.ravel(), probabilities.ravel())],
        [*found.per_label.values(), found.pooled],
        strict=True,
    ):
        assert one.brier == pytest.approx(sklearn.brier_score_loss(t, p), abs=1e-6)
        assert one.log_loss == pytest.approx(sklearn.log_loss(t, p, labels=[0, 1]), abs=1e-5)
        assert sum(each.count for each in one.curve) == len(t)
        if seed % 2 == 0:  # an edge belongs to the bin below here, above in scikit-learn
            rates, means = calibration_curve(t, p, n_bins=15)
            np.testing.assert_allclose([each.rate for each in one.curve], rates)
            np.testing.assert_allclose([each.probability for each in one.curve], means, atol=1e-6)


def test_fifteen_bins_of_equal_width_whose_right_ends_belong_to_them() -> None:
    ends = (np.arange(1, 16) / 15).astype(np.float64)
    probabilities = np.stack([ends, ends]).T.astype(np.float32)
    # Single precision puts some ends a little above the real ones.
    inside = np.nextafter(probabilities, np.float32(0))
    counts = [one.count for one in measure(np.zeros_like(inside), inside, LABELS).pooled.curve]
    assert counts == [2] * 15


@quick
@given(st.integers(0, 10**6))
def test_bins_of_equal_mass_hold_equally_many_and_split_no_ties(seed: int) -> None:
    targets, probabilities = case(seed, 90)
    found = measure(targets, probabilities, LABELS, equal_mass=True)
    for c, one in enumerate(found.per_label.values()):
        counts = [each.count for each in one.curve]
        ties = np.unique(probabilities[:, c], return_counts=True)[1].max()
        assert len(counts) <= 15
        assert max(counts) <= 6 + ties
        means = [each.probability for each in one.curve]
        assert means == sorted(set(means))
    assert found.equal_mass
    one = measure(targets * 0, np.full_like(targets, 0.5), LABELS, equal_mass=True).pooled
    assert one.curve == (Bin(0.5, 0, 180),)


def test_a_calibrated_forecast_has_a_small_error_and_a_wrong_one_its_own() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.random((20_000, 2)).astype(np.float32)
    targets = (rng.random(probabilities.shape) < probabilities).astype(np.float32)
    for equal_mass in (False, True):
        found = measure(targets, probabilities, LABELS, equal_mass=equal_mass)
        assert found.pooled.ece is not None
        assert found.pooled.ece < 0.01
        found = measure(targets, probabilities * np.float32(0.5), LABELS, equal_mass=equal_mass)
        assert found.pooled.ece == pytest.approx(0.25, abs=0.01)


def test_labels_opposite_errors_cancel_out_in_the_pool_only() -> None:
    targets = np.tile(np.array([[1, 0]], np.float32), (10, 1))
    found = measure(targets, np.full((10, 2), 0.5, np.float32), LABELS)
    assert found.pooled.ece == 0
    assert found.ece_mean == 0.5


@pytest.mark.parametrize("junk", [0.0, 0.9, np.nan])
def test_cells_that_are_not_annotated_might_as_well_not_be_there(junk: float) -> None:
    targets, probabilities = case(2)
    gaps = np.random.default_rng(1).random(len(targets)) < 0.4
    targets[gaps, 0] = np.nan
    filled = probabilities.copy()
    filled[gaps, 0] = junk
    found = measure(targets, filled, LABELS)
    kept = measure(targets[~gaps], probabilities[~gaps], LABELS)
    assert found.per_label["joy"] == kept.per_label["joy"]
    assert found.pooled.n == 2 * len(targets) - gaps.sum()


def test_soft_targets_count_as_they_are() -> None:
    targets = np.full((4, 2), 0.25, np.float32)
    found = measure(targets, targets, LABELS).pooled
    assert (found.positives, found.ece, found.brier) == (2, 0, 0)
    assert found.log_loss == pytest.approx(-0.25 * np.log(0.25) - 0.75 * np.log(0.75))


def test_a_label_without_truth_has_no_scores_and_json_says_so() -> None:
    targets, probabilities = case(3)
    targets[:, 1] = np.nan
    found = measure(targets, probabilities, LABELS)
    fear = found.per_label["fear"]
    assert (fear.n, fear.ece, fear.brier, fear.log_loss, fear.curve) == (0, None, None, None, ())
    assert found.ece_mean == found.per_label["joy"].ece
    saved = found.to_json()
    assert json.loads(json.dumps(saved, allow_nan=False)) == saved


@pytest.mark.parametrize(
    ("targets", "probabilities"),
    [
        (np.zeros((3, 2)), np.zeros((3, 1))),
        (np.zeros((3, 1)), np.zeros((3, 1))),
        (np.full((3, 2), np.nan), np.zeros((3, 2))),
    ],
)
def test_arrays_that_do_not_fit_are_refused(targets: F32, probabilities: F32) -> None:
    with pytest.raises(ValueError, match="expected "):
        measure(targets, probabilities, LABELS)
