"""The label-correlation-aware (LCA) loss: present labels should score above absent ones.

Source: Alhuzali & Ananiadou, SpanEmo (EACL 2021), equation 5. For a text with present labels P,
absent labels N and probabilities y: 1 / (|P| |N|) * sum over p, n of exp(y_n - y_p), and 0 where P
or N is empty.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from overtone.losses import Count, Loss


@dataclass(frozen=True, kw_only=True)
class Config:
    """The label-correlation-aware loss has no options."""


def build(config: Config) -> Loss:  # noqa: ARG001 - every loss has the same shape
    """Return the loss."""
    return label_correlation


def label_correlation(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
    """Return the LCA loss, the mean over rows, of logits and targets (B, C).

    A target above 0.5 counts as present. exp(y_n - y_p) is exp(y_n) * exp(-y_p), so the double sum
    is a product of two sums and needs no loop.
    """
    probabilities = torch.sigmoid(torch.where(torch.isnan(targets), 0.0, logits))
    present = targets > 0.5  # noqa: PLR2004 - NaN is neither present nor absent  # (B, C)
    absent = targets <= 0.5  # noqa: PLR2004
    low = _mean(torch.exp(-probabilities), present)
    high = _mean(torch.exp(probabilities), absent)
    return (low * high).sum() / count.rows


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    """Return the mean of the chosen cells of each row, (B,); 0 where none is chosen."""
    return (values * chosen).sum(dim=1) / chosen.sum(dim=1).clamp(min=1)
