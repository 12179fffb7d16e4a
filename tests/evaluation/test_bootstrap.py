"""The bootstrap: set against metrics.score, a plain loop, known distributions and itself."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from overtone.evaluation import bootstrap
from overtone.evaluation.bootstrap import SCORES, intervals
from overtone.evaluation.metrics import score
from overtone.labels import Labels

F32 = NDArray[np.float32]
Bools = NDArray[np.bool_]


def labels(count: int) -> Labels:
    return Labels.of(*(f"label {number}" for number in range(count)))


def case(seed: int, n: int, c: int, gaps: float = 0.0) -> tuple[F32, Bools]:
    """Return random targets and decisions, (n, c), with at least one annotated cell."""
    rng = np.random.default_rng(seed)
    targets = (rng.random((n, c)) < 0.3).astype(np.float32)
    targets[rng.random((n, c)) < gaps] = np.nan
    targets[0, 0] = 1
    return targets, rng.random((n, c)) < 0.4


CASES = st.builds(
    case, st.integers(0, 10**6), st.integers(1, 25), st.integers(1, 6), st.sampled_from([0, 0.4])
)
quick = settings(deadline=None, max_examples=60)


@quick
@given(CASES)
def test_the_values_are_those_of_the_metrics(given_: tuple[F32, Bools]) -> None:
    targets, decided = given_
    expected = score(targets, decided, decided.astype(np.float32), labels(targets.shape[1]))
    found = intervals(targets, decided, resamples=5)
    assert tuple(found) == SCORES
    for name, interval in found.items():
        assert interval.value == pytest.approx(getattr(expected, name), abs=1e-12), name


@pytest.mark.parametrize("gaps", [0, 0.4])
def test_every_draw_is_scored_as_the_metrics_score_its_texts(gaps: float) -> None:
    targets, decided = case(1, 20, 4, gaps)
    rows = np.flatnonzero(~np.isnan(targets).all(axis=1))
    targets, decided = targets[rows], decided[rows]
    drawn = np.concatenate(list(bootstrap._counts(len(rows), 50, seed=7)))
    assert (drawn.sum(axis=1) == len(rows)).all()
    each = []
    for counts in drawn:
        again = np.repeat(np.arange(len(rows)), counts.astype(int))
        one = score(targets[again], decided[again], decided[again].astype(np.float32), labels(4))
        each.append([getattr(one, name) for name in SCORES])
    low, high = np.quantile(each, [0.05, 0.95], axis=0)
    found = intervals(targets, decided, resamples=50, seed=7, level=0.9)
    np.testing.assert_allclose([found[name].low for name in SCORES], low, atol=1e-12)
    np.testing.assert_allclose([found[name].high for name in SCORES], high, atol=1e-12)


def test_an_interval_is_as_wide_as_theory_says() -> None:
    """Exact match is a share, so its standard error is known."""
    n, share = 4000, 0.3
    targets = np.zeros((n, 1), np.float32)
    decided = np.arange(n)[:, None] >= share * n
    found = intervals(targets, decided, resamples=4000)["exact_match"]
    error = np.sqrt(share * (1 - share) / n)
    assert found.value == pytest.approx(share)
    assert found.low == pytest.approx(share - 1.96 * error, abs=0.1 * error)
    assert found.high == pytest.approx(share + 1.96 * error, abs=0.1 * error)


@quick
@given(CASES)
def test_a_wider_level_holds_the_narrower_one(given_: tuple[F32, Bools]) -> None:
    narrow, wide = (intervals(*given_, resamples=40, level=level) for level in (0.5, 0.95))
    for name in SCORES:
        assert 0 <= wide[name].low <= narrow[name].low <= narrow[name].high <= wide[name].high <= 1


def test_the_seed_decides() -> None:
    one, again, other = (intervals(*case(2, 30, 3), seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_the_size_of_the_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    targets, decided = case(3, 30, 3, gaps=0.2)
    whole = intervals(targets, decided, resamples=25)
    for cells in (1, 70, 750):
        monkeypatch.setattr(bootstrap, "CELLS", cells)
        cut = intervals(targets, decided, resamples=25)
        for name in SCORES:
            assert cut[name].low == pytest.approx(whole[name].low, abs=1e-12)
            assert cut[name].high == pytest.approx(whole[name].high, abs=1e-12)


def test_what_is_not_annotated_does_not_count() -> None:
    targets, decided = case(4, 30, 4, gaps=0.4)
    gaps = np.isnan(targets)
    assert intervals(targets, decided) == intervals(targets, decided ^ gaps)
    more = np.full((5, 4), np.nan, np.float32)
    assert intervals(targets, decided) == intervals(
        np.concatenate([more, targets]), np.concatenate([more > 0, decided])
    )


def test_a_perfect_model_has_no_width() -> None:
    targets = np.eye(3, dtype=np.float32).repeat(30, axis=0)
    found = intervals(targets, targets > 0.5)
    assert {(one.value, one.low, one.high) for one in found.values()} == {(1, 1, 1)}


def test_one_text_is_drawn_again_and_again() -> None:
    found = intervals(np.array([[1, 0]], np.float32), np.array([[True, True]]))
    assert found["jaccard"] == bootstrap.Interval(0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"resamples": 0}, "at least one resample, found 0"),
        ({"level": 95}, "level between 0 and 1, such as 0.95, found 95"),
        ({"level": 0}, "level"),
        ({"level": float("nan")}, "level"),
    ],
)
def test_options_out_of_bounds_are_refused(wrong: dict[str, int], message: str) -> None:
    targets, decided = case(0, 5, 2)
    with pytest.raises(ValueError, match=message):
        intervals(targets, decided, **wrong)


def test_arrays_that_do_not_fit_are_refused() -> None:
    targets, decided = case(0, 5, 2)
    for truth, said in ((targets, decided[:4]), (targets[:, 0], decided[:, 0])):
        with pytest.raises(ValueError, match="one shape"):
            intervals(truth, said)


@pytest.mark.parametrize("rows", [0, 3])
def test_no_truth_at_all_is_refused(rows: int) -> None:
    gaps = np.full((rows, 2), np.nan, np.float32)
    with pytest.raises(ValueError, match="no annotated cell"):
        intervals(gaps, gaps > 0)


def test_intervals_become_json() -> None:
    targets, decided = case(8, 10, 2)
    found = json.loads(json.dumps(intervals(targets, decided)["jaccard"].to_json()))
    assert set(found) == {"value", "low", "high"}


def test_the_given_arrays_are_left_alone() -> None:
    targets, decided = case(9, 8, 3, gaps=0.3)
    copies = targets.copy(), decided.copy()
    intervals(targets, decided)
    np.testing.assert_array_equal(targets, copies[0])
    np.testing.assert_array_equal(decided, copies[1])
