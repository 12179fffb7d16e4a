"""Demux's loss: (1 - alpha) * binary cross-entropy + alpha * a loss on pairs of labels.

Source: Chochlakis et al., Leveraging Label Correlations in a Multi-label Setting: A Case Study in
Emotion (ICASSP 2023), the local terms on predictions, as in the authors' code (Demux-MEmo,
`exp_diff`). For a text with present labels P, absent labels N and probabilities y:

- inter: the mean over p in P and n in N of exp(y_n - y_p), as in SpanEmo: P should score above N;
- intra: the mean over pairs in N of exp(y_i + y_j) and over pairs in P of exp(-y_i - y_j), and the
  mean of these two where neither P nor N is empty: what is alike in truth should move together.

`both` is the mean of inter and intra, or intra alone where P or N is empty. With `correlated`, a
pair within a group counts (1 + r) / 2 times and one between the groups (1 - r) / 2 times, where r
is the correlation of the two labels in the train split.

Intra differs from the code: that puts logits into it, whose exp has no bound, where here, as in
inter, are probabilities; and it takes the mean over a square half of which holds ones, here it is
over pairs. The paper's global terms are about hidden states, which no loss on logits sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from overtone.config import Share
from overtone.losses import Count, Loss
from overtone.losses._constant import Constant
from overtone.losses._smoothing import Smoothed
from overtone.losses.bce import bce

Pairs = Literal["both", "intra", "inter"]


@dataclass(frozen=True, kw_only=True)
class Config(Smoothed):
    """Which pairs, and what they weigh."""

    alpha: Share = 0.2
    """Weight of the loss on pairs; 0 leaves cross-entropy alone."""
    pairs: Pairs = "both"
    """Pairs of a present and an absent label (inter), of two of a kind (intra), or both."""
    correlated: bool = False
    """Weigh pairs by how the two labels go together in the train split."""


def build(config: Config, weights: Constant | None, targets: NDArray[np.float32] | None) -> Loss:
    """Return the loss."""
    together = None
    if config.correlated:
        assert targets is not None  # noqa: S101 - what is trained on is known wherever this is asked
        shares = correlation(targets) / 2 + 0.5
        np.fill_diagonal(shares, 0)  # a label is no pair with itself
        together = Constant(torch.from_numpy(shares))

    def demux(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        """Return the weighted sum of both terms, a scalar, of logits and targets (B, C)."""
        cells = bce(logits, targets, count, weights)
        pairs = on_pairs(logits, targets, count, config.pairs, weights, together)
        return (1 - config.alpha) * cells + config.alpha * pairs

    return demux


def on_pairs(
    logits: Tensor,
    targets: Tensor,
    count: Count,
    which: Pairs,
    weights: Constant | None = None,
    together: Constant | None = None,
) -> Tensor:
    """Return the loss on pairs, the mean over rows, of logits and targets (B, C).

    A target above 0.5 counts as present. With weights (C,), means over present labels are weighted
    ones. `together` (C, C), in [0, 1], says how far two labels go together; its diagonal is 0.
    """
    probabilities = torch.sigmoid(logits.masked_fill(torch.isnan(targets), 0.0))
    present = (targets > 0.5).to(probabilities)  # noqa: PLR2004 - NaN is neither  # (B, C)
    absent = (targets <= 0.5).to(probabilities)  # noqa: PLR2004
    # Whatever the pair, it costs a product: exp(-y) for what is present, exp(y) for what is not.
    costs = torch.exp((absent - present) * probabilities)
    if weights is not None:
        present = present * weights.like(present)
    groups = torch.stack([present, absent])  # (2, B, C)
    costs = costs * groups
    sums, sizes = costs.sum(dim=2), groups.sum(dim=2)  # (2, B)
    between = sums[0] * sums[1]
    others = sums.unsqueeze(2) - costs  # for each label, the sum over the others in its group
    if together is not None:
        others = costs @ together.like(costs)
        between = between - (others[0] * costs[1]).sum(dim=1)
    between = between / _or_one(sizes[0] * sizes[1])
    if which == "inter":
        return between.sum() / count.rows
    pairs = ((sizes.unsqueeze(2) - groups) * groups).sum(dim=2)
    kinds = 1 + (sizes > 0).all(dim=0).to(costs)
    inside = ((others * costs).sum(dim=2) / _or_one(pairs)).sum(dim=0) / kinds
    rows = inside if which == "intra" else (inside + between) / kinds
    return rows.sum() / count.rows


def _or_one(values: Tensor) -> Tensor:
    """Return values to divide by: 1 where there is nothing to have a mean of."""
    return torch.where(values > 0, values, 1.0)


def correlation(targets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the correlation of each two labels over the texts annotated for both, (C, C).

    It is 0 where a label is always or never there. The targets are (n, C).
    """
    known = ~np.isnan(targets)
    seen, values = known.astype(np.float64), np.where(known, targets, 0).astype(np.float64)
    texts = np.maximum(seen.T @ seen, 1)
    mean = values.T @ seen / texts  # of the row's label, where the column's is annotated too
    variance = (values**2).T @ seen / texts - mean**2
    covariance = values.T @ values / texts - mean * mean.T
    scale = np.sqrt(np.maximum(variance * variance.T, 0))
    varies = scale > 1e-12  # noqa: PLR2004 - rounding is no variance
    found = np.where(varies, covariance / np.where(varies, scale, 1), 0)
    return np.clip(found, -1, 1).astype(np.float32)
