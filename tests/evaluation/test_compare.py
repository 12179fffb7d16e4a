"""The comparison of two models: set against plain loops, known distributions and itself."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from overtone.evaluation import bootstrap
from overtone.evaluation.bootstrap import SCORES, intervals
from overtone.evaluation.compare import Difference, compare, holm
from overtone.evaluation.metrics import score
from overtone.labels import Labels

F32 = NDArray[np.float32]
Bools = NDArray[np.bool_]


def case(seed: int, n: int, c: int, gaps: float = 0.0) -> tuple[F32, Bools]:
    """Return random targets and decisions, (n, c), with at least one annotated cell."""
    rng = np.random.default_rng(seed)
    targets = (rng.random((n, c)) < 0.3).astype(np.float32)
    targets[rng.random((n, c)) < gaps] = np.nan
    targets[0, 0] = 1
    return targets, rng.random((n, c)) < 0.4


def several(seed: int, targets: F32, runs: int, errs: float) -> list[Bools]:
    """Return the decisions of several runs, each of which errs on its own."""
    rng = np.random.default_rng(seed)
    return [(targets > 0.5) ^ (rng.random(targets.shape) < errs) for _ in range(runs)]


def paired(
    targets: F32, decided: Bools, other: Bools, *, resamples: int = 1000, seed: int = 0
) -> dict[str, Difference]:
    """Compare two models that were trained once each."""
    return compare(targets, [decided], [other], resamples=resamples, seed=seed).scores


CASES = st.builds(
    case, st.integers(0, 10**6), st.integers(1, 25), st.integers(1, 6), st.sampled_from([0, 0.4])
)
quick = settings(deadline=None, max_examples=60)


@pytest.mark.parametrize(("ours", "theirs", "seeds_paired"), [(3, 2, False), (2, 2, True)])
def test_every_draw_is_what_a_plain_loop_finds(ours: int, theirs: int, seeds_paired: bool) -> None:  # noqa: FBT001
    targets, _ = case(1, 20, 4, gaps=0.3)
    targets = targets[~np.isnan(targets).all(axis=1)]
    one, other = several(2, targets, ours, 0.2), several(3, targets, theirs, 0.3)
    labels = Labels.of("a", "b", "c", "d")

    def scores(decided: Bools, rows: NDArray[np.int64]) -> list[float]:
        found = score(targets[rows], decided[rows], decided[rows].astype(np.float32), labels)
        whole = [getattr(found, name) for name in SCORES]
        return [*whole, *(label.f1 for label in found.per_label.values())]

    def mean(models: list[Bools], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        total = sum(np.array(scores(decided, rows)) for decided in models)
        return np.asarray(total / len(models), dtype=np.float64)

    resamples, everything = 12, np.arange(len(targets))
    rng = np.random.default_rng([7, 1])
    of_one = rng.integers(ours, size=(resamples, ours))
    of_other = of_one if seeds_paired else rng.integers(theirs, size=(resamples, theirs))
    drawn = []
    counted = np.concatenate(list(bootstrap._counts(len(targets), resamples, seed=7)))
    for counts, first, second in zip(counted, of_one, of_other, strict=True):
        rows = np.repeat(everything, counts.astype(int))
        drawn.append(
            mean([one[run] for run in first], rows) - mean([other[run] for run in second], rows)
        )
    value = mean(one, everything) - mean(other, everything)
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    as_far = np.abs(np.array(drawn) - value) >= np.abs(value) - 1e-12
    expected = np.array([value, low, high, (as_far.sum(axis=0) + 1) / (resamples + 1)])
    result = compare(
        targets, one, other, seeds_paired=seeds_paired, resamples=resamples, seed=7, level=0.9
    )
    found = [*result.scores.values(), *result.per_label]
    assert tuple(result.scores) == SCORES
    np.testing.assert_allclose(
        np.transpose([(one.value, one.low, one.high, one.p_value) for one in found]),
        expected,
        atol=1e-12,
    )
    assert [label.p_holm for label in result.per_label] == holm(
        [label.p_value for label in result.per_label]
    )


def test_other_seeds_are_in_the_interval_only_where_there_are_some() -> None:
    """Two recipes, equally good, whose runs err on a share of texts that the seed decides."""
    held = {1: 0, 6: 0}
    for seed in range(150):
        rng = np.random.default_rng(seed)
        targets = np.zeros((200, 1), np.float32)
        one, other = (
            [rng.random(targets.shape) < rng.uniform(0.1, 0.4) for _ in range(6)] for _ in range(2)
        )
        for runs in held:
            found = compare(targets, one[:runs], other[:runs], resamples=199, seed=seed)
            held[runs] += found.scores["exact_match"].sign == 0
    assert held[1] < 0.6 * 150
    assert held[6] >= 0.87 * 150


def test_an_interval_over_texts_and_seeds_holds_the_truth_as_often_as_it_says() -> None:
    """Two recipes, equally good, of which each run errs on texts of its own, as runs mostly do."""
    held = small = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        targets = (rng.random((120, 3)) < 0.4).astype(np.float32)
        hard = rng.random(targets.shape) * 0.4  # for both
        one, other = (
            [(targets > 0.5) ^ (rng.random(targets.shape) < hard) for _ in range(3)]
            for _ in range(2)
        )
        found = compare(targets, one, other, resamples=199, seed=seed).scores["f1_micro"]
        held += found.low <= 0 <= found.high
        small += found.p_value <= 0.05
    assert held >= 0.93 * 200  # rather too wide, as its source says
    assert small <= 0.08 * 200


def test_a_pair_of_seeds_that_share_their_luck_differ_less() -> None:
    targets = np.zeros((300, 1), np.float32)
    rows = np.arange(300)[:, None]
    one = [rows < errs for errs in (30, 60, 120)]
    other = [rows < errs + 15 for errs in (30, 60, 120)]
    apart, together = (
        compare(targets, one, other, seeds_paired=paired).scores["exact_match"]
        for paired in (False, True)
    )
    assert apart.value == together.value == pytest.approx(0.05)
    assert together.high - together.low < 0.5 * (apart.high - apart.low)
    assert (apart.sign, together.sign) == (0, 1)


def test_the_order_of_the_seeds_and_of_the_labels_decides_nothing() -> None:
    targets, _ = case(4, 60, 3, gaps=0.2)
    one, other = several(5, targets, 3, 0.2), several(6, targets, 2, 0.25)
    there = compare(targets, one, other, resamples=2000)
    back = compare(
        targets[:, ::-1],
        [decided[:, ::-1] for decided in one[::-1]],
        [decided[:, ::-1] for decided in other],
        resamples=2000,
    )
    for found, again in zip(there.per_label, back.per_label[::-1], strict=True):
        assert again.value == pytest.approx(found.value, abs=1e-12)
        assert again.low == pytest.approx(found.low, abs=0.01)  # other draws of seeds
        assert again.p_value == pytest.approx(found.p_value, abs=0.05)


def test_the_seed_decides() -> None:
    targets, _ = case(7, 40, 3)
    one, other = several(8, targets, 2, 0.2), several(9, targets, 2, 0.3)
    first, again, third = (
        compare(targets, one, other, resamples=50, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != third


def test_holm_is_as_in_the_paper() -> None:
    """Its rule: reject in order while p is at most 0.05 over the number that is left."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([0.2]) == [0.2]


