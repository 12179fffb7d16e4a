"""What is checked: the texts of all splits in one row of numbers, and what a model says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from overtone.data import Split
from overtone.data.stratify import same_text

TRAIN = ("train", "all")
"""The splits that a model learns from."""
ON = 0.5
"""Above it a text carries a label; NaN, not annotated, is not above it."""


class Place(NamedTuple):
    """Where a row stands."""

    split: str
    id: str


@dataclass(frozen=True, eq=False)
class Corpus:
    """The splits of a dataset, train first; row numbers count through all of them."""

    splits: tuple[Split, ...]
    unreadable: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    """By split: the ids of rows that can't be read, and why."""
    lines: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """By split: the lines of its rows, where they are known."""
    probabilities: NDArray[np.float32] | None = None
    """(n, C) by models that have not seen the texts; NaN where there is no such model."""
    lost: NDArray[np.bool_] | None = None
    """(n,) which texts the model would read in part only."""

    @cached_property
    def texts(self) -> list[str]:
        """The texts, (n,)."""
        return [text for split in self.splits for text in split.texts]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The labels' names, (C,)."""
        return self.splits[0].labels.names

    @cached_property
    def targets(self) -> NDArray[np.float32]:
        """The truth (n, C); NaN where it isn't known."""
        return np.concatenate(
            [
                np.full((len(split), len(self.names)), np.nan, dtype=np.float32)
                if split.targets is None
                else split.targets
                for split in self.splits
            ]
        )

    @cached_property
    def split_of(self) -> NDArray[np.int64]:
        """The number of each row's split, (n,)."""
        return np.repeat(np.arange(len(self.splits)), [len(split) for split in self.splits])

    @cached_property
    def same(self) -> list[list[int]]:
        """Rows whose texts are the same but for case and white space, by their first row."""
        groups: dict[str, list[int]] = {}
        for row, text in enumerate(self.texts):
            groups.setdefault(same_text(text), []).append(row)
        groups.pop("", None)
        return list(groups.values())

    def rows(self, split: Split) -> NDArray[np.int64]:
        """Return the numbers of a split's rows."""
        return np.flatnonzero(self.split_of == self.splits.index(split))

    def place(self, row: int) -> Place:
        """Return where a row stands."""
        number = int(self.split_of[row])
        first = sum(len(split) for split in self.splits[:number])
        return Place(self.splits[number].name, self.splits[number].ids[row - first])

    def is_across(self, rows: Sequence[int]) -> bool:
        """Return whether rows stand in different splits."""
        return len({int(self.split_of[row]) for row in rows}) > 1
