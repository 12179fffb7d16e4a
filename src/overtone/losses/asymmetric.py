"""Asymmetric loss (ASL): easy absent labels fade faster than present ones, the easiest altogether.

Source: Ridnik, Ben-Baruch et al., Asymmetric Loss for Multi-Label Classification (ICCV 2021),
section 2. With p_m = max(p - margin, 0), a present label costs -(1 - p)^gamma_positive log p, an
absent one -p_m^gamma_negative log(1 - p_m). The authors' code sums over labels; here it is the mean
over annotated cells. Its probabilities are too high, so fit a decision or calibrate.
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

NOTHING = 1e-12
"""Least shifted probability: the slope of x^gamma at 0 is infinite where gamma is below 1."""


@dataclass(frozen=True, kw_only=True)
class Config(Smoothed):
    """How fast easy labels fade; the defaults are the paper's."""

    gamma_positive: NotNegative = 0.0
    """Power for present labels."""
    gamma_negative: NotNegative = 4.0
    """Power for absent labels."""
    margin: Share = 0.05
    """Absent labels that are less probable than this cost nothing."""


def build(
    config: Config,
    weights: Constant | None,
    targets: NDArray[np.float32] | None,  # noqa: ARG001 - every loss has this shape
) -> Loss:
    """Return the loss."""

    def asymmetric(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        """Return the mean over annotated cells, a scalar, of logits and targets (B, C)."""
        logits = logits.masked_fill(torch.isnan(targets), 0.0)
        present = focused(logits, config.gamma_positive)
        absent = _shifted(logits, config.gamma_negative, config.margin)
        return mean(present, absent, targets, count, weights)

    return asymmetric


def _shifted(logits: Tensor, gamma: float, margin: float) -> Tensor:
    """Return what each label costs if it is absent."""
    if not margin:
        return focused(-logits, gamma)
    shifted = (torch.sigmoid(logits) - margin).clamp(min=NOTHING)
    return shifted**gamma * -torch.log1p(-shifted)
