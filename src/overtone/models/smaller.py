"""A smaller model out of a saved one: some of its encoder's layers, some rows of its embeddings.

Sources of leaving layers out: Sanh et al., DistilBERT (2019), section 3, whose student begins with
every second layer of its teacher; Sajjad et al., On the Effect of Dropping Layers of Pre-trained
Transformer Models (2023), which compares the ways to choose them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PreTrainedConfig

from overtone.errors import InputError
from overtone.models import encoders

TOKENS = ("pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id")
"""What a config calls the ids that it knows."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Kept:
    """What of a model is kept."""

    layers: tuple[int, ...] = ()
    """The encoder's layers, the first is 0, ascending; empty keeps all."""
    pieces: NDArray[np.int64] | None = None
    """(V,) the rows of the word embeddings, ascending; None keeps all."""


def depth(model: nn.Module) -> int:
    """Return how many layers a model's encoder has.

    Raises:
        InputError: it has no encoder, or one whose layers share their weights.

    """
    return len(encoders.layers(_encoder(model), "compress.layers"))


def first(count: int, layers: int) -> tuple[int, ...]:
    """Return which of so many layers are kept where only their number is asked for: the first.

    Sajjad et al. found it best to leave out those at the top; so did we (docs/how-to/compress.md).

    Raises:
        InputError: there are fewer.

    """
    if not 1 <= count <= layers:
        raise InputError(f"expected 1 to {layers} layers, as many as the model has, found {count}")
    return tuple(range(count))


def shrink(
    model: Any,  # noqa: ANN401 - a family's model that has an encoder
    weights: Mapping[str, Tensor],
    kept: Kept,
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return the architecture and the weights of a smaller model.

    Args:
        model: an empty model of the whole architecture, whose encoder's config is changed here.
        weights: the whole model's, by name.
        kept: what of it is kept.

    Raises:
        InputError: the model has no such layers, or can't lose pieces.

    """
    encoder = _encoder(model)
    found = dict(weights)
    if kept.layers:
        found = _without_layers(model, encoder, found, kept.layers)
    if kept.pieces is not None:
        table = encoder.get_input_embeddings()
        name = f"{_name(model, table)}.weight"
        found[name] = found[name][torch.from_numpy(kept.pieces)].contiguous()
        _renumber(encoder, kept.pieces)
    architecture: dict[str, Any] = model.architecture()
    return architecture, found


def _without_layers(
    model: nn.Module,
    encoder: Any,  # noqa: ANN401
    weights: Mapping[str, Tensor],
    layers: tuple[int, ...],
) -> dict[str, Tensor]:
    """Return the weights without those of the other layers, and say so in the encoder's config."""
    stack = encoders.layers(encoder, "compress.layers")
    if list(layers) != sorted(set(layers)) or not 0 <= layers[0] <= layers[-1] < len(stack):
        raise InputError(
            f"expected layers of the model's {len(stack)}, ascending from 0 to {len(stack) - 1}, "
            f"found compress.layers {list(layers)}"
        )
    config: PreTrainedConfig = encoder.config
    if len(set(getattr(config, "layer_types", None) or ())) > 1:
        raise InputError(
            f"expected an encoder whose layers are all of one kind, found {config.model_type}: "
            "leave compress.layers out"
        )
    config.num_hidden_layers = len(layers)
    prefix = f"{_name(model, stack)}."
    new = {old: place for place, old in enumerate(layers)}
    found = {}
    for key, value in weights.items():
        if not key.startswith(prefix):
            found[key] = value
            continue
        number, _, rest = key.removeprefix(prefix).partition(".")
        if int(number) in new:
            found[f"{prefix}{new[int(number)]}.{rest}"] = value
    return found


def _renumber(encoder: Any, pieces: NDArray[np.int64]) -> None:  # noqa: ANN401
    """Say in an encoder's config how many pieces are left, and which of them are special."""
    config = encoder.config
    new = {int(old): place for place, old in enumerate(pieces)}
    table = getattr(getattr(encoder, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)
    if padding is not None and new.get(padding) != padding:
        raise InputError(
            f"{config.model_type} counts its positions from the id of its padding, which would "
            "move: leave its vocabulary whole"
        )
    config.vocab_size = len(pieces)
    for key in TOKENS:
        old = getattr(config, key, None)
        if isinstance(old, int):
            setattr(config, key, new.get(old))


def _name(model: nn.Module, part: nn.Module) -> str:
    """Return the name of a part of a model, which begins those of its weights."""
    return next(str(name) for name, found in model.named_modules() if found is part)


def _encoder(model: Any) -> Any:  # noqa: ANN401
    """Return a model's encoder.

    Raises:
        InputError: it has none.

    """
    if not model.ENCODER:
        raise InputError("expected a model with an encoder, spanemo or cls_head, to make smaller")
    return model.encoder
