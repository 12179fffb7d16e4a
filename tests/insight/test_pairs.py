"""Pairs of labels: shares, lift with intervals, rare ones guarded."""

from __future__ import annotations

import numpy as np
import pytest

from overtone.insight.pairs import Together, together
from overtone.labels import Labels

LABELS = Labels.of("joy", "love", "anger")


def on(*columns: list[int]) -> np.ndarray:
    return np.array(columns, bool).T


def of(values: np.ndarray) -> Together:
    return together(values, np.ones_like(values), LABELS)


def case() -> np.ndarray:
    """100 texts: joy in 40, love in 20 of these, anger in 50, with joy once."""
    joy = [1] * 40 + [0] * 60
    love = [1] * 20 + [0] * 80
    anger = [0] * 39 + [1] * 50 + [0] * 11
    return on(joy, love, anger)


def test_shares_of_one_label_among_another_s_texts() -> None:
    found = {(one.given, one.then): one for one in of(case()).conditionals}
    assert found["joy", "love"].value == 0.5
    assert found["love", "joy"].value == 1.0
    assert found["joy", "anger"].value == 0.025
    assert found["joy", "love"].n == 40
    assert found["joy", "love"].low < 0.5 < found["joy", "love"].high


def test_lift_says_how_many_times_as_often_as_by_chance() -> None:
    pair = of(case()).pair("love", "joy")
    assert (pair.together, pair.expected) == (20, 8)
    assert pair.lift == pytest.approx(2.5, rel=0.05)
    assert pair.pmi == pytest.approx(np.log2(pair.lift))
    assert 1 < pair.low < pair.lift < pair.high
    assert pair.surprising


def test_a_pair_that_hardly_meets_is_surprising_and_one_by_chance_is_not() -> None:
    assert of(case()).pair("joy", "anger").lift < 0.2
    assert of(case()).pair("joy", "anger").surprising
    rng = np.random.default_rng(0)
    chance = of(rng.random((500, 3)) < 0.3)
    assert chance.surprising() == []
    assert [pair.enough for pair in chance.pairs] == [True] * 3


def test_of_rare_pairs_nothing_is_said() -> None:
    values = on([1, 1, *[0] * 98], [1, 1, *[0] * 98], [0] * 100)
    pair = of(values).pair("joy", "love")
    assert not pair.enough
    assert not pair.surprising
    # An interval that is wide, not an error, for what never was.
    never = of(values).pair("joy", "anger")
    assert (never.together, never.expected) == (0, 0)
    assert 0 < never.low < never.high < np.inf


def test_intervals_of_lift_hold_it_about_95_times_in_100() -> None:
    rng = np.random.default_rng(1)
    p = np.array([0.06, 0.14, 0.09, 0.71])
    lift = p[0] / ((p[0] + p[1]) * (p[0] + p[2]))
    held = 0
    for counts in rng.multinomial(400, p, size=400):
        cells = np.repeat(np.array([[1, 1], [1, 0], [0, 1], [0, 0]]), counts, axis=0)
        pair = together(cells > 0, np.ones_like(cells, bool), Labels.of("a", "b")).pairs[0]
        held += pair.low <= lift <= pair.high
    assert held / 400 > 0.92


def test_a_row_may_stand_for_many_texts() -> None:
    sets, times = np.unique(case(), axis=0, return_counts=True)
    assert together(sets, np.ones_like(sets), LABELS, times) == of(case())
