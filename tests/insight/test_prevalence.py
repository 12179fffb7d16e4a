"""Shares from counts: the correction, its bounds, and intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overtone.insight.prevalence import Errors, of_metrics, share

GOOD = Errors(hits=160, misses=40, false_alarms=80, right_silences=720)
"""Says it of 80 % where it is so, and of 10 % where it isn't."""


def test_the_correction_undoes_what_errors_do() -> None:
    # Of 1,000 texts, 300 with the label: 240 hits and 70 false alarms.
    found = share(310, 1000, GOOD)
    assert found.said_share == 0.31
    assert found.value == pytest.approx(0.3, abs=0.003)
    assert found.corrected
    assert found.low < 0.3 < found.high


def test_without_known_errors_the_share_is_what_is_said() -> None:
    found = share(310, 1000, None)
    assert (found.value, found.corrected) == (0.31, False)
    assert found.low < 0.31 < found.high


def test_fewer_than_the_false_alarms_is_none_and_more_than_the_hits_is_all() -> None:
    assert share(0, 500, GOOD).value == 0
    assert share(500, 500, GOOD).value == 1


@given(
    st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.tuples(*[st.integers(0, 60)] * 4),
)
def test_every_share_lies_in_its_interval_between_0_and_1(
    said: tuple[int, int], errors: tuple[int, int, int, int]
) -> None:
    found = share(*said, Errors(*errors))
    assert 0 <= found.low <= found.value <= found.high <= 1


@pytest.mark.parametrize(
    ("errors", "why"),
    [
        (Errors(8, 2, 80, 720), "only 10 texts with it"),
        (Errors(160, 40, 1, 9), "only 10 texts without it"),
        (Errors(20, 180, 80, 720), "hardly says it more often"),
    ],
)
def test_what_can_t_carry_a_correction_is_not_corrected_but_has_its_wide_interval(
    errors: Errors, why: str
) -> None:
    assert why in errors.too_uncertain
    found = share(120, 1000, errors)
    assert (found.value, found.corrected) == (0.12, False)
    certain = share(120, 1000, None)
    assert found.high - found.low > 2 * (certain.high - certain.low)


def test_a_model_that_says_it_as_often_where_it_isn_t_so_tells_nothing() -> None:
    found = share(50, 100, Errors(10, 90, 90, 10))
    assert (found.low, found.high) == (0, 1)


@pytest.mark.parametrize("true_share", [0.02, 0.1, 0.4, 0.8])
def test_intervals_hold_the_share_about_95_times_in_100(true_share: float) -> None:
    rng = np.random.default_rng(0)
    hit, alarm, trials, texts = 0.7, 0.08, 1500, 300
    held = held_said = 0
    for _ in range(trials):
        hits, alarms = int(rng.binomial(80, hit)), int(rng.binomial(400, alarm))
        said = int(rng.binomial(texts, true_share * hit + (1 - true_share) * alarm))
        found = share(said, texts, Errors(hits, 80 - hits, alarms, 400 - alarms))
        plain = share(said, texts, None)
        held += found.low <= true_share <= found.high
        held_said += plain.low <= true_share <= plain.high
    assert held / trials > 0.93
    assert held > held_said


def test_the_counts_come_back_from_precision_and_recall() -> None:
    scores = {
        "n": 1000,
        "per_label": {"a": {"precision": 160 / 240, "recall": 0.8, "support": 200}},
    }
    assert of_metrics(scores) == {"a": GOOD}


def test_without_a_hit_the_worst_is_assumed() -> None:
    scores = {"n": 100, "per_label": {"a": {"precision": 0.0, "recall": 0.0, "support": 30}}}
    found = of_metrics(scores)["a"]
    assert (share(5, 50, found).low, share(5, 50, found).high) == (0, 1)
