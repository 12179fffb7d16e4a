"""Weights of present labels: the option that every loss has, against labels that are rare.

With `balance` 1, a label's texts weigh as much together as the texts without it, as scikit-learn's
"balanced" class weights do; between 0 and 1, part of the way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from overtone.config import Range, Share
from overtone.errors import InputError
from overtone.labels import Labels

MOST = 100.0
"""Largest weight that `balance` gives: a handful of texts should not be all that counts."""


@dataclass(frozen=True, kw_only=True)
class Weighted:
    """Options about the weight of present labels."""

    balance: Share = 0.0
    """Present labels weigh (absent / present in the train split) to this power; 0 leaves them
    alone, 1 makes up for all of a label's rarity."""
    positive_weights: dict[str, Annotated[float, Range(0)]] = field(default_factory=dict)
    """Weights of present labels by label name, in place of what `balance` gives."""


def positive(
    config: Weighted, labels: Labels | None, targets: NDArray[np.float32] | None
) -> Tensor | None:
    """Return the weight of each label where it is present, (C,), or None where all weigh 1.

    Args:
        config: what is wanted.
        labels: the labels.
        targets: those of the train split, (n, C), NaN where not annotated.

    Raises:
        InputError: a name is not one of the labels.

    """
    if not (config.balance or config.positive_weights):
        return None
    assert labels is not None  # noqa: S101 - what is trained on is known wherever weights are used
    assert targets is not None  # noqa: S101
    if unknown := sorted(set(config.positive_weights) - set(labels.names)):
        raise InputError(
            f"loss.positive_weights has {', '.join(unknown)}, which is no label; there are: "
            f"{', '.join(labels.names)}"
        )
    present = np.nansum(targets, axis=0, dtype=np.float64)
    absent = (~np.isnan(targets)).sum(axis=0) - present
    # A label that is always or never there teaches nothing, whatever its weight.
    both = (present > 0) & (absent > 0)
    ratio = np.where(both, absent / np.where(both, present, 1), 1.0)
    weights = np.clip(ratio**config.balance, 1 / MOST, MOST)
    for name, weight in config.positive_weights.items():
        weights[labels.names.index(name)] = weight
    return torch.from_numpy(weights.astype(np.float32))
