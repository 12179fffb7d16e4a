"""Focal loss: cross-entropy that fades where a label is easy, the mean over annotated cells.

Source: Lin et al., Focal Loss for Dense Object Detection (ICCV 2017), equation 5:
-alpha_t (1 - p_t)^gamma log p_t, where p_t is the probability of what is true, and alpha_t is alpha
for what is present, 1 - alpha for what is absent. Its probabilities are drawn towards one half, so
fit a decision or calibrate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from overtone.config import NotNegative, Share
from overtone.losses import Count, Loss
from overtone.losses._constant import Constant
from overtone.losses._focus import focused, mean
from overtone.losses._smoothing import Smoothed


@dataclass(frozen=True, kw_only=True)
class Config(Smoothed):
    """How fast easy labels fade, and what present ones weigh; the defaults are the paper's."""

    gamma: NotNegative = 2.0
    """Power of 1 - p_t; 0 is cross-entropy."""
    alpha: Share = 0.25
    """Weight of present labels, against 1 - alpha of absent ones; 0.5 favours neither."""


def build(
    config: Config,
    weights: Constant | None,
    targets: NDArray[np.float32] | None,  # noqa: ARG001 - every loss has this shape
) -> Loss:
    """Return the loss."""

    def focal(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        """Return the mean over annotated cells, a scalar, of logits and targets (B, C)."""
        logits = logits.masked_fill(torch.isnan(targets), 0.0)
        present = config.alpha * focused(logits, config.gamma)
        absent = (1 - config.alpha) * focused(-logits, config.gamma)
        return mean(present, absent, targets, count, weights)

    return focal
