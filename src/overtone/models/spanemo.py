"""SpanEmo: one score off each label's own tokens in the input, so no parameter belongs to a label.

Source: Alhuzali & Ananiadou, SpanEmo (EACL 2021), section 3.2. The encoder sees the label words
and the text together; at each label h = tanh(W x + b), and its logit is p · h + c, with dropout
between. W and p are shared by all labels, so one model can serve many label sets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from overtone.labels import Labels
from overtone.models import Pretrained, encoders
from overtone.models._on_encoder import EncoderConfig, OnEncoder, pretrained, restored

TEXT = "tweet"
INPUTS = "label_prefix"
LOSS = "joint"


@dataclass(frozen=True, kw_only=True)
class Config(EncoderConfig):
    """SpanEmo has the encoder's options only."""


class SpanEmo(OnEncoder):
    """An encoder and SpanEmo's head."""

    def __init__(self, encoder: PreTrainedModel, config: Config) -> None:
        """Put a fresh head on an encoder."""
        super().__init__(encoder, config)
        width = encoders.width(encoder)
        self.head = nn.Sequential(
            nn.Linear(width, width), nn.Tanh(), nn.Dropout(config.dropout), nn.Linear(width, 1)
        )

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, label_pool: Tensor
    ) -> Tensor:
        """Return logits (B, C), in training with several dropout masks (M, B, C).

        Args:
            input_ids: (B, L).
            attention_mask: (B, L), 0 at padding.
            token_type_ids: (B, L); encoders without segments don't see them.
            label_pool: (C, h), each row the weights of one label's tokens among the first h.

        """
        head = label_pool.shape[1]
        hidden = self.hidden(input_ids, attention_mask, token_type_ids, rows=head)
        pooled = torch.matmul(label_pool, hidden[:, :head])  # (B, C, H)
        return self.scores(pooled).squeeze(-1)


def create(config: Config, labels: Labels, texts: Sequence[str]) -> Pretrained:  # noqa: ARG001
    """Make a model to train, its encoder pretrained.

    Raises:
        InputError: there is no such encoder.

    """
    encoder = pretrained(config)
    return Pretrained(SpanEmo(encoder.model, config), encoder.tokenizer, encoder.limit)


def restore(config: Config, architecture: Mapping[str, object]) -> SpanEmo:
    """Make an empty model of a saved shape.

    Raises:
        InputError: the architecture is none that transformers knows by itself.

    """
    return SpanEmo(restored(config, architecture), config)
