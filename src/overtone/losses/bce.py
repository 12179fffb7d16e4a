"""Binary cross-entropy on each label: the mean over annotated cells.

The report's "cross-entropy" for its sigmoid classifiers, and the first term of SpanEmo's loss.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from numpy.typing import NDArray
from torch import Tensor

from overtone.losses import Count, Loss
from overtone.losses._constant import Constant
from overtone.losses._smoothing import Smoothed


@dataclass(frozen=True, kw_only=True)
class Config(Smoothed):
    """Binary cross-entropy has no options of its own."""


def build(
    config: Config,  # noqa: ARG001 - every loss has this shape
    weights: Constant | None,
    targets: NDArray[np.float32] | None,  # noqa: ARG001
) -> Loss:
    """Return the loss."""

    def loss(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        return bce(logits, targets, count, weights)

    return loss


def bce(logits: Tensor, targets: Tensor, count: Count, weights: Constant | None = None) -> Tensor:
    """Return the mean binary cross-entropy, a scalar, of logits and targets (B, C).

    The term of a present label is multiplied by its weight, (C,).
    """
    annotated = ~torch.isnan(targets)
    # Gaps are filled before the loss, not after: NaN times zero is NaN, in the gradient too.
    cells = F.binary_cross_entropy_with_logits(
        torch.where(annotated, logits, 0.0),
        torch.where(annotated, targets, 0.0),
        reduction="none",
        pos_weight=None if weights is None else weights.like(logits),
    )
    return (cells * annotated).sum() / count.cells
