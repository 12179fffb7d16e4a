"""The last layer, computed only where its output is read.

SpanEmo's head reads the label tokens and nothing else, so the last layer needs queries, attention
output and feed-forward for those rows only; keys and values still come from every token. The
logits are the same, and about a tenth of a tweet's products are saved.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

BERT_LIKE = ("bert", "roberta", "xlm-roberta", "electra")
"""Families whose layers are BERT's, under BERT's names."""


class Cut(nn.Module):
    """A layer that gives its first `rows` tokens; all where None."""

    rows: int | None = None


class BertLike(Cut):
    """BERT's layer; its parts are BERT's."""

    def forward(
        self, hidden_states: Tensor, attention_mask: Tensor | None = None, *_: object, **__: object
    ) -> Tensor:
        """Return the hidden states, (B, rows, H), of states (B, L, H)."""
        layer: Any = self
        inner = layer.attention.self
        first = hidden_states[:, : self.rows]
        context = _attend(
            inner,
            inner.query(first),
            inner.key(hidden_states),
            inner.value(hidden_states),
            attention_mask,
        )
        found: Tensor = layer.feed_forward_chunk(layer.attention.output(context, first))
        return found


class DistilBert(Cut):
    """DistilBERT's layer; its parts are DistilBERT's."""

    def forward(
        self, hidden_states: Tensor, attention_mask: Tensor | None = None, *_: object, **__: object
    ) -> Tensor:
        """Return the hidden states, (B, rows, H), of states (B, L, H)."""
        layer: Any = self
        inner = layer.attention
        first = hidden_states[:, : self.rows]
        context = _attend(
            inner,
            inner.q_lin(first),
            inner.k_lin(hidden_states),
            inner.v_lin(hidden_states),
            attention_mask,
        )
        attended = layer.sa_layer_norm(inner.out_lin(context) + first)
        found: Tensor = layer.output_layer_norm(layer.ffn(attended) + attended)
        return found


def prepare(encoder: Any) -> tuple[Cut, ...]:  # noqa: ANN401 - its parts depend on the family
    """Let an encoder's last layer be cut, and return it; nothing where its layers are others."""
    kind = str(encoder.config.model_type)
    cut: type[Cut]
    if kind in BERT_LIKE:
        layer, cut = encoder.encoder.layer[-1], BertLike
    elif kind == "distilbert":
        layer, cut = encoder.transformer.layer[-1], DistilBert
    else:
        return ()
    # Another class, not another module: the names of the weights stay as they are.
    layer.__class__ = type(f"Cut{type(layer).__name__}", (cut, type(layer)), {})
    return (layer,)


def _attend(
    module: Any,  # noqa: ANN401 - self-attention of either kind
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
) -> Tensor:
    """Return the context, (B, Q, H), of a query (B, Q, H) in keys and values (B, L, H)."""
    queries, keys, values = (
        part.view(*part.shape[:2], -1, module.attention_head_size).transpose(1, 2)
        for part in (query, key, value)
    )
    if mask is not None and mask.shape[-2] > 1:
        mask = mask[..., : query.shape[1], :]
    attend = ALL_ATTENTION_FUNCTIONS[module.config._attn_implementation]  # noqa: SLF001
    dropout = module.dropout.p if module.training else 0.0
    found, _ = attend(module, queries, keys, values, mask, dropout=dropout, scaling=module.scaling)
    return torch.flatten(found, 2)