@quick
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_what_its_rule_rejects(p_values: list[float]) -> None:
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    rejected = set()
    for rank, place in enumerate(order):
        if p_values[place] * (len(p_values) - rank) > 0.05:
            break
        rejected.add(place)
    found = holm(p_values)
    assert {place for place, p_value in enumerate(found) if p_value <= 0.05} == rejected
    assert all(before <= after <= 1 for before, after in zip(p_values, found, strict=True))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"resamples": 0}, "at least one resample, found 0"),
        ({"level": 95}, "level between 0 and 1, such as 0.95, found 95"),
        ({"level": float("nan")}, "level"),
    ],
)
def test_options_out_of_bounds_are_refused(wrong: dict[str, int], message: str) -> None:
    targets, decided = case(0, 5, 2)
    with pytest.raises(ValueError, match=message):
        compare(targets, [decided], [decided], **wrong)  # type: ignore[arg-type]


def test_what_does_not_fit_is_refused() -> None:
    targets, decided = case(0, 5, 2)
    with pytest.raises(ValueError, match="one shape"):
        compare(targets, [decided], [decided[:, :1]])
    with pytest.raises(ValueError, match="pairs of seeds, found 1 and 2"):
        compare(targets, [decided], [decided] * 2, seeds_paired=True)


def test_differences_become_json() -> None:
    targets, decided = case(8, 10, 2)
    found = compare(targets, [decided], [~decided], resamples=10)
    difference, label = (
        json.loads(json.dumps(one.to_json()))
        for one in (found.scores["jaccard"], found.per_label[0])
    )
    assert set(difference) == {"value", "low", "high", "p_value"}
    assert set(label) == {*difference, "p_holm"}


