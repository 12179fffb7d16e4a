"""SpanEmo: one score off each label's own tokens in the input, so no parameter belongs to a label.

Source: Alhuzali & Ananiadou, SpanEmo (EACL 2021), section 3.2. The encoder sees the label words
and the text together; at each label h = tanh(W x + b), and its logit is p · h + c, with dropout
between. W and p are shared by all labels, so one model can serve many label sets.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from overtone.config import Share
from overtone.models import Model, Pretrained, encoders


@dataclass(frozen=True, kw_only=True)
class Config:
    """The encoder and the head's dropout."""

    encoder: str = "minilm"
    """`minilm`, a local folder in Hugging Face format, or a name on the hub."""
    dropout: Share = 0.1
    """Share of the head's units that are dropped in training."""
    encoder_dropout: Share = 0.1
    """Share of the encoder's hidden units that are dropped in training."""
    attention_dropout: Share = 0.1
    """Share of the encoder's attention weights that are dropped in training."""
    train_embeddings: bool = True
    """Whether word embeddings are trained too. Rare words are easily learnt by heart."""


class SpanEmo(Model):
    """An encoder and SpanEmo's head."""

    def __init__(self, encoder: nn.Module, dropout: float) -> None:
        """Put a fresh head on an encoder."""
        super().__init__()
        self.encoder = encoder
        width = encoders.width(encoder)
        self.head = nn.Sequential(
            nn.Linear(width, width), nn.Tanh(), nn.Dropout(dropout), nn.Linear(width, 1)
        )
        self._takes_segments = (
            encoders.segments(encoder) > 0
            and "token_type_ids" in inspect.signature(encoder.forward).parameters
        )

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, label_pool: Tensor
    ) -> Tensor:
        """Return logits (B, C).

        Args:
            input_ids: (B, L).
            attention_mask: (B, L), 0 at padding.
            token_type_ids: (B, L); encoders without segments don't see them.
            label_pool: (C, h), each row the weights of one label's tokens among the first h.

        """
        given = {"token_type_ids": token_type_ids} if self._takes_segments else {}
        hidden = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, **given
        ).last_hidden_state  # (B, L, H)
        pooled = torch.matmul(label_pool, hidden[:, : label_pool.shape[1]])  # (B, C, H)
        logits: Tensor = self.head(pooled).squeeze(-1)
        return logits

    def architecture(self) -> dict[str, Any]:
        """Return the encoder's config."""
        return encoders.architecture(self.encoder)

    def groups(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """Return the trained parameters of the encoder and those of the head."""
        encoder = [given for given in self.encoder.parameters() if given.requires_grad]
        return encoder, list(self.head.parameters())


def create(config: Config) -> Pretrained:
    """Make a model to train, its encoder pretrained.

    Raises:
        InputError: there is no such encoder.

    """
    # Families name their dropout differently; what an encoder doesn't know is left out.
    encoder = encoders.load(
        config.encoder,
        {
            "hidden_dropout_prob": config.encoder_dropout,
            "attention_probs_dropout_prob": config.attention_dropout,
            "dropout": config.encoder_dropout,
            "attention_dropout": config.attention_dropout,
        },
    )
    if not config.train_embeddings:
        encoder.model.get_input_embeddings().requires_grad_(requires_grad=False)
    return Pretrained(SpanEmo(encoder.model, config.dropout), encoder.tokenizer, encoder.limit)


def restore(config: Config, architecture: Mapping[str, object]) -> SpanEmo:
    """Make an empty model of a saved shape.

    Raises:
        InputError: the architecture is none that transformers knows by itself.

    """
    return SpanEmo(encoders.from_architecture(architecture), config.dropout)
