"""SpanEmo's joint loss: (1 - alpha) * binary cross-entropy + alpha * label-correlation-aware loss.

Source: Alhuzali & Ananiadou, SpanEmo (EACL 2021), equation 6; alpha is 0.2 there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from overtone.config import Share
from overtone.losses import Count, Loss
from overtone.losses._constant import Constant
from overtone.losses._smoothing import Smoothed
from overtone.losses.bce import bce
from overtone.losses.label_correlation import label_correlation


@dataclass(frozen=True, kw_only=True)
class Config(Smoothed):
    """The weight of the two terms."""

    alpha: Share = 0.2
    """Weight of the label-correlation-aware term; 0 leaves cross-entropy alone."""


def build(
    config: Config,
    weights: Constant | None,
    targets: NDArray[np.float32] | None,  # noqa: ARG001 - every loss has this shape
) -> Loss:
    """Return the loss."""

    def joint(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        """Return the weighted sum of both terms, a scalar, of logits and targets (B, C)."""
        cells = bce(logits, targets, count, weights)
        pairs = label_correlation(logits, targets, count, weights)
        return (1 - config.alpha) * cells + config.alpha * pairs

    return joint