def test_a_model_does_not_differ_from_itself() -> None:
    targets, decided = case(5, 40, 3)
    for one in paired(targets, decided, decided).values():
        assert (one.value, one.low, one.high, one.p_value) == (0, 0, 0, 1)


def test_a_difference_is_that_of_the_two_values() -> None:
    targets, decided = case(6, 40, 3, gaps=0.2)
    other = decided ^ (np.random.default_rng(0).random(decided.shape) < 0.3)
    first, second = intervals(targets, decided), intervals(targets, other)
    for name, found in paired(targets, decided, other).items():
        assert found.value == pytest.approx(first[name].value - second[name].value, abs=1e-12)
        assert found.low <= found.high


@quick
@given(CASES, st.integers(0, 10**6))
def test_the_other_way_round_is_the_same_with_another_sign(
    given_: tuple[F32, Bools], seed: int
) -> None:
    targets, decided = given_
    other = np.random.default_rng(seed).random(decided.shape) < 0.5
    there = paired(targets, decided, other, resamples=30)
    back = paired(targets, other, decided, resamples=30)
    for name in SCORES:
        assert there[name].value == -back[name].value
        assert there[name].low == pytest.approx(-back[name].high, abs=1e-12)
        assert there[name].p_value == back[name].p_value


def test_a_clear_difference_has_the_smallest_p_value() -> None:
    targets, _ = case(7, 300, 4)
    found = paired(targets, targets > 0.5, targets < 0.5, resamples=199)
    assert found["jaccard"].value > 0.9
    assert found["jaccard"].p_value == 1 / 200
    assert found["jaccard"].low > 0.9


def test_the_p_value_of_a_share_is_near_the_normal_ones() -> None:
    """The second model errs on 60 texts, the first on 40 others: z is 20 / sqrt(99)."""
    n = 1000
    targets = np.zeros((n, 1), np.float32)
    rows = np.arange(n)[:, None]
    found = paired(targets, rows < 40, (rows >= 40) & (rows < 100), resamples=8000)["exact_match"]
    assert found.value == pytest.approx(0.02)
    assert found.p_value == pytest.approx(0.0444, abs=0.01)


def test_models_that_are_equally_good_seldom_seem_to_differ() -> None:
    """Under the null, p-values are uniform: about one in ten is below 0.1."""
    small = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        targets = (rng.random((120, 3)) < 0.4).astype(np.float32)
        one, two = ((targets > 0.5) ^ (rng.random(targets.shape) < 0.2) for _ in range(2))
        small += paired(targets, one, two, resamples=99, seed=seed)["f1_micro"].p_value <= 0.1
    assert 8 <= small <= 35


def test_pairing_sees_what_two_intervals_do_not() -> None:
    """Both models fail on the same half of the texts; one is right a little more often."""
    n = 400
    targets = np.ones((n, 1), np.float32)
    hard = np.arange(n)[:, None] % 2 == 0
    one, other = ~hard, ~hard & (np.arange(n)[:, None] >= 30)
    found = paired(targets, one, other)["exact_match"]
    assert found.low > 0
    apart = intervals(targets, one)["exact_match"], intervals(targets, other)["exact_match"]
    assert apart[0].low < apart[1].high
    assert found.p_value < 0.01
