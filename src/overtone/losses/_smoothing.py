"""Label smoothing: targets drawn towards one half, the option of losses that read their value.

Source: Szegedy et al., Rethinking the Inception Architecture (CVPR 2016), section 7, for each label
as two classes of its own, present and absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from overtone.config import Range
from overtone.losses._weights import Weighted


@dataclass(frozen=True, kw_only=True)
class Smoothed(Weighted):
    """Options of losses that tell a target of .9 from one of 1."""

    smoothing: Annotated[float, Range(0, 0.5)] = 0.0
    """A present label's target is 1 - smoothing / 2, an absent one's smoothing / 2."""


def smooth(targets: Tensor, smoothing: float) -> Tensor:
    """Return targets (B, C) drawn towards one half; gaps stay gaps.

    None crosses one half, so a loss that only asks what is present sees no difference.
    """
    return targets + smoothing * (0.5 - targets)
