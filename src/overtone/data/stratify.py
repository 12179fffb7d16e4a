"""Deals rows out to parts so that every part has its share of every label's rows.

Iterative stratification: Sechidis, Tsoumakas & Vlahavas, On the Stratification of Multi-Label Data
(ECML PKDD 2011). It stands here, in numpy, because the package iterative-stratification needs
scikit-learn, which reading data must do without, and knows no groups.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overtone.errors import InputError

Ints = NDArray[np.int64]

MOST_UNITS = 10_000
"""In which rows are exchanged afterwards: of more, a few rows are nothing, and it takes seconds."""
MOST_EXCHANGES, MOST_KINDS = 200, 200
"""How many, and how many kinds of rows of a part they are sought among."""


def split(
    targets: ArrayLike,
    shares: Sequence[float],
    seed: int,
    groups: Iterable[Hashable] | None = None,
) -> Ints:
    """Return the part, from 0, that each row belongs to, (n,).

    A part has its share of the rows to within one row (or one group), and of each label's rows as
    nearly as the labels that come together allow; the rarest labels are seen to first. In a set of
    up to ten thousand rows, what is off after that is exchanged row for row.

    Args:
        targets: (n, C); above 0.5 a row carries the label, NaN is not annotated.
        shares: one positive number a part, such as 8, 1, 1; 0 leaves a part empty.
        seed: decides which rows, nothing else does.
        groups: one value a row; rows with the same value stay together.

    Raises:
        InputError: the shares are no shares.
        ValueError: targets is no matrix, or there isn't one group a row.

    """
    wanted = _normalised(shares)
    carries = np.asarray(targets, dtype=np.float32) > 0.5  # noqa: PLR2004 - False for NaN too
    if carries.ndim != 2:  # noqa: PLR2004
        raise ValueError(f"expected targets (n, C), found shape {carries.shape}")
    units = _units(len(carries), groups)
    sizes = np.bincount(units)
    counts = np.zeros((len(sizes), carries.shape[1]), dtype=np.int64)
    np.add.at(counts, units, carries)
    # Large groups first, while there is room everywhere; otherwise the order is the seed's.
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    parts = _deal(counts, sizes, order, wanted)
    _exchange(parts, counts, sizes, order, wanted)
    _fill_empty(parts, counts, sizes, order, wanted)
    return parts[units]


def same_text(text: str) -> str:
    """Return what texts have in common that differ in case or white space only: a group of rows."""
    return " ".join(text.casefold().split())


def _normalised(shares: Sequence[float]) -> list[float]:
    total = math.fsum(shares)
    if not (all(share >= 0 for share in shares) and 0 < total < math.inf):
        raise InputError(
            f"expected a share a part, such as 0.8, 0.1, 0.1, found {list(shares)}: give numbers "
            "of at least 0, one of them above 0"
        )
    return [share / total for share in shares]


def _units(rows: int, groups: Iterable[Hashable] | None) -> Ints:
    """Return the unit of each row, numbered from 0: its group, or itself."""
    if groups is None:
        return np.arange(rows)
    numbers: dict[Hashable, int] = {}
    units = [numbers.setdefault(group, len(numbers)) for group in groups]
    if len(units) != rows:
        raise ValueError(f"expected a group a row, found {len(units)} for {rows} rows")
    return np.asarray(units, dtype=np.int64)


def _deal(counts: Ints, sizes: Ints, order: Ints, shares: list[float]) -> Ints:
    """Return the part of each unit, given its label counts (u, C) and its size (u,)."""
    parts = np.full(len(sizes), -1)
    used = [part for part, share in enumerate(shares) if share > 0]
    room = [share * float(sizes.sum()) for share in shares]  # rows that a part still wants
    wish = np.outer(shares, counts.sum(axis=0))  # (P, C): of each label

    def place(unit: int, label: int | None) -> None:
        size = int(sizes[unit])
        fitting = [part for part in used if room[part] >= size - 1e-6]
        if label is None or not fitting:
            best = max(used, key=room.__getitem__)
        else:
            best = max(fitting, key=lambda part: (wish[part, label], room[part]))
        parts[unit] = best
        room[best] -= size
        if label is not None:
            wish[best] -= counts[unit]

    while True:
        left = order[parts[order] < 0]
        remaining = counts[left].sum(axis=0)
        if not remaining.any():
            break
        label = int(np.argmin(np.where(remaining > 0, remaining, np.iinfo(np.int64).max)))
        for unit in left[counts[left, label] > 0]:
            place(unit, label)
    for unit in left:
        place(unit, None)
    return parts


def _exchange(parts: Ints, counts: Ints, sizes: Ints, order: Ints, shares: list[float]) -> None:
    """Exchange units of equal size between parts while a label is a row or more off its share.

    The label that is seen to last, most often the most frequent one, has what room the others
    leave, which in a small set may be far from its share. A row of a rare label counts for more.
    """
    total = counts.sum(axis=0)  # (C,)
    worth = 1 / np.maximum(total, 1)
    used = np.unique(parts).tolist()  # it stays so
    have = np.stack([counts[parts == part].sum(axis=0) for part in range(len(shares))])
    off = have - np.outer(shares, total)  # (P, C)
    for _ in range(MOST_EXCHANGES if len(sizes) <= MOST_UNITS else 0):
        far = np.abs(off).max(axis=1, initial=0)
        part = max(used, key=far.__getitem__, default=0)
        if far[part] < 1:
            return
        best, pair = -1e-9, None
        for other in set(used) - {part}:
            ours, theirs = (
                _kinds(order[parts[order] == side], counts, sizes) for side in (part, other)
            )
            change = counts[theirs][None] - counts[ours][:, None]  # (A, B, C), to this part
            gain = np.abs(off[part] + change) + np.abs(off[other] - change)
            gain = (gain - np.abs(off[part]) - np.abs(off[other])) @ worth
            gain[sizes[ours][:, None] != sizes[theirs]] = 0
            place = np.unravel_index(gain.argmin(), gain.shape)
            if gain[place] < best:
                best, pair = gain[place], (ours[place[0]], theirs[place[1]], other)
        if pair is None:
            return
        one, another, other = pair
        parts[one], parts[another] = other, part
        off[part] += counts[another] - counts[one]
        off[other] += counts[one] - counts[another]


def _kinds(units: Ints, counts: Ints, sizes: Ints) -> Ints:
    """Return the first unit of each kind, alike in labels and size; of very many kinds some."""
    alike = np.column_stack([sizes[units], counts[units]])
    return units[np.sort(np.unique(alike, axis=0, return_index=True)[1])[:MOST_KINDS]]


def _fill_empty(parts: Ints, counts: Ints, sizes: Ints, order: Ints, shares: list[float]) -> None:
    """Give each empty part one unit of the part that has most, as long as that one has two."""
    for part, share in enumerate(shares):
        have = np.bincount(parts, minlength=len(shares))
        if share > 0 and not have[part] and have.max() > 1:
            giver = order[parts[order] == have.argmax()]
            # The unit that is missed least: few labels, few rows.
            parts[giver[np.lexsort((sizes[giver], counts[giver].sum(axis=1)))[0]]] = part
