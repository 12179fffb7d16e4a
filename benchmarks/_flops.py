"""Floating-point operations, counted from shapes, and the rate that the machine has for them.

Counted are the matrix products of encoder and head as they are executed, padding included: linear
layers, and queries x keys and weights x values of the attention. Embeddings, softmax, dropout,
normalisation and the optimiser are not. A backward pass counts as two forward ones: the gradient
with respect to the weights and that with respect to the input, which the first layer needs too,
because the embeddings' normalisation is trained. What is computed twice counts once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import PreTrainedConfig

from overtone.errors import InputError

STEP = 3
"""Forward passes that a forward and a backward pass cost."""
NEAR = 1e-3
"""How near to a whole number counts as one."""
PRODUCTS = {"cpu": 1, "cuda": 50}
"""Products that are timed together: one takes a GPU only a millisecond."""


@dataclass(frozen=True)
class Shape:
    """An encoder's sizes."""

    layers: int
    hidden: int
    feed_forward: int

    @classmethod
    def of(cls, config: PreTrainedConfig) -> Shape:
        """Read the sizes off an encoder's config.

        Raises:
            InputError: the encoder has other layers than BERT's.

        """
        if config.model_type not in {"bert", "distilbert"}:
            raise InputError(
                f"expected an encoder with BERT's layers, whose products are counted here, found "
                f"{config.model_type}: choose minilm or random/…"
            )
        feed_forward = config.hidden_dim if "hidden_dim" in config else config.intermediate_size
        return cls(config.num_hidden_layers, config.hidden_size, feed_forward)


def encoder(shape: Shape, texts: int, tokens: int, last_layer_tokens: int | None = None) -> int:
    """Return the operations of an encoder's forward pass on a batch (texts, tokens).

    Args:
        shape: the encoder's.
        texts: B.
        tokens: L, padding included.
        last_layer_tokens: tokens of each text for which the last layer computes queries, attention
            and feed-forward; all of them where none is given. Keys and values are always all.

    """
    last = tokens if last_layer_tokens is None else last_layer_tokens
    layers = (shape.layers - 1) * _layer(shape, tokens, tokens) + _layer(shape, tokens, last)
    return texts * layers


def _layer(shape: Shape, tokens: int, queries: int) -> int:
    """Return the operations of a layer on one text."""
    wide = shape.hidden
    keys_values = 2 * tokens * wide * wide
    query_output = 2 * queries * wide * wide
    attention = 2 * queries * tokens * wide
    feed_forward = 2 * queries * wide * shape.feed_forward
    return 2 * (keys_values + query_output + attention + feed_forward)


def label_head(shape: Shape, texts: int, labels: int) -> int:
    """Return the operations of the forward pass of SpanEmo's head: two linear layers a label."""
    return 2 * texts * labels * (shape.hidden * shape.hidden + shape.hidden)


def label_pool(shape: Shape, texts: int, labels: int, tokens: int) -> int:
    """Return the operations of the mean over each label's tokens, as one product a text.

    Its backward pass is one product too: the means are no parameters.
    """
    return 2 * texts * labels * tokens * shape.hidden


def class_head(shape: Shape, texts: int, labels: int) -> int:
    """Return the operations of the forward pass of a pooler and a linear layer on [CLS]."""
    return 2 * texts * shape.hidden * (shape.hidden + labels)


def counted_by_torch(model: nn.Module, arrays: Mapping[str, Tensor]) -> int:
    """Return the operations of a model's forward pass as torch counts them while it runs."""
    # The counter doesn't know every fused attention kernel; the plain one is made of products.
    with (
        torch.no_grad(),
        sdpa_kernel(SDPBackend.MATH),
        FlopCounterMode(display=False) as counter,
    ):
        model(**arrays)
    return int(counter.get_total_flops())


def last_layer_tokens(shape: Shape, found: int, head: int, texts: int, tokens: int) -> int | None:
    """Return for how many tokens of each text the last layer computes its outputs, None for all.

    Args:
        shape: the encoder's.
        found: operations of a forward pass, as torch counts them.
        head: those of them that are the head's.
        texts: B.
        tokens: L.

    Raises:
        InputError: no number of tokens explains what was found.

    """
    full = encoder(shape, texts, tokens)
    one = texts * (_layer(shape, tokens, 1) - _layer(shape, tokens, 0))
    exact = (full - (found - head)) / one
    spared = round(exact)
    if not (0 <= spared < tokens and abs(exact - spared) < NEAR):
        raise InputError(
            f"expected {full + head:,} operations in a forward pass of {texts} x {tokens} tokens, "
            f"or fewer by whole tokens in the last layer, found {found:,}: the count in "
            "benchmarks/_flops.py is no longer that of the model"
        )
    return tokens - spared if spared else None


def matrix_rate(device: torch.device, dtype: torch.dtype, size: int, times: int = 3) -> float:
    """Return the operations a second of a product of two square matrices, the median of several."""
    matrices: Any = [torch.randn(size, size, device=device).to(dtype) for _ in range(2)]
    products = PRODUCTS[device.type]
    rates = []
    for _ in range(times + 1):
        synchronise(device)
        start = time.perf_counter()
        for _ in range(products):
            torch.matmul(*matrices)
        synchronise(device)
        rates.append(products * 2 * size**3 / (time.perf_counter() - start))
    return median(rates[1:])  # the first one prepares what the others use


def synchronise(device: torch.device) -> None:
    """Wait until a GPU has done what it was asked for, so that a clock can be read."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
