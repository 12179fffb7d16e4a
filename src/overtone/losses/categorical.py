"""Categorical cross-entropy: -sum of log p over the present labels, the mean over rows.

The loss of the report's CNN, whose softmax shares one unit of probability among the labels. The
model `paper_cnn` gives logits whose sigmoid is that softmax, so log p is their log-sigmoid. With a
model whose labels don't compete, nothing pushes absent labels down.
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
from overtone.losses._weights import Weighted


@dataclass(frozen=True, kw_only=True)
class Config(Weighted):
    """Categorical cross-entropy has no options of its own."""


def build(
    config: Config,  # noqa: ARG001 - every loss has this shape
    weights: Constant | None,
    targets: NDArray[np.float32] | None,  # noqa: ARG001
) -> Loss:
    """Return the loss."""

    def categorical(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        """Return the mean over rows, a scalar, of logits and targets (B, C)."""
        annotated = ~torch.isnan(targets)
        present = torch.where(annotated, targets, 0.0)
        if weights is not None:
            present = present * weights.like(present)
        log_probabilities = F.logsigmoid(torch.where(annotated, logits, 0.0))
        return -(present * log_probabilities).sum() / count.rows

    return categorical
