"""Several training sets as one, each with its own label set.

A batch has texts of one set, and the sets' batches are shuffled together, as Liu, He, Chen and Gao
train one model for many tasks (Multi-Task Deep Neural Networks for Natural Language Understanding,
ACL 2019, algorithm 1). So a text counts the same whether its set has 11 labels or 28, and whatever
holds of one set's batches (parts that add up, processes, resuming) holds here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from overtone.inputs import batches
from overtone.training.result import Texts, TrainingSet


@dataclass(frozen=True, eq=False)
class Mixture:
    """Training sets whose texts are numbered through, those of the first one first."""

    parts: Sequence[TrainingSet]
    shares: Sequence[float]
    """Share of each part's texts that an epoch has, drawn anew for each epoch."""

    @cached_property
    def ids(self) -> list[str]:
        """Return what each text is called in its file, (n,)."""
        return [name for part in self.parts for name in part.ids]

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Return the tokens of each text, (n,)."""
        return np.concatenate([part.lengths for part in self.parts])

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        """Return the number of each part's first text, and that of all texts, (parts + 1,)."""
        return np.cumsum([0, *map(len, self.parts)])

    @cached_property
    def _drawn(self) -> list[int]:
        """Return how many texts of each part an epoch has, one at least."""
        pairs = zip(self.parts, self.shares, strict=True)
        return [max(1, round(share * len(part))) for part, share in pairs]

    def __len__(self) -> int:
        """Return the number of texts of an epoch."""
        return sum(self._drawn)

    def plan(self, size: int, window: int, rng: np.random.Generator) -> list[Texts]:
        """Return one epoch's effective batches: those of each part, shuffled together."""
        plan: list[Texts] = []
        for texts, drawn in zip(self.groups(), self._drawn, strict=True):
            chosen = rng.permutation(texts)[:drawn]
            parts = batches.shuffled(self.lengths[chosen], size, window, rng)
            plan += [chosen[part] for part in parts]
        return [plan[place] for place in rng.permutation(len(plan))]

    def groups(self) -> list[Texts]:
        """Return the texts of each part."""
        return np.split(np.arange(self._starts[-1]), self._starts[1:-1])

    def of(self, texts: Texts) -> tuple[TrainingSet, Texts]:
        """Return the part that a batch's texts belong to, and their numbers there."""
        number = int(np.searchsorted(self._starts, texts[0], side="right")) - 1
        return self.parts[number], texts - self._starts[number]
