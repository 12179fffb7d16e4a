"""What focal and asymmetric share: cross-entropy that fades where a label is easy."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

from overtone.losses import Count
from overtone.losses._constant import Constant


def focused(logits: Tensor, gamma: float) -> Tensor:
    """Return -(1 - p)^gamma log p, p the sigmoid of the logits.

    Both factors come from log-sigmoids, so nothing is lost or infinite where p is nearly 0 or 1. Of
    absent labels it is what -logits give: their p is 1 - p.
    """
    surprise = F.softplus(-logits)
    return torch.exp(-gamma * (logits + surprise)) * surprise if gamma else surprise


def mean(
    present: Tensor, absent: Tensor, targets: Tensor, count: Count, weights: Constant | None
) -> Tensor:
    """Return the mean over annotated cells, a scalar, of what each costs if present and if absent.

    All are (B, C), and finite in gaps too. A soft target mixes both costs. The cost of a present
    label is multiplied by its weight, (C,).
    """
    if weights is not None:
        present = present * weights.like(present)
    # Either product is 0 in a gap: not the sum, which would be the cost if absent.
    cells = targets.nan_to_num(0.0) * present + (1 - targets).nan_to_num(0.0) * absent
    return cells.sum() / count.cells
