"""The graph of BERT's kin, built from the weights: a node for each product, attention, GELU, norm.

A traced graph has some forty nodes a layer, which pattern matching then fuses, or doesn't: the last
layer, cut to the tokens that are read, matches no pattern. What it fuses to is not the fastest
either: on a CPU, ONNX's own Attention and Add + LayerNormalization take less than half and a sixth
of the time of ONNX Runtime's MultiHeadAttention and SkipLayerNormalization (ADR 10). So the graph
is written as it should be. BERT, RoBERTa, XLM-RoBERTa, ELECTRA and DistilBERT differ in names and
positions only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from torch import Tensor, nn

from overtone.inference.export.graph import Graph
from overtone.models import Model
from overtone.models._last_layer import BERT_LIKE
from overtone.models._on_encoder import OnEncoder
from overtone.models.cls_head import ClsHead
from overtone.models.spanemo import SpanEmo

ROBERTA_LIKE = ("roberta", "xlm-roberta")
"""Families that count positions from behind the padding token's id."""

HIDDEN = -1e4
"""Added to the scores of padding: exp() of it is 0, in half precision too."""


@dataclass(frozen=True)
class Layer:
    """A layer's modules, under one set of names."""

    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    output: nn.Linear
    attention_norm: nn.LayerNorm
    wide: nn.Linear
    narrow: nn.Linear
    norm: nn.LayerNorm


def can_build(model: Model) -> bool:
    """Return whether a model is one whose graph is written here."""
    if not isinstance(model, SpanEmo | ClsHead):
        return False
    config: Any = model.encoder.config
    gelu = getattr(config, "activation", None) or getattr(config, "hidden_act", None)
    kind = getattr(config, "position_embedding_type", None) or "absolute"
    family = config.model_type in {*BERT_LIKE, "distilbert"}
    return bool(
        family
        and gelu == "gelu"
        and kind == "absolute"
        and not getattr(config, "is_decoder", False)
    )


def build(model: Model) -> onnx.ModelProto:
    """Return the graph of a model that `can_build`."""
    assert isinstance(model, OnEncoder)  # noqa: S101 - what can_build said
    writer = _Writer(model)
    if isinstance(model, SpanEmo):
        return writer.spanemo(model)
    assert isinstance(model, ClsHead)  # noqa: S101 - the same
    return writer.cls_head(model)


