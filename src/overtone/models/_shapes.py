"""An encoder's shape: its config without what says where it came from or how to compute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transformers import PreTrainedConfig, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

from overtone.errors import InputError

NO_SHAPE = {
    "_attn_implementation", "_name_or_path", "architectures", "attn_implementation", "auto_map",
    "dtype", "output_attentions", "output_hidden_states", "quantization_config", "return_dict",
    "torch_dtype", "transformers_version",
}  # fmt: skip
"""Keys of a config that say where a model came from or how to compute, not what its shape is. So
each family computes attention in the way that torch has for it, trained and restored alike."""

ENDLESS = 10**9
"""The limit of an encoder that knows none."""


def shaped(
    kind: type[PreTrainedConfig], shape: Mapping[str, Any], overrides: Mapping[str, object]
) -> PreTrainedConfig:
    """Return the config of a shape, changed where the overrides name something it has."""
    config = kind.from_dict({key: value for key, value in shape.items() if key not in NO_SHAPE})
    known = {key: value for key, value in overrides.items() if hasattr(config, key)}
    return kind.from_dict({**config.to_dict(), **known}) if known else config


def check_kind(kind: str) -> None:
    """Refuse what is no encoder of text: a backbone may name further models to download."""
    if kind not in MODEL_FOR_MASKED_LM_MAPPING_NAMES:
        raise InputError(
            f"expected the architecture of a text encoder such as bert or roberta, found {kind!r}"
        )


def check_weights(config: PreTrainedConfig, name: str) -> None:
    """Refuse weights that were made smaller: they can't be trained, and need other packages."""
    if getattr(config, "quantization_config", None) is not None:
        raise InputError(
            f"expected an encoder with floating-point weights, found quantised ones at {name!r}: "
            "use the model that they were made from"
        )


def positions(model: PreTrainedModel) -> int:
    """Return the most tokens in one row, by the positions that the encoder has or has learnt.

    DeBERTa-v3's and ModernBERT's positions are relative and have no end of their own; longer rows
    than `max_position_embeddings` would run, at distances that the encoder has never seen.
    """
    positions = int(getattr(model.config, "max_position_embeddings", 0) or ENDLESS)
    table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    # RoBERTa's positions begin after its padding index, so the first two can't be used.
    padding = getattr(table, "padding_idx", None)
    return positions if padding is None else positions - padding - 1
