"""Losses: logits and targets to a scalar. torch.

A loss is one file here with a `Config` and `build(config) -> Loss`. Targets are (B, C) in [0, 1];
NaN marks a cell that is not annotated, which no loss and no gradient sees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from overtone.config import find_plugin, parse


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


def load(name: str, options: Mapping[str, object]) -> Loss:
    """Build the loss called `name`.

    Raises:
        InputError: there is no such loss.
        ConfigError: the options are not its options.

    """
    module = find_plugin(__name__, name)
    loss: Loss = module.build(parse(module.Config, options, where="loss"))
    return loss