class _Writer:
    """Writes one model's graph; hidden states are (tokens, H), tokens = batch x length."""

    def __init__(self, model: OnEncoder) -> None:
        self.graph = Graph()
        self.encoder: Any = model.encoder
        self.config: Any = model.encoder.config
        self.distil = self.config.model_type == "distilbert"
        self.width = int(self.config.dim if self.distil else self.config.hidden_size)
        self.heads = int(self.config.num_attention_heads)
        self.inputs: tuple[str, ...] = ("input_ids", "attention_mask")

    def spanemo(self, model: SpanEmo) -> onnx.ModelProto:
        """Write a score off each label's tokens."""
        graph = self.graph
        head = graph.add("Shape", "label_pool", start=1, end=2)  # (1,) tokens that are read
        hidden = self._hidden(rows=head)  # (B * head, H)
        shape = graph.add("Concat", graph.integers(-1), head, graph.integers(self.width), axis=0)
        hidden = graph.add("Reshape", hidden, shape)  # (B, head, H)
        pooled = graph.add("MatMul", "label_pool", hidden)  # (B, C, H)
        flat = graph.add("Reshape", pooled, graph.integers(-1, self.width))
        modules: Any = model.head
        wide = graph.add("Tanh", self._linear("head.0", modules[0], flat))
        scores = self._linear("head.3", modules[3], wide)  # (B * C, 1)
        labels = graph.add("Shape", "label_pool", start=0, end=1)
        logits = graph.add(
            "Reshape", scores, graph.add("Concat", graph.integers(-1), labels, axis=0)
        )
        return graph.model((*self.inputs, "label_pool"), logits)

    def cls_head(self, model: ClsHead) -> onnx.ModelProto:
        """Write a linear layer on the first token, or on the mean of all."""
        graph = self.graph
        if model.pool == "cls":
            pooled = self._hidden(rows=graph.integers(1))  # (B * 1, H)
        else:
            states = self._rows(self._hidden(rows=None))  # (B, L, H)
            weights = graph.add("Cast", "attention_mask", to=onnx.TensorProto.FLOAT)
            total = graph.add(
                "MatMul", graph.add("Unsqueeze", weights, graph.integers(1)), states
            )  # (B, 1, H)
            count = graph.add("ReduceSum", weights, graph.integers(1), keepdims=1)  # (B, 1)
            pooled = graph.add("Div", graph.add("Squeeze", total, graph.integers(1)), count)
        modules: Any = model.head
        return graph.model(self.inputs, self._linear("head.1", modules[1], pooled))

    def _hidden(self, rows: str | None) -> str:
        """Write the encoder; the last layer gives the first `rows` tokens of each row."""
        hidden = self._embedded()
        whole = self._mask(self.graph.add("Shape", "input_ids", start=1, end=2))
        layers = list(self.encoder.transformer.layer if self.distil else self.encoder.encoder.layer)
        for number, module in enumerate(layers):
            cut = rows if number == len(layers) - 1 else None
            mask = whole if cut is None else self._mask(cut)
            hidden = self._layer(f"layer.{number}", self._parts(module), hidden, mask, cut)
        return hidden

    def _mask(self, queries: str) -> str:
        """Write what is added to scores, (B, 1, Q, L): 0, and at padding what no score outweighs.

        ONNX Runtime wants it as tall as there are queries, and turns booleans into this in every
        layer.
        """
        graph = self.graph
        seen = graph.add("Cast", "attention_mask", to=onnx.TensorProto.BOOL)
        hidden = graph.add("Where", seen, self._number("zero", 0), self._number("hidden", HIDDEN))
        hidden = graph.add("Unsqueeze", hidden, graph.integers(1, 2))
        one = graph.integers(1)
        shape = graph.add("Concat", one, one, queries, one, axis=0)
        return graph.add("Expand", hidden, shape)

    def _embedded(self) -> str:
        graph, table = self.graph, self.encoder.embeddings
        words = self._gather("words", table.word_embeddings.weight, "input_ids")
        words = graph.add("Reshape", words, graph.integers(-1, words_width(table)))
        places = self._gather("positions", table.position_embeddings.weight, self._positions())
        types = getattr(table, "token_type_embeddings", None)
        if types is not None and types.weight.shape[0] > 1:
            self.inputs = (*self.inputs, "token_type_ids")
            places = graph.add("Add", self._gather("types", types.weight, "token_type_ids"), places)
        elif types is not None:
            places = graph.add("Add", places, self._tensor("types", types.weight[0]))
        if not (types is not None and types.weight.shape[0] > 1):
            shape = graph.add("Concat", graph.add("Shape", "input_ids"),
                              graph.integers(words_width(table)), axis=0)  # fmt: skip
            places = graph.add("Expand", places, shape)
        places = graph.add("Reshape", places, graph.integers(-1, words_width(table)))
        hidden = self._sum_norm("embeddings.norm", table.LayerNorm, words, places)
        project = getattr(self.encoder, "embeddings_project", None)
        return hidden if project is None else self._linear("embeddings.project", project, hidden)

    def _positions(self) -> str:
        """Write the tokens' positions, (L,), or (B, L) where padding isn't counted."""
        graph = self.graph
        if self.config.model_type in ROBERTA_LIKE:
            pad = graph.integers(int(self.config.pad_token_id))
            real = graph.add("Not", graph.add("Equal", "input_ids", pad))
            real = graph.add("Cast", real, to=onnx.TensorProto.INT64)
            count = graph.add("CumSum", real, graph.integers(1))
            return graph.add("Add", graph.add("Mul", count, real), pad)
        length = graph.add("Squeeze", graph.add("Shape", "input_ids", start=1, end=2))
        zero, one = (graph.add("Squeeze", graph.integers(value)) for value in (0, 1))
        return graph.add("Range", zero, length, one)

    def _layer(self, name: str, layer: Layer, hidden: str, mask: str, rows: str | None) -> str:
        graph = self.graph
        first = hidden
        if rows is not None:
            cut = graph.add("Slice", self._rows(hidden), graph.integers(0), rows, graph.integers(1))
            first = graph.add("Reshape", cut, graph.integers(-1, self.width))
        query = self._linear(f"{name}.query", layer.query, first)
        key = self._linear(f"{name}.key", layer.key, hidden)
        value = self._linear(f"{name}.value", layer.value, hidden)
        context = graph.add(
            "Attention", self._rows(query, rows), self._rows(key), self._rows(value), mask,
            q_num_heads=self.heads, kv_num_heads=self.heads,
        )  # fmt: skip
        context = graph.add("Reshape", context, graph.integers(-1, self.width))
        attended = self._linear(f"{name}.output", layer.output, context)
        attended = self._sum_norm(f"{name}.attention_norm", layer.attention_norm, attended, first)
        wide = graph.add("Gelu", self._linear(f"{name}.wide", layer.wide, attended))
        narrow = self._linear(f"{name}.narrow", layer.narrow, wide)
        return self._sum_norm(f"{name}.norm", layer.norm, narrow, attended)

    def _rows(self, hidden: str, rows: str | None = None) -> str:
        """Return states (tokens, H) as (B, L, H), L being `rows` where that is given."""
        graph = self.graph
        if rows is None:
            start = graph.add("Shape", "input_ids")
        else:
            start = graph.add(
                "Concat", graph.add("Shape", "input_ids", start=0, end=1), rows, axis=0
            )
        shape = graph.add("Concat", start, graph.integers(self.width), axis=0)
        return graph.add("Reshape", hidden, shape)

    def _linear(self, name: str, module: nn.Linear, value: str) -> str:
        weight = self._tensor(f"{name}.weight", module.weight.T)
        return self.graph.add("Gemm", value, weight, self._tensor(f"{name}.bias", module.bias))

    def _sum_norm(self, name: str, norm: nn.LayerNorm, value: str, other: str) -> str:
        """Write the norm of a sum."""
        return self.graph.add(
            "LayerNormalization",
            self.graph.add("Add", value, other),
            self._tensor(f"{name}.weight", norm.weight), self._tensor(f"{name}.bias", norm.bias),
            axis=-1, epsilon=float(norm.eps),
        )  # fmt: skip

    def _gather(self, name: str, table: Tensor, places: str) -> str:
        return self.graph.add("Gather", self._tensor(name, table), places)

    def _number(self, name: str, value: float) -> str:
        return self.graph.weight(name, np.float32(value))

    def _tensor(self, name: str, value: Tensor) -> str:
        return self.graph.weight(name, value.detach().float().cpu().numpy())

    def _parts(self, module: Any) -> Layer:  # noqa: ANN401 - a layer of either kind
        if self.distil:
            inner = module.attention
            return Layer(
                inner.q_lin, inner.k_lin, inner.v_lin, inner.out_lin, module.sa_layer_norm,
                module.ffn.lin1, module.ffn.lin2, module.output_layer_norm,
            )  # fmt: skip
        inner, after = module.attention.self, module.attention.output
        return Layer(
            inner.query, inner.key, inner.value, after.dense, after.LayerNorm,
            module.intermediate.dense, module.output.dense, module.output.LayerNorm,
        )  # fmt: skip


def words_width(table: Any) -> int:  # noqa: ANN401 - the embeddings of any family
    """Return the width of the word vectors, which in ELECTRA is not that of the layers."""
    return int(table.word_embeddings.weight.shape[1])
