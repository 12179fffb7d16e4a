"""Attention for training on a CPU, where torch's fused kernel is slow in bf16 or with dropout.

Registered with transformers under NAME. For short rows two batched products and a softmax take the
same time as the fused kernel in fp32; in bf16 the kernel's backward takes seven times as long
(benchmarks in docs/log.md). Elsewhere, and where nothing is trained, torch's kernel is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from overtone.models._dropout import drop

NAME = "overtone"


_kept: ContextVar[list[Tensor] | None] = ContextVar("kept", default=None)


@contextmanager
def watched() -> Iterator[list[Tensor]]:
    """Keep each layer's attention weights, (B, heads, Q, L), while this thread computes."""
    found: list[Tensor] = []
    token = _kept.set(found)
    try:
        yield found
    finally:
        _kept.reset(token)


def attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **kwargs: Any,  # noqa: ANN401 - whatever transformers hands on
) -> tuple[Tensor, None]:
    """Return softmax(q k^T * scaling) v, (B, Q, heads, d), and no weights.

    Args:
        module: the layer that asks; without a mask, its `is_causal` hides later tokens.
        query: (B, heads, Q, d).
        key: (B, heads, L, d); where there are fewer heads, several queries share one.
        value: as `key`.
        attention_mask: True where a query may look, broadcastable to (B, heads, Q, L), or None.
        dropout: share of the weights that are dropped.
        scaling: factor of the products; 1 / sqrt(d) where None.
        kwargs: handed on to torch's kernel.

    """
    if (kept := _kept.get()) is not None:
        kept.append(_weights(query, key, attention_mask, scaling))
    if attention_mask is None:
        plain = not getattr(module, "is_causal", True)
    else:
        plain = attention_mask.dtype == torch.bool
    plain = plain and query.shape[1] == key.shape[1]  # else several queries share a key
    ours = query.device.type == "cpu" and torch.is_grad_enabled() and plain
    if not ours or (not dropout and query.dtype == torch.float32):
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout, scaling, **kwargs
        )
    factor = query.shape[-1] ** -0.5 if scaling is None else scaling
    scores = torch.matmul(query * factor, key.transpose(-1, -2))  # (B, heads, Q, L)
    if attention_mask is not None:
        scores = scores.masked_fill_(~attention_mask, torch.finfo(scores.dtype).min)
    weights = torch.softmax(scores, dim=-1).to(value.dtype)
    if dropout:
        weights = drop(weights, dropout)
    return torch.matmul(weights, value).transpose(1, 2), None


def _weights(query: Tensor, key: Tensor, mask: Tensor | None, scaling: float | None) -> Tensor:
    """Return softmax(q k^T * scaling), (B, heads, Q, L); arguments as for `attention`."""
    factor = query.shape[-1] ** -0.5 if scaling is None else scaling
    key = key.repeat_interleave(query.shape[1] // key.shape[1], dim=1)
    scores = torch.matmul(query * factor, key.transpose(-1, -2))
    if mask is not None and mask.dtype == torch.bool:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    elif mask is not None:
        scores = scores + mask
    return torch.softmax(scores, dim=-1)


AttentionInterface.register(NAME, attention)
AttentionMaskInterface.register(NAME, sdpa_mask)
