"""What the families on a pretrained encoder share: options, and the way to the hidden states."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from transformers import PreTrainedModel

from overtone.config import Share
from overtone.models import Model, encoders
from overtone.models.encoders import Encoder


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """The encoder and its dropout."""

    encoder: str = "minilm"
    """`minilm`, a local folder in Hugging Face format, a name on the hub, or `random/bert-base`,
    `random/bert-large` or `random/distilbert`: random weights, to measure cost."""
    dropout: Share = 0.1
    """Share of the head's units that are dropped in training."""
    encoder_dropout: Share = 0.1
    """Share of the encoder's hidden units that are dropped in training."""
    attention_dropout: Share = 0.1
    """Share of the encoder's attention weights that are dropped in training."""
    train_embeddings: bool = True
    """Whether word embeddings are trained too. Rare words are easily learnt by heart."""


def pretrained(config: EncoderConfig) -> Encoder:
    """Load the encoder that a config names.

    Raises:
        InputError: there is no such encoder.

    """
    return encoders.load(config.encoder, _dropout(config))


def restored(config: EncoderConfig, architecture: Mapping[str, object]) -> PreTrainedModel:
    """Make an encoder of a saved shape with random weights.

    Raises:
        InputError: the architecture is none that transformers knows by itself.

    """
    return encoders.from_architecture(architecture, _dropout(config))


def _dropout(config: EncoderConfig) -> dict[str, object]:
    return encoders.dropout(config.encoder_dropout, config.attention_dropout)


class OnEncoder(Model):
    """An encoder, and a head that a family adds."""

    def __init__(self, encoder: PreTrainedModel, config: EncoderConfig) -> None:
        """Store the encoder, its word embeddings frozen where that is wanted."""
        super().__init__()
        self.encoder = encoder
        self.head: nn.Module
        if not config.train_embeddings:
            encoder.get_input_embeddings().requires_grad_(requires_grad=False)
        self._takes_segments = (
            encoders.segments(encoder) > 0
            and "token_type_ids" in inspect.signature(encoder.forward).parameters
        )

    def hidden(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Return the encoder's last hidden states, (B, L, H); all arguments are (B, L).

        Encoders without segments don't see the segment ids.
        """
        given = {"token_type_ids": token_type_ids} if self._takes_segments else {}
        hidden: Tensor = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, **given
        ).last_hidden_state
        return hidden

    def architecture(self) -> dict[str, Any]:
        """Return the encoder's config."""
        return encoders.architecture(self.encoder)

    def groups(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """Return the trained parameters of the encoder and those of the head."""
        encoder = [given for given in self.encoder.parameters() if given.requires_grad]
        return encoder, list(self.head.parameters())
