"""Encoders: pretrained ones by name or folder, random ones for cost, saved shapes to fill again."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from overtone.errors import InputError
from overtone.models import _random, _shapes, _sources

# Without it transformers asks a service on the hub to convert weights that are no safetensors.
os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")

log = logging.getLogger(__name__)

UNUSABLE = (
    AttributeError, ImportError, KeyError, OSError, RuntimeError, SafetensorError,
    StrictDataclassError, TypeError, ValueError,
)  # fmt: skip
"""What transformers raises for folders and configs that are no encoder, or a damaged one."""


@dataclass(frozen=True)
class Encoder:
    """A pretrained encoder and its tokenizer."""

    model: PreTrainedModel
    tokenizer: str
    """The tokenizer as tokenizer.json."""
    limit: int
    """The most tokens in one row."""


def load(name: str, overrides: Mapping[str, object]) -> Encoder:
    """Load a pretrained encoder.

    Args:
        name: `minilm`, a local folder in Hugging Face format, a name on the hub, or `random/…`.
        overrides: values of the encoder's config to change, such as its `dropout(…)`; those that
            the encoder doesn't know are left out.

    Raises:
        InputError: there is no such encoder here or on the hub, it has no safetensors weights, or
            its tokenizer has no fast form.

    """
    if name.startswith(_random.PREFIX):
        return _random_encoder(name, overrides)
    model, tokenizer, missing = pretrained(name, AutoModel, overrides)
    check_whole(name, missing)
    return Encoder(
        _without_pooler(model), tokenizer.backend_tokenizer.to_str(), limit(model, tokenizer)
    )


def pretrained(
    name: str, kind: type[Any], overrides: Mapping[str, object]
) -> tuple[PreTrainedModel, PreTrainedTokenizerFast, set[str]]:
    """Load a model and its tokenizer, and say which of its weights are missing and new.

    Args:
        name: as for `load`, but for `random/…`.
        kind: which of transformers' Auto classes.
        overrides: as for `load`.

    Raises:
        InputError: as for `load`.

    """
    source = _sources.find(name)
    given: dict[str, Any] = {"trust_remote_code": False, "local_files_only": source.local}
    try:
        config = AutoConfig.from_pretrained(source.name, **given)
        _shapes.check_kind(config.model_type)
        _shapes.check_weights(config, name)
        model, report = kind.from_pretrained(
            source.name,
            config=_shapes.shaped(type(config), config.to_dict(), overrides),
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
            **given,
        )
        tokenizer = AutoTokenizer.from_pretrained(source.name, **given)
    except UNUSABLE as error:
        raise InputError(
            f"expected an encoder with safetensors weights at {name!r}, found none: "
            f"{_reason(error)} (--encoder takes minilm, a folder, or a name on the Hugging Face "
            "hub)"
        ) from error
    # transformers makes up a tokenizer of special tokens only where a folder has none.
    if not tokenizer.is_fast or 2 * len(tokenizer) < config.vocab_size:
        raise InputError(
            f"expected a tokenizer.json of {config.vocab_size} tokens with the encoder {name!r}, "
            f"found one of {len(tokenizer)}: save the encoder's tokenizer beside its weights"
        )
    assert isinstance(tokenizer, PreTrainedTokenizerFast)  # noqa: S101 - they alone are fast
    return model, tokenizer, set(report["missing_keys"])


def check_whole(name: str, missing: Iterable[str]) -> None:
    """Refuse an encoder some of whose weights are missing, BERT's pooler apart.

    Raises:
        InputError: some are.

    """
    if lacking := sorted(key for key in missing if not key.startswith("pooler.")):
        raise InputError(
            f"the weights of {name!r} lack {len(lacking)} tensors that its config.json needs, such "
            f"as {lacking[0]}: they belong to another model"
        )


def from_architecture(
    architecture: Mapping[str, Any], overrides: Mapping[str, object] | None = None
) -> PreTrainedModel:
    """Make an encoder of a saved shape with random weights; reads and downloads nothing.

    Args:
        architecture: what `architecture` returned.
        overrides: as for `load`.

    Raises:
        InputError: the architecture is none that transformers knows by itself.

    """
    kind = str(architecture.get("model_type"))
    _shapes.check_kind(kind)
    if "auto_map" in architecture:
        raise InputError("expected an architecture that names no code, found auto_map")
    try:
        config = _shapes.shaped(CONFIG_MAPPING[kind], architecture, overrides or {})
        model = AutoModel.from_config(config, trust_remote_code=False)
    except UNUSABLE as error:
        raise InputError(f"the architecture of {kind} can't be built: {_reason(error)}") from error
    return _without_pooler(model)


def dropout(hidden: float, attention: float) -> dict[str, object]:
    """Return overrides that set an encoder's dropout, whatever its family calls it.

    Args:
        hidden: share of hidden units that are dropped in training.
        attention: share of attention weights that are dropped in training.

    """
    return {
        "hidden_dropout_prob": hidden,
        "attention_probs_dropout_prob": attention,
        # DistilBERT and ModernBERT
        "dropout": hidden,
        "embedding_dropout": hidden,
        "mlp_dropout": hidden,
        "attention_dropout": attention,
    }


def architecture(model: nn.Module) -> dict[str, Any]:
    """Return what `from_architecture` takes: the encoder's config without names or code."""
    config = _config(model)
    saved = config.to_diff_dict()
    shape = {key: value for key, value in saved.items() if key not in _shapes.NO_SHAPE}
    return {**shape, "model_type": config.model_type}


