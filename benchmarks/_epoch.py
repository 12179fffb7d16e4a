"""What every way to train is given, and what is measured of one epoch of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PreTrainedModel

from overtone.labels import Labels
from overtone.models import encoders

BATCH = 32
LENGTH = 128
"""Tokens to which the ways that pad to the maximum pad."""
DROPOUT = 0.1
"""As the encoders were pretrained."""
CLIP = 1.0
"""Largest norm of a step's gradient."""


@dataclass(frozen=True, eq=False)
class Task:
    """What is trained on, and how."""

    texts: list[str]
    """Cleaned, n of them."""
    targets: NDArray[np.float32]
    """(n, C)."""
    labels: Labels
    encoder: str
    """As `overtone.models.encoders.load` takes it."""
    device: torch.device
    precision: str
    """fp32 or bf16."""

    def load_encoder(self) -> tuple[PreTrainedModel, str]:
        """Return a fresh encoder without its pooler, and its tokenizer as tokenizer.json."""
        loaded = encoders.load(self.encoder, encoders.dropout(DROPOUT, DROPOUT))
        return loaded.model, loaded.tokenizer


@dataclass(frozen=True)
class Epoch:
    """One epoch of training."""

    seconds: float
    texts: int
    tokens: int
    """That are no padding."""
    padded_tokens: int
    flops: int
    last_layer_tokens: int | None = None
    """Tokens of each text whose outputs the last layer computes, where that is not all."""
    precision: str = "fp32"

    @property
    def texts_per_second(self) -> float:
        """Return the texts a second."""
        return self.texts / self.seconds

    @property
    def tokens_per_second(self) -> float:
        """Return the tokens a second that are no padding."""
        return self.tokens / self.seconds

    @property
    def flops_per_second(self) -> float:
        """Return the operations a second, as `_flops` counts them."""
        return self.flops / self.seconds


@dataclass
class Seen:
    """The batches that a model was trained on."""

    shapes: list[tuple[int, int]] = field(default_factory=list)
    """(B, L) of each forward pass."""
    first: dict[str, Tensor] = field(default_factory=dict)
    """The arrays of the first one."""

    def check(self, texts: int) -> None:
        """Make sure that every text was seen once.

        Raises:
            RuntimeError: the counts would be wrong.

        """
        if (found := sum(rows for rows, _ in self.shapes)) != texts:
            raise RuntimeError(f"expected an epoch of {texts} rows, found {found}")

    @property
    def tokens(self) -> int:
        """Return the tokens of all batches, padding included."""
        return sum(rows * length for rows, length in self.shapes)


@contextmanager
def watched(model: nn.Module) -> Iterator[Seen]:
    """Note the batches that a model is trained on, whoever trains it."""
    seen = Seen()

    def note(module: nn.Module, _: tuple[Any, ...], arrays: dict[str, Any]) -> None:
        if module.training:
            seen.first = seen.first or arrays
            rows, length = arrays["input_ids"].shape
            seen.shapes.append((rows, length))

    hook = model.register_forward_pre_hook(note, with_kwargs=True)
    try:
        yield seen
    finally:
        hook.remove()
