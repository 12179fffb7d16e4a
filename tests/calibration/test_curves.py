"""Temperature, Platt's line and the isotonic curve, against scipy's and scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score

from overtone import calibration
from overtone.calibration import _logistic, isotonic, platt, temperature
from overtone.labels import Labels

Floats = NDArray[np.float64]
LABELS = Labels.of("joy", "fear")
quick = settings(deadline=None, max_examples=30)


def case(seed: int, *, soft: bool = False) -> tuple[Floats, Floats]:
    """Return one label's probabilities and targets, (n,), ties and extremes among them."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 200))
    true = rng.normal(0, 2, n).round(int(rng.integers(0, 4)))
    p = _logistic.sigmoid(true * rng.uniform(0.2, 3) + rng.normal())
    p = p.astype(np.float32).astype(np.float64)
    if seed % 3 == 0:
        p[rng.random(n) < 0.1] = rng.choice([0.0, 1.0])
    t = _logistic.sigmoid(true) if soft else (rng.random(n) < _logistic.sigmoid(true)).astype(float)
    t[:2] = 0, 1
    return p, t


def loss(x: Floats, t: Floats) -> float:
    """Return the summed log loss of logits against smoothed targets."""
    t = _logistic.smooth(t)
    return float((np.logaddexp(0, x) - t * x).sum())


@quick
@given(st.integers(0, 10**6), st.booleans())
def test_no_temperature_and_no_line_has_a_lower_loss(seed: int, soft: bool) -> None:  # noqa: FBT001
    p, t = case(seed, soft=soft)
    z = _logistic.logit(p)
    low, high = _logistic.SLOPES

    def line(weights: Any) -> float:  # noqa: ANN401 - as scipy calls it
        return loss(weights[0] * z + weights[1], t)

    bounds = [(low, high), (-500, 500)]
    best = optimize.minimize(line, [1.0, 0.0], bounds=bounds).fun
    found = platt.fit_curve(p, t)
    assert line((found.slope, found.intercept)) <= best + 1e-6 * len(t)
    best = optimize.minimize_scalar(lambda a: line((a, 0)), bounds=(low, high)).fun
    assert line((1 / temperature.fit_curve(p, t).temperature, 0)) <= best + 1e-6 * len(t)


def test_the_distortion_that_was_put_in_is_found() -> None:
    rng = np.random.default_rng(0)
    true = rng.normal(-1, 2, 100_000)
    t = (rng.random(len(true)) < _logistic.sigmoid(true)).astype(float)
    said = _logistic.sigmoid(true * 2)
    assert temperature.fit_curve(said, t).temperature == pytest.approx(2, rel=0.02)
    found = platt.fit_curve(_logistic.sigmoid(true * 2 + 1), t)
    assert found.slope == pytest.approx(0.5, rel=0.02)
    assert found.intercept == pytest.approx(-0.5, abs=0.03)
    at = np.linspace(0.02, 0.98, 20)
    expected = _logistic.sigmoid(_logistic.logit(at) / 2)
    np.testing.assert_allclose(isotonic.fit_curve(said, t)(at), expected, atol=0.03)


def test_a_smoothed_target_is_platt_s() -> None:
    found = _logistic.smooth(np.array([1.0, 1.0, 1.0, 0.0]))
    np.testing.assert_allclose(found, [4 / 5, 4 / 5, 4 / 5, 1 / 3])


@pytest.mark.parametrize("fit_curve", [temperature.fit_curve, platt.fit_curve, isotonic.fit_curve])
def test_a_model_that_ranks_the_wrong_way_round_is_not_turned_round(fit_curve: Any) -> None:  # noqa: ANN401
    p = np.linspace(0.01, 0.99, 50)
    found = fit_curve(p, (p < 0.5).astype(float))(p)
    assert (np.diff(found) > 0).all()
    assert found[0] > 0.3
    assert found[-1] < 0.7


@pytest.mark.parametrize("fit_curve", [temperature.fit_curve, platt.fit_curve, isotonic.fit_curve])
def test_a_model_that_is_always_right_does_not_become_certain(fit_curve: Any) -> None:  # noqa: ANN401
    p = np.append(np.full(30, 0.4), np.full(20, 0.6))
    found = fit_curve(p, (p > 0.5).astype(float))(p)
    np.testing.assert_allclose(found[[0, -1]], [1 / 32, 21 / 22], atol=0.02)


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_where_all_is_the_same_platt_learns_the_base_rate(value: float) -> None:
    t = np.append(np.ones(300), np.zeros(700))
    found = platt.fit_curve(np.full(1000, value), t)(np.array([value]))
    assert found[0] == pytest.approx(0.3, abs=0.002)


def test_all_labels_share_a_temperature_unless_each_has_its_own() -> None:
    rng = np.random.default_rng(1)
    true = rng.normal(0, 2, (3000, 2))
    targets = (rng.random(true.shape) < _logistic.sigmoid(true)).astype(np.float32)
    probabilities = _logistic.sigmoid(true * [3, 1]).astype(np.float32)

    def temperatures(**options: object) -> list[float]:
        fitted = calibration.fit("temperature", options, probabilities, targets, LABELS)
        labels: Any = fitted.to_json()["labels"]
        return [label["temperature"] for label in labels.values()]

    shared, same = temperatures()
    assert shared == same
    joy, fear = temperatures(per_label=True)
    assert fear < shared < joy
    assert (joy, fear) == pytest.approx((3, 1), rel=0.1)


@quick
@given(st.integers(0, 10**6), st.booleans())
def test_pooled_steps_are_those_of_scikit_learn(seed: int, soft: bool) -> None:  # noqa: FBT001
    p, t = case(seed, soft=soft)
    at, rates = isotonic.pool(p, t)
    assert (np.diff(at) > 0).all()
    assert (np.diff(rates) > 0).all()
    expected = IsotonicRegression().fit_transform(p, t)
    # Steps of the same rate are one step here; rounding can leave two of them apart.
    steps = np.array([rates[np.abs(rates - each).argmin()] for each in expected])
    np.testing.assert_allclose(steps, expected, atol=1e-6)
    for place, rate in zip(at, rates, strict=True):
        inside = np.abs(expected - rate) < 1e-9
        if inside.any() and (np.abs(rates - rate) < 1e-9).sum() == 1:
            assert place == pytest.approx(p[inside].mean())


def test_the_isotonic_curve_goes_through_its_steps_and_keeps_the_ranking() -> None:
    p = np.array([0.1, 0.2, 0.3, 0.6, 0.7, 0.8, 0.9])
    t = np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0])
    curve = isotonic.fit_curve(p, t)
    low, high = 1 / 5, 5 / 6
    # Rates of 0, 1/2, 1/2 and 1: equal ones are one step.
    at = np.array([0.1, np.mean([0.2, 0.3, 0.6, 0.7]), 0.85])
    rates = low + (high - low) * np.array([0, 0.5, 1])
    np.testing.assert_allclose(curve(at), 0.99 * rates + 0.01 * at)
    rng = np.random.default_rng(0)
    said = rng.random(2000)
    truth = rng.random(2000) < said**2
    after = isotonic.fit_curve(said[:200], truth[:200].astype(float))(said).astype(np.float32)
    assert roc_auc_score(truth, after) == roc_auc_score(truth, said)