def width(model: nn.Module) -> int:
    """Return the size of the encoder's hidden states, H."""
    return int(_config(model).hidden_size)


def segments(model: nn.Module) -> int:
    """Return how many segments the encoder tells apart: 2 for BERT, 0 for RoBERTa or DistilBERT."""
    known = int(getattr(_config(model), "type_vocab_size", 0) or 0)
    return known if known > 1 else 0


def layers(model: nn.Module, option: str) -> nn.ModuleList:
    """Return the layers, the first one first; an option needs them.

    Raises:
        InputError: they share their weights, as ALBERT's do.

    """
    count = int(_config(model).num_hidden_layers)
    for part in model.modules():
        if isinstance(part, nn.ModuleList) and len(part) == count:
            return part
    raise InputError(
        f"{option} needs an encoder whose {count} layers have weights of their own, found "
        f"{_config(model).model_type}: leave it out, or take another encoder"
    )


def freeze(model: PreTrainedModel, number: int) -> None:
    """Leave the embeddings and the first layers as they are in training.

    Raises:
        InputError: there are fewer layers.

    """
    stack = layers(model, "model.freeze_layers")
    if number > len(stack):
        raise InputError(f"model.freeze_layers is {number}, the encoder has {len(stack)} layers")
    for name, part in model.named_children():
        if name.startswith("embeddings"):  # ELECTRA's also has embeddings_project
            part.requires_grad_(requires_grad=False)
    for part in stack[:number]:
        part.requires_grad_(requires_grad=False)


def by_depth(model: nn.Module) -> list[list[nn.Parameter]]:
    """Return the trained parameters: the last layer's first, the embeddings' last.

    What is in no layer counts among the embeddings where its name says so, as DeBERTa's relative
    positions, and else to the last layer, as ModernBERT's last normalisation.

    Raises:
        InputError: the layers share their weights.

    """
    stack = layers(model, "training.layer_decay")
    depths = {
        id(parameter): depth
        for depth, layer in enumerate(reversed(stack))
        for parameter in layer.parameters()
    }
    found: list[list[nn.Parameter]] = [[] for _ in range(len(stack) + 1)]
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            outside = len(stack) if "embedding" in name else 0
            found[depths.get(id(parameter), outside)].append(parameter)
    return found


def _random_encoder(name: str, overrides: Mapping[str, object]) -> Encoder:
    """Make an encoder of a published shape; torch's generator decides about its weights."""
    config = _random.shape(name)
    tokenizer = _random.tokenizer()
    log.warning(
        "%s has random weights: what it costs means something, what it predicts does not", name
    )
    model = AutoModel.from_config(_shapes.shaped(type(config), config.to_dict(), overrides))
    return Encoder(_without_pooler(model), tokenizer, _shapes.positions(model))


def limit(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> int:
    """Return the most tokens in one row."""
    return min(_shapes.positions(model), int(tokenizer.model_max_length))


def _reason(error: Exception) -> str:
    """Return the first line of what a library says."""
    if "tiktoken" in str(error):  # its last resort for SentencePiece models, and the wrong advice
        return "its tokenizer needs two more packages: pip install sentencepiece protobuf"
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__


def _config(model: nn.Module) -> PreTrainedConfig:
    """Return the config of a model that AutoModel made."""
    config = model.config
    assert isinstance(config, PreTrainedConfig)  # noqa: S101 - AutoModel gives no other
    return config


def _without_pooler(model: PreTrainedModel) -> PreTrainedModel:
    """Drop BERT's pooler, which nothing here reads."""
    if isinstance(getattr(model, "pooler", None), nn.Module):
        model.pooler = None  # type: ignore[assignment]
    return model
