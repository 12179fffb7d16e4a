"""Losses: logits and targets to a scalar. torch.

A loss is one file here with a `Config(Weighted)` and `build(config, weights) -> Loss`; the weights,
(C,) or None, are those of present labels. Targets are (B, C) in [0, 1]; NaN marks a cell that is
not annotated, which no loss and no gradient sees.
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
        InputError: there is no such loss, or a weight is given to what is no label.
        ConfigError: the options are not its options.

    """
    module = find_plugin(__name__, name)
    config = parse(module.Config, options, where="loss")
    loss: Loss = module.build(config, positive(config, labels, targets))
    return loss
