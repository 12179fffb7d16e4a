"""Losses: logits and targets to a scalar. torch.

A loss is one file here with a `Config(Weighted)`, or a `Config(Smoothed)` where it matters whether
a target is .9 or 1, and `build(config, weights, targets) -> Loss`. The weights, (C,) or None, are
those of present labels; the targets are those of the train split, (n, C), or None. Targets are in
[0, 1]; NaN marks a cell that is not annotated, which no loss and no gradient sees. A loss asks for
no value of a tensor, which would make the host wait for the accelerator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from overtone.config import find_plugin, parse
from overtone.labels import Labels
from overtone.losses._constant import Constant
from overtone.losses._smoothing import Smoothed, smooth
from overtone.losses._weights import positive


@dataclass(frozen=True)
class Count:
    """What a loss is averaged over: that of the whole effective batch, however it was cut."""

    cells: Tensor
    """Annotated cells, a scalar."""
    rows: Tensor
    """Rows with at least one annotated cell, a scalar."""

    @classmethod
    def of(cls, targets: Tensor) -> Count:
        """Count what is annotated in targets (B, C); nothing counts as one, not as zero."""
        annotated = ~torch.isnan(targets)
        return cls(annotated.sum().clamp(min=1), annotated.any(dim=1).sum().clamp(min=1))


Loss = Callable[[Tensor, Tensor, Count], Tensor]
"""(logits (B, C), targets (B, C), count) to a scalar; the parts of a batch add up to the whole."""


def load(
    name: str,
    options: Mapping[str, object],
    labels: Labels | None = None,
    targets: NDArray[np.float32] | None = None,
) -> Loss:
    """Build the loss called `name`.

    Args:
        name: a file of this package.
        options: options of its `Config`.
        labels: the labels; needed where present labels are weighted, as are the targets.
        targets: those of the train split, (n, C).

    Raises:
        InputError: there is no such loss, a weight is given to what is no label, or an option lacks
            another that it changes.
        ConfigError: the options are not its options.

    """
    module = find_plugin(__name__, name)
    config = parse(module.Config, options, where="loss")
    weights = positive(config, labels, targets)
    loss: Loss = module.build(config, None if weights is None else Constant(weights), targets)
    if isinstance(config, Smoothed) and config.smoothing:
        return _on_smoothed(loss, config.smoothing)
    return loss


def _on_smoothed(loss: Loss, smoothing: float) -> Loss:
    """Return a loss of smoothed targets."""

    def smoothed(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        return loss(logits, smooth(targets, smoothing), count)

    return smoothed
