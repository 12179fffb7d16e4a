"""Adversarial training: a second pass whose words are moved to where the loss rises most.

Source: Miyato et al., Adversarial Training Methods for Semi-Supervised Text Classification (ICLR
2017), equations 5 and 6, also known as FGM: each row's word vectors s get r = epsilon * g / ||g||
added, g the gradient of the loss with respect to s. The loss is (L(s) + L(s + r)) / 2: the
paper's sum, halved so that the learning rates and `clip` mean what they did. The vectors are not
normalised as in the paper, which trains them from random ones: a pretrained encoder knows its own.

What is moved is the embedding layer's output, so the table may be frozen. The norm is that of one
row, not of the batch: r depends on nothing but the row, however a batch is cut.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

import torch
from torch import Tensor, nn


class Perturbed:
    """Word embeddings that have something added while this is active; at first zeros."""

    def __init__(self, words: nn.Module) -> None:
        """Store the layer, whose output is (B, L, D)."""
        self._words = words
        self._added: Tensor | None = None

    def __enter__(self) -> Self:
        """Begin; passes from here on are of one and the same batch."""
        self._hook = self._words.register_forward_hook(self._add)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the layer as it was."""
        self._hook.remove()

    def perturb(self, epsilon: float) -> None:
        """Add what raises the loss most, each row's of norm epsilon, once its gradient is known."""
        assert self._added is not None  # noqa: S101 - the first pass went through the layer
        gradient = self._added.grad
        assert gradient is not None  # noqa: S101 - and back
        norm = torch.linalg.vector_norm(gradient, dim=(1, 2), keepdim=True)
        # A row without annotated cells has no gradient, and nothing is added to it.
        self._added = epsilon * gradient / torch.where(norm > 0, norm, 1.0)

    def _add(self, layer: nn.Module, given: object, output: Tensor) -> Tensor:  # noqa: ARG002
        if self._added is None:
            # Its gradient is the vectors', whether or not those are trained.
            self._added = torch.zeros_like(output, requires_grad=True)
        return output + self._added
