"""Soft Jaccard beside cross-entropy: (1 - alpha) * bce + alpha * each text's Jaccard distance.

Source: Rahman & Wang, Optimizing Intersection-Over-Union in Deep Neural Networks for Image
Segmentation (ISVC 2016), for targets of 0 and 1: 1 - sum(y p) / sum(y + p - y p), here over the
annotated labels of a text, and the mean over texts. At a soft target that is not least where p is
y, so the sums are those of Wang et al., Jaccard Metric Losses (NeurIPS 2023), which are the same at
0 and 1: 1 - sum(min(y, p)) / sum(max(y, p)).

For a text without a present label that is 1 whatever p is, and would teach nothing. Such a text is
scored as if `none` were a label, present and predicted: 1 - 1 / (1 + sum(p)), least where nothing
is predicted, as in the metric `jaccard`. Where targets, soft or weighted, sum to less than one
label, `none` makes up for the rest.

Alone (alpha 1) it learns badly: its gradient fades where p is wrong but sure. Smooth it little, for
of many labels the absent ones together soon have more of the target than the present ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from overtone.config import Share
from overtone.losses import Count, Loss
from overtone.losses._constant import Constant
from overtone.losses._smoothing import Smoothed
from overtone.losses.bce import bce


@dataclass(frozen=True, kw_only=True)
class Config(Smoothed):
    """The weight of the two terms."""

    alpha: Share = 0.5
    """Weight of the soft Jaccard distance; 0 leaves cross-entropy alone."""


def build(
    config: Config,
    weights: Constant | None,
    targets: NDArray[np.float32] | None,  # noqa: ARG001 - every loss has this shape
) -> Loss:
    """Return the loss."""

    def soft_jaccard(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        """Return the weighted sum of both terms, a scalar, of logits and targets (B, C)."""
        cells = bce(logits, targets, count, weights)
        texts = jaccard_distance(logits, targets, count, weights)
        return (1 - config.alpha) * cells + config.alpha * texts

    return soft_jaccard


def jaccard_distance(
    logits: Tensor, targets: Tensor, count: Count, weights: Constant | None = None
) -> Tensor:
    """Return the soft Jaccard distance, the mean over rows, of logits and targets (B, C).

    A label's share of both sums is multiplied by its weight, (C,), as far as it is present.
    """
    # A gap is a label that is neither present nor predicted; its gradient is 0.
    p = torch.sigmoid(logits.masked_fill(torch.isnan(targets), -torch.inf))
    y = targets.nan_to_num(0.0)
    if weights is not None:
        share = 1 + (weights.like(y) - 1) * y
        y, p = y * share, p * share
    present, apart = y.sum(dim=1), (y - p).abs().sum(dim=1)  # (B,)
    union = (present + p.sum(dim=1) + apart) / 2  # the larger of two is half of sum and distance
    none = (1 - present).clamp(min=0)
    return (apart / (union + none)).sum() / count.rows
