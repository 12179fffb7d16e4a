"""The label-correlation-aware (LCA) loss: present labels should score above absent ones.

Source: Alhuzali & Ananiadou, SpanEmo (EACL 2021), equation 5. For a text with present labels P,
absent labels N and probabilities y: 1 / (|P| |N|) * sum over p, n of exp(y_n - y_p), and 0 where P
or N is empty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from overtone.losses import Count, Loss
from overtone.losses._constant import Constant
from overtone.losses._weights import Weighted


@dataclass(frozen=True, kw_only=True)
class Config(Weighted):
    """The label-correlation-aware loss has no options of its own."""


def build(
    config: Config,  # noqa: ARG001 - every loss has this shape
    weights: Constant | None,
    targets: NDArray[np.float32] | None,  # noqa: ARG001
) -> Loss:
    """Return the loss."""

    def loss(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        return label_correlation(logits, targets, count, weights)

    return loss


def label_correlation(
    logits: Tensor, targets: Tensor, count: Count, weights: Constant | None = None
) -> Tensor:
    """Return the LCA loss, the mean over rows, of logits and targets (B, C).

    A target above 0.5 counts as present. exp(y_n - y_p) is exp(y_n) * exp(-y_p), so the double sum
    is a product of two sums and needs no loop. With weights (C,), the mean over present labels is
    a weighted one.
    """
    probabilities = torch.sigmoid(torch.where(torch.isnan(targets), 0.0, logits))
    present = (targets > 0.5).to(probabilities)  # noqa: PLR2004 - NaN is neither  # (B, C)
    absent = (targets <= 0.5).to(probabilities)  # noqa: PLR2004
    if weights is not None:
        present = present * weights.like(probabilities)
    low = _mean(torch.exp(-probabilities), present)
    high = _mean(torch.exp(probabilities), absent)
    return (low * high).sum() / count.rows


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean of each row's cells, (B,); 0 where none has weight."""
    total = weights.sum(dim=1)
    return (values * weights).sum(dim=1) / torch.where(total > 0, total, 1.0)
