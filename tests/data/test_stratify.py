"""Stratification: sizes, label shares, groups that stay whole, and the seed that decides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from overtone.data.stratify import split
from overtone.errors import InputError

TARGETS = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 60), st.integers(1, 5)),
    elements=st.sampled_from([0.0, 0.0, 0.0, 1.0, np.nan]),
)
SHARES = st.lists(st.integers(1, 9).map(float), min_size=1, max_size=4)


def imbalanced(rows: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Return targets whose labels are on in 30, 5, 1 and 0.2 % of the rows."""
    chance = np.random.default_rng(7).random((rows, 4))
    return (chance < [0.3, 0.05, 0.01, 0.002]).astype(np.float32)


@settings(deadline=None, max_examples=150)
@given(TARGETS, SHARES, st.integers(0, 99))
def test_every_part_has_its_share_of_the_rows(
    targets: np.ndarray[tuple[int, int], np.dtype[np.float32]], shares: list[float], seed: int
) -> None:
    parts = split(targets, shares, seed)
    wanted = len(targets) * np.asarray(shares) / sum(shares)
    sizes = np.bincount(parts, minlength=len(shares))
    assert sizes.sum() == len(targets)
    assert len(sizes) == len(shares)
    # To within a row, but for parts that were given their one row by a larger one.
    assume((wanted >= 1).all())
    assert (np.abs(sizes - wanted) <= 1).all()


@settings(deadline=None, max_examples=150)
@given(TARGETS, SHARES, st.integers(0, 99))
def test_no_part_is_empty_where_there_are_rows_enough(
    targets: np.ndarray[tuple[int, int], np.dtype[np.float32]], shares: list[float], seed: int
) -> None:
    assert len(set(split(targets, shares, seed))) == min(len(targets), len(shares))


@pytest.mark.parametrize("seed", range(5))
def test_every_label_has_its_share_in_every_part(seed: int) -> None:
    targets = imbalanced(20_000)
    parts = split(targets, [0.8, 0.1, 0.1], seed)
    assert np.bincount(parts).tolist() == [16_000, 2_000, 2_000]
    for part, share in enumerate((0.8, 0.1, 0.1)):
        found = targets[parts == part].sum(axis=0)
        assert (np.abs(found - share * targets.sum(axis=0)) <= 1.5).all()


def test_a_label_of_few_rows_is_in_every_part() -> None:
    """Drawn at random, a label of five rows would be missing from dev in a third of the cases."""
    targets = np.zeros((1000, 2), dtype=np.float32)
    targets[::200, 0] = 1
    for seed in range(10):
        parts = split(targets, [0.8, 0.2], seed)
        assert targets[parts == 1].sum() == 1
        assert targets[parts == 0].sum() == 4


@pytest.mark.parametrize("seed", range(5))
def test_the_last_label_has_its_share_in_a_small_set_too(seed: int) -> None:
    """The most frequent one, which is seen to when the others have left little room."""
    chance = np.random.default_rng(3).random((300, 11))
    targets = (chance < [0.45, *[0.3, 0.25, 0.2] * 3, 0.1]).astype(np.float32)
    parts = split(targets, [0.9, 0.1], seed)
    assert np.bincount(parts).tolist() == [270, 30]
    assert (np.abs(targets[parts == 1].sum(axis=0) - 0.1 * targets.sum(axis=0)) < 1).all()


def test_no_labels_are_no_reason_to_fail() -> None:
    assert np.bincount(split(np.zeros((10, 0)), [0.5, 0.5], 0)).tolist() == [5, 5]


def test_the_only_row_of_a_label_goes_to_the_largest_part() -> None:
    targets = np.zeros((20, 1))
    targets[3] = 1
    assert all(split(targets, [0.1, 0.8, 0.1], seed)[3] == 1 for seed in range(10))


def test_the_seed_decides_and_nothing_else() -> None:
    targets = imbalanced(300)
    one = split(targets, [0.5, 0.5], 1)
    np.testing.assert_array_equal(one, split(targets, [0.5, 0.5], 1))
    np.testing.assert_array_equal(one, split(targets, [3, 3], 1))
    assert (one != split(targets, [0.5, 0.5], 2)).any()


def test_rows_that_are_alike_are_not_dealt_out_in_their_order() -> None:
    parts = split(np.ones((40, 3)), [0.5, 0.5], 0)
    assert np.bincount(parts).tolist() == [20, 20]
    assert len(set(parts[:20])) == 2


def test_a_share_of_nothing_gets_nothing() -> None:
    parts = split(imbalanced(50), [0.5, 0, 0.5], 0)
    assert np.bincount(parts).tolist() == [25, 0, 25]


def test_a_cell_that_is_not_annotated_counts_for_nothing() -> None:
    targets = imbalanced(400)
    gaps = np.where(targets > 0, targets, np.nan)
    np.testing.assert_array_equal(split(targets, [0.7, 0.3], 5), split(gaps, [0.7, 0.3], 5))


def test_no_rows_have_no_parts() -> None:
    assert split(np.zeros((0, 3)), [0.5, 0.5], 0).tolist() == []


@settings(deadline=None, max_examples=150)
@given(TARGETS, SHARES, st.integers(0, 99), st.data())
def test_a_group_is_never_cut_and_no_part_is_off_by_more_than_a_group(
    targets: np.ndarray[tuple[int, int], np.dtype[np.float32]],
    shares: list[float],
    seed: int,
    data: st.DataObject,
) -> None:
    rows = len(targets)
    groups = data.draw(st.lists(st.sampled_from("abcdefghijkl"), min_size=rows, max_size=rows))
    parts = split(targets, shares, seed, groups)
    for group in set(groups):
        assert len({part for part, g in zip(parts, groups, strict=True) if g == group}) == 1
    assert len(set(parts)) == min(len(set(groups)), len(shares))
    largest = max(map(groups.count, set(groups)))
    sizes = np.bincount(parts, minlength=len(shares))
    wanted = rows * np.asarray(shares) / sum(shares)
    # A part that would be empty takes one group more from another.
    assert (np.abs(sizes - wanted) <= largest * len(shares)).all()


def test_groups_keep_the_label_shares_near() -> None:
    targets = imbalanced(20_000)
    groups = np.random.default_rng(3).integers(0, 6_000, 20_000)
    parts = split(targets, [0.8, 0.2], 0, groups)
    assert abs((parts == 1).mean() - 0.2) < 0.001
    found = targets[parts == 1].sum(axis=0)
    wanted = 0.2 * targets.sum(axis=0)
    assert (np.abs(found - wanted) <= 1 + 0.02 * wanted).all()


def test_a_group_as_large_as_all_stays_whole() -> None:
    parts = split(imbalanced(50), [0.8, 0.2], 0, ["a"] * 45 + ["b"] * 5)
    assert np.bincount(parts).tolist() == [45, 5]


@pytest.mark.parametrize(
    "shares", [[], [0, 0], [-1, 2], [float("nan"), 1], [float("inf"), 1], [0.5, -0.0001]]
)
def test_shares_that_are_none_are_refused(shares: list[float]) -> None:
    with pytest.raises(InputError, match=r"expected a share a part, such as 0\.8, 0\.1, 0\.1"):
        split(np.zeros((5, 2)), shares, 0)


def test_groups_of_another_number_of_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="found 2 for 3 rows"):
        split(np.zeros((3, 1)), [1, 1], 0, ["a", "b"])
