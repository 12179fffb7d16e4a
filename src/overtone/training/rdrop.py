"""R-Drop: two passes of a text, with dropout of their own, should say the same.

Source: Liang et al., R-Drop: Regularized Dropout for Neural Networks (NeurIPS 2021), equations 2 to
4, for labels that don't exclude each other: each has a Bernoulli distribution of its own, and the
divergence is the mean over annotated cells, as cross-entropy is. The losses of the two passes are
averaged, as in the authors' code, so that the learning rates and `clip` mean what they did.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from overtone.losses import Count


def divergence(
    one: Sequence[Tensor], other: Sequence[Tensor], targets: Tensor, count: Count
) -> Tensor:
    """Return (KL(P || Q) + KL(Q || P)) / 2 of two passes, a scalar; a batch's parts add up.

    Args:
        one: a pass's logits, (B, C), for each dropout mask of the head; their mean counts.
        other: the other pass's.
        targets: (B, C), NaN where not annotated, which is left out.
        count: what is annotated in the effective batch.

    """
    annotated = ~torch.isnan(targets)
    masks = [
        # What KL(P || Q) + KL(Q || P) comes to where a and b are the logits of P and Q; no
        # logarithm is taken that could be infinite.
        ((torch.sigmoid(a) - torch.sigmoid(b)) * (a - b) / 2 * annotated).sum()
        for a, b in zip(one, other, strict=True)
    ]
    return torch.stack(masks).mean() / count.cells
