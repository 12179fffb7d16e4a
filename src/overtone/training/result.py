"""What goes into training and what comes out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from overtone.evaluation.cost import Cost
from overtone.inputs import Encoded, Inputs, batches
from overtone.losses import Loss

Scores = dict[str, float]
Texts = NDArray[np.int64]
"""Texts by their numbers."""


class TrainingData(Protocol):
    """What is trained on: texts of one label set or, as a `mixture`, of several."""

    @property
    def ids(self) -> Sequence[str]:
        """What each text is called in its file, (n,)."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The tokens of each text as the model gets it, (n,)."""

    def __len__(self) -> int:
        """Return the number of texts of an epoch."""

    def plan(self, size: int, window: int, rng: np.random.Generator) -> list[Texts]:
        """Return one epoch's effective batches of `size` texts, each of one label set.

        Args:
            size: texts a batch.
            window: batches' worth of texts that are sorted by length together.
            rng: the epoch's generator; the same state gives the same batches.

        """

    def groups(self) -> list[Texts]:
        """Return all texts, those together that may share a batch."""

    def of(self, texts: Texts) -> tuple[TrainingSet, Texts]:
        """Return the set that a batch's texts belong to, and their numbers there."""


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Texts of one label set."""

    inputs: Inputs
    encoded: Encoded
    targets: NDArray[np.float32]
    """(n, C), NaN where not annotated."""
    ids: Sequence[str]
    """(n,) what each text is called in its file."""
    loss: Loss | None = None
    """In place of the run's, whose weights are those of another set's labels."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Return the tokens of each text, (n,)."""
        return self.encoded.text_lengths

    def __len__(self) -> int:
        """Return the number of texts, all of which an epoch has."""
        return len(self.encoded)

    def plan(self, size: int, window: int, rng: np.random.Generator) -> list[Texts]:
        """Return one epoch's effective batches."""
        return batches.shuffled(self.lengths, size, window, rng)

    def groups(self) -> list[Texts]:
        """Return all texts, any of which may share a batch."""
        return [np.arange(len(self))]

    def of(self, texts: Texts) -> tuple[TrainingSet, Texts]:
        """Return the set itself, and the texts as they are."""
        return self, texts


@dataclass(frozen=True)
class Fitted:
    """What training left behind, besides the best weights in the model."""

    history: list[dict[str, Any]]
    """One entry an epoch, as in history.jsonl."""
    best_epoch: int
    """From 1."""
    cost: Cost
