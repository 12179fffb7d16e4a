"""Weights of present labels: the option that every loss has, against labels that are rare.

With `balance` 1, a label's texts weigh as much together as the texts without it, as scikit-learn's
"balanced" class weights do; between 0 and 1, part of the way. With `balance_beta`, texts count by
their effective number: the class-balanced weights of Cui et al., Class-Balanced Loss Based on
Effective Number of Samples (CVPR 2019), with each label as two classes of its own, present and
absent.
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
    balance_beta: Share = 1.0
    """What `balance` counts: below 1, n texts count as (1 - beta^n) / (1 - beta), which is hardly
    more than 1 / (1 - beta) however many there are; 1 counts them all."""
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
        InputError: a name is not one of the labels, or `balance_beta` is given without `balance`.

    """
    if config.balance_beta < 1 and not config.balance:
        raise InputError(
            f"loss.balance_beta changes what loss.balance counts, found {config.balance_beta:g} "
            "with loss.balance 0: set loss.balance too, 1 for the whole effect"
        )
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
    absent, present = (
        _effective(np.where(both, texts, 1.0), config.balance_beta) for texts in (absent, present)
    )
    ratio = absent / present
    weights = np.clip(ratio**config.balance, 1 / MOST, MOST)
    for name, weight in config.positive_weights.items():
        weights[labels.names.index(name)] = weight
    return torch.from_numpy(weights.astype(np.float32))


def _effective(texts: NDArray[np.float64], beta: float) -> NDArray[np.float64]:
    """Return the effective number of each number of texts."""
    if beta == 1:
        return texts
    return np.asarray((1 - beta**texts) / (1 - beta))
