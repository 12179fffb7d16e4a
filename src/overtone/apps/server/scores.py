"""What is computed of a batch of texts: everything that any shape of answer needs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from overtone import decision
from overtone.decision import Decision, Thresholds
from overtone.inference.predictor import Predictor
from overtone.inputs import batches
from overtone.labels import Labels

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, kw_only=True)
class Scores:
    """A row a text."""

    logits: NDArray[np.float32]
    """(n, C)"""
    probabilities: NDArray[np.float32]
    """(n, C) calibrated."""
    on: NDArray[np.bool_]
    """(n, C) by the model's own decision."""
    lost: NDArray[np.bool_]
    """(n,) whether a text was longer than the model's input and lost a part."""

    @classmethod
    def empty(cls, texts: int, labels: int) -> Scores:
        """Return rows to be filled."""
        return cls(
            logits=np.zeros((texts, labels), np.float32),
            probabilities=np.zeros((texts, labels), np.float32),
            on=np.zeros((texts, labels), np.bool_),
            lost=np.zeros(texts, np.bool_),
        )

    def first(self) -> Scores:
        """Return those of the first text alone."""
        return Scores(
            logits=self.logits[:1],
            probabilities=self.probabilities[:1],
            on=self.on[:1],
            lost=self.lost[:1],
        )

    def fill(self, row: int, found: Scores, at: int) -> None:
        """Copy a row of others."""
        self.logits[row] = found.logits[at]
        self.probabilities[row] = found.probabilities[at]
        self.on[row] = found.on[at]
        self.lost[row] = found.lost[at]


class Computed(NamedTuple):
    """A batch's scores, and its size."""

    scores: Scores
    tokens: int


def compute(predictor: Predictor, texts: Sequence[str]) -> Computed:
    """Clean, tokenise and compute texts on this thread; takes as long as that takes."""
    encoded = predictor.encode(texts)
    tokens = int(encoded.lengths.sum())
    logits = predictor.compute(encoded, lanes=1)
    probabilities = predictor.calibrate(batches.sigmoid(logits))
    lost = encoded.lost if encoded.lost is not None else np.zeros(len(texts), np.bool_)
    on = predictor.decide(probabilities)
    return Computed(Scores(logits=logits, probabilities=probabilities, on=on, lost=lost), tokens)


def check_thresholds(thresholds: Thresholds, labels: Labels) -> None:
    """Refuse thresholds before anything is computed.

    Raises:
        InputError: one is not between 0 and 1 or for what is no label.

    """
    decision.override(_Decided(np.zeros((0, len(labels)), np.bool_)), thresholds, labels)


def decided(scores: Scores, thresholds: Thresholds | None, labels: Labels) -> NDArray[np.bool_]:
    """Return which labels are on, (n, C), by a request's own thresholds where it has some."""
    if thresholds is None:
        return scores.on
    return decision.override(_Decided(scores.on), thresholds, labels).decide(scores.probabilities)


class _Decided(Decision):
    """The decision that the batch has gone through already."""

    fitted = False

    def __init__(self, on: NDArray[np.bool_]) -> None:
        self._on = on

    def decide(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:  # noqa: ARG002
        return self._on.copy()

    def to_json(self) -> dict[str, object]:
        raise TypeError("a decision that was made is not saved")
