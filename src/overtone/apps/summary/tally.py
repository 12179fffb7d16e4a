"""Counts of scored texts and their labels, by group and period: all that a summary keeps of them.

Memory grows with groups and periods, not with texts.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from overtone.apps.summary.periods import Every, period
from overtone.apps.summary.scored import ScoredRow
from overtone.errors import InputError

Group = tuple[str, ...]
"""The cells of the columns that texts are grouped by."""

Key = TypeVar("Key", bound=Hashable)

MOST_CELLS = 100_000
"""Groups times periods, which are in memory at once."""
LONGEST = 200
"""Characters of a cell that make a group; what differs only behind them is one group."""


class Count:
    """Texts, and how many of them have each label on."""

    __slots__ = ("said", "texts")

    def __init__(self, labels: int) -> None:
        """Begin with none."""
        self.texts = 0
        self.said: NDArray[np.int64] = np.zeros(labels, np.int64)

    def add(self, on: Sequence[int]) -> None:
        """Count a text."""
        self.texts += 1
        for place in on:
            self.said[place] += 1

    def join(self, other: Count) -> None:
        """Count all of another's texts."""
        self.texts += other.texts
        self.said += other.said


@dataclass
class Tally:
    """What was counted."""

    labels: int
    cells: dict[tuple[Group, date | None], Count] = field(default_factory=dict)
    timeless: int = 0
    """Texts whose time can't be read."""
    unread: str = ""
    """The first such time that isn't empty."""

    def whole(self) -> Count:
        """Return the count of all texts."""
        found = Count(self.labels)
        for count in self.cells.values():
            found.join(count)
        return found

    def by_group(self) -> dict[Group, Count]:
        """Return a count for each group, the largest first."""
        found = self._joined((group, count) for (group, _), count in self.cells.items())
        return dict(sorted(found.items(), key=lambda item: (-item[1].texts, item[0])))

    def by_period(self) -> dict[date, Count]:
        """Return a count for each period that has texts, in order."""
        dated = ((day, count) for (_, day), count in self.cells.items() if day is not None)
        return dict(sorted(self._joined(dated).items()))

    def by_both(self) -> dict[Group, dict[date, Count]]:
        """Return a count for each period of each group, both in order."""
        found: dict[Group, dict[date, Count]] = {group: {} for group in self.by_group()}
        for (group, day), count in self.cells.items():
            if day is not None:
                found[group][day] = count
        return {group: dict(sorted(days.items())) for group, days in found.items()}

    def _joined(self, counts: Iterable[tuple[Key, Count]]) -> dict[Key, Count]:
        """Return counts with those of one key added up."""
        found: dict[Key, Count] = {}
        for key, count in counts:
            found.setdefault(key, Count(self.labels)).join(count)
        return found


def tally(rows: Iterable[ScoredRow], labels: int, groups: int, every: Every | None) -> Tally:
    """Count rows.

    Args:
        rows: the texts; their cells are those of the groups, then, where there are periods, the
            time.
        labels: how many there are.
        groups: how many columns the texts are grouped by.
        every: which periods; None for none.

    Raises:
        InputError: there are too many groups and periods.

    """
    found = Tally(labels)
    days: dict[str, date | None] = {}
    for row in rows:
        day = None
        if every is not None:
            cell = row.cells[groups]
            if cell not in days:
                if len(days) >= MOST_CELLS:  # times to the second hardly come again
                    days.clear()
                days[cell] = period(cell, every)
            day = days[cell]
            if day is None:
                found.timeless += 1
                found.unread = found.unread or cell.strip()[:LONGEST]
        key = (tuple(cell[:LONGEST] for cell in row.cells[:groups]), day)
        if key not in found.cells:
            if len(found.cells) >= MOST_CELLS:
                raise InputError(
                    f"expected at most {MOST_CELLS:,} groups and periods, found more (by "
                    f"{row.where}): group by a column with fewer values, or --every month"
                )
            found.cells[key] = Count(labels)
        found.cells[key].add(row.on)
    return found
