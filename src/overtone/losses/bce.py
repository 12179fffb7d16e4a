"""Binary cross-entropy on each label: the mean over annotated cells.

The report's "cross-entropy" for its sigmoid classifiers, and the first term of SpanEmo's loss.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

from overtone.losses import Count, Loss


@dataclass(frozen=True, kw_only=True)
class Config:
    """Binary cross-entropy has no options."""


def build(config: Config) -> Loss:  # noqa: ARG001 - every loss has the same shape
    """Return the loss."""
    return bce


def bce(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
    """Return the mean binary cross-entropy, a scalar, of logits and targets (B, C)."""
    annotated = ~torch.isnan(targets)
    # Gaps are filled before the loss, not after: NaN times zero is NaN, in the gradient too.
    cells = F.binary_cross_entropy_with_logits(
        torch.where(annotated, logits, 0.0), torch.where(annotated, targets, 0.0), reduction="none"
    )
    return (cells * annotated).sum() / count.cells
