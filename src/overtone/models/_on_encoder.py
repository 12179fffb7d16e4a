"""What the families on a pretrained encoder share: options, and the way to the hidden states."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from torch import Tensor, nn
from transformers import PreTrainedModel

from overtone.config import Count, Range, Share
from overtone.models import Model, _attention, _dropout, _last_layer, _lora, encoders
from overtone.models.encoders import Encoder


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """The encoder and its dropout."""

    encoder: str = "minilm"
    """`minilm`, a local folder in Hugging Face format, a name on the hub, or `random/bert-base`,
    `random/bert-large` or `random/distilbert`: random weights, to measure cost."""
    dropout: Share = 0.1
    """Share of the head's units that are dropped in training."""
    dropout_samples: Count = 1
    """Masks of the head's dropout that each text is trained with at once; their losses' mean
    counts."""
    encoder_dropout: Share = 0.1
    """Share of the encoder's hidden units that are dropped in training."""
    attention_dropout: Share = 0.1
    """Share of the encoder's attention weights that are dropped in training."""
    train_embeddings: bool = True
    """Whether word embeddings are trained too. Rare words are easily learnt by heart."""
    freeze_layers: Annotated[int, Range(0)] = 0
    """The first layers that are not trained, nor the embeddings then; saves time and memory."""


def pretrained(config: EncoderConfig) -> Encoder:
    """Load the encoder that a config names.

    Raises:
        InputError: there is no such encoder.

    """
    return encoders.load(config.encoder, _overrides(config))


def restored(config: EncoderConfig, architecture: Mapping[str, object]) -> PreTrainedModel:
    """Make an encoder of a saved shape with random weights.

    Raises:
        InputError: the architecture is none that transformers knows by itself.

    """
    return encoders.from_architecture(architecture, _overrides(config))


def _overrides(config: EncoderConfig) -> dict[str, object]:
    return encoders.dropout(config.encoder_dropout, config.attention_dropout)


class OnEncoder(Model):
    """An encoder, and a head that a family adds: a sequence that ends in dropout, linear."""

    ENCODER: ClassVar[bool] = True

    def __init__(self, encoder: PreTrainedModel, config: EncoderConfig) -> None:
        """Store the encoder, its word embeddings frozen where that is wanted."""
        super().__init__()
        self.encoder = encoder
        self.head: nn.Sequential
        self._samples = config.dropout_samples
        if not config.train_embeddings:
            encoder.get_input_embeddings().requires_grad_(requires_grad=False)
        if config.freeze_layers:
            encoders.freeze(encoder, config.freeze_layers)
        # transformers fills the mask of the first DeBERTa's attention with a number beyond bf16.
        self.gains_from_bf16 = encoder.config.model_type != "deberta"
        _dropout.cheapen(encoder)
        if encoder.config._attn_implementation == "sdpa":  # noqa: SLF001 - there is no other way
            encoder.set_attn_implementation(_attention.NAME)
        # In a tuple, or torch would count the layer as another part of the model.
        self._cut = _last_layer.prepare(encoder)
        self._takes_segments = (
            encoders.segments(encoder) > 0
            and "token_type_ids" in inspect.signature(encoder.forward).parameters
        )

    def hidden(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor,
        rows: int | None = None,
    ) -> Tensor:
        """Return the encoder's last hidden states, (B, L, H); the first three arguments are (B, L).

        Encoders without segments don't see the segment ids. Where only the first `rows` tokens'
        states are wanted, those of the others may be missing from the end: (B, rows, H).
        """
        given = {"token_type_ids": token_type_ids} if self._takes_segments else {}
        mask = attention_mask
        for layer in self._cut:
            layer.rows = rows
            # As the layers take it: transformers would look whether it hides anything, and wait for
            # the device to say.
            mask = attention_mask[:, None, None, :].bool()
        hidden: Tensor = self.encoder(
            input_ids=input_ids, attention_mask=mask, **given
        ).last_hidden_state
        return hidden

    def scores(self, features: Tensor) -> Tensor:
        """Return the head's output, (..., K), of features (..., H).

        In training, with several dropout masks, an output for each: (M, ..., K). Source: Inoue,
        Multi-Sample Dropout for Accelerated Training and Better Generalization (2019).
        """
        if self.training and self._samples > 1:
            # Only what begins with the dropout is computed several times.
            features = self.head[:-2](features)
            found: Tensor = self.head[-2:](features.expand(self._samples, *features.shape))
        else:
            found = self.head(features)
        return found

    def architecture(self) -> dict[str, Any]:
        """Return the encoder's config."""
        return encoders.architecture(self.encoder)

    def by_depth(self) -> list[list[nn.Parameter]]:
        """Return the encoder's trained parameters: the last layer's first, the embeddings' last.

        Raises:
            InputError: the layers share their weights.

        """
        return encoders.by_depth(self.encoder)

    def word_embeddings(self) -> nn.Module:
        """Return the layer whose output are the words' vectors, (B, L, D)."""
        return self.encoder.get_input_embeddings()

    def recompute(self) -> None:
        """Compute the layers' inner states again in the backward pass, in place of keeping them."""
        encoder: Any = self.encoder
        # transformers 5 gave it another name on the way.
        old, new = "gradient_checkpointing_enable", "activation_checkpointing_enable"
        getattr(encoder, new if hasattr(encoder, new) else old)({"use_reentrant": False})

    def units(self) -> list[nn.Module]:
        """Return the layers and the word embeddings.

        Raises:
            InputError: the layers share their weights.

        """
        stack = encoders.layers(self.encoder, "training.shard")
        return [*stack, self.encoder.get_input_embeddings()]

    def adapt(self, rank: int, alpha: float) -> None:
        """Train low-rank updates (Hu et al., LoRA, ICLR 2022) in place of the encoder's weights.

        Raises:
            MissingExtraError: PEFT is not installed.

        """
        self.encoder = _lora.adapt(self.encoder, rank, alpha)

    def merge(self, folder: Path | None) -> None:
        """Put low-rank updates into the weights, and save them and the head as `folder/adapter`.

        Several processes may train one model; all but one give no folder.
        """
        if _lora.is_adapted(self.encoder):
            self.encoder = _lora.merge(
                self.encoder, self.head, None if folder is None else folder / "adapter"
            )

    def groups(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """Return the trained parameters of the encoder and those of the head."""
        encoder = [given for given in self.encoder.parameters() if given.requires_grad]
        return encoder, list(self.head.parameters())
