"""An encoder and one linear layer: the usual fine-tuned classifier, to compare SpanEmo with.

Source: Devlin et al., BERT (NAACL 2019), section 4.1, with a sigmoid a label. Labels are columns of
numbers here: the model learns what they mean from the training texts alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from torch import Tensor, nn
from transformers import PreTrainedModel

from overtone.labels import Labels
from overtone.models import Pretrained, encoders
from overtone.models._on_encoder import EncoderConfig, OnEncoder, pretrained, restored

TEXT = "tweet"
INPUTS = "single"
LOSS = "bce"


@dataclass(frozen=True, kw_only=True)
class Config(EncoderConfig):
    """The encoder's options, and what of its output is read."""

    pool: Literal["mean", "cls"] = "mean"
    """The mean over all tokens, or the first token, [CLS]. MiniLM was trained with the mean."""


class ClsHead(OnEncoder):
    """An encoder and a linear layer."""

    LABELLED: ClassVar[tuple[str, ...]] = ("head.1.weight", "head.1.bias")

    def __init__(self, encoder: PreTrainedModel, config: Config, labels: int) -> None:
        """Put a fresh head for some number of labels, C, on an encoder."""
        super().__init__(encoder, config)
        self.labels = labels
        self.pool = config.pool
        self.head = nn.Sequential(
            nn.Dropout(config.dropout), nn.Linear(encoders.width(encoder), labels)
        )

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Return logits (B, C), in training with several dropout masks (M, B, C).

        All arguments are (B, L), the mask 0 at padding.
        """
        rows = 1 if self.pool == "cls" else None
        hidden = self.hidden(input_ids, attention_mask, token_type_ids, rows)  # (B, L, H)
        if self.pool == "cls":
            pooled = hidden[:, 0]
        else:
            weights = attention_mask.to(hidden).unsqueeze(-1)  # (B, L, 1)
            pooled = (hidden * weights).sum(dim=1) / weights.sum(dim=1)  # (B, H)
        return self.scores(pooled)

    def architecture(self) -> dict[str, Any]:
        """Return the encoder's config and the number of labels."""
        return {"encoder": super().architecture(), "labels": self.labels}


def create(config: Config, labels: Labels, texts: Sequence[str]) -> Pretrained:  # noqa: ARG001
    """Make a model to train, its encoder pretrained.

    Raises:
        InputError: there is no such encoder.

    """
    encoder = pretrained(config)
    model = ClsHead(encoder.model, config, len(labels))
    return Pretrained(model, encoder.tokenizer, encoder.limit)


def restore(config: Config, architecture: Mapping[str, Any]) -> ClsHead:
    """Make an empty model of a saved shape.

    Raises:
        InputError: the architecture is none that transformers knows by itself.

    """
    return ClsHead(restored(config, architecture["encoder"]), config, int(architecture["labels"]))
