"""What goes into training and what comes out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overtone.evaluation.cost import Cost
from overtone.inputs import Encoded, Inputs

Scores = dict[str, float]


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """What is trained on."""

    inputs: Inputs
    encoded: Encoded
    targets: NDArray[np.float32]
    """(n, C), NaN where not annotated."""
    ids: Sequence[str]
    """(n,) what each text is called in its file."""


@dataclass(frozen=True)
class Fitted:
    """What training left behind, besides the best weights in the model."""

    history: list[dict[str, Any]]
    """One entry an epoch, as in history.jsonl."""
    best_epoch: int
    """From 1."""
    cost: Cost
