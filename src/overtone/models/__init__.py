"""Model families: a batch's arrays, as tensors, to one logit per label. torch.

A family is one file here with a `Config`, `create(config) -> Pretrained` for training and
`restore(config, architecture) -> Model` for what was saved. Its forward takes the arrays of a batch
by name and returns logits (B, C).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from overtone.config import find_plugin, parse
from overtone.inputs import Batch


class Model(nn.Module):
    """What every family offers, beside `forward(**arrays) -> (B, C)`."""

    def architecture(self) -> dict[str, Any]:
        """Return what `restore` needs besides the options, as JSON values."""
        raise TypeError(f"{type(self).__name__} must say its architecture")

    def groups(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """Return the parameters of the encoder and those of the head."""
        raise TypeError(f"{type(self).__name__} must say its parameter groups")


@dataclass(frozen=True)
class Pretrained:
    """A model to train, and what its inputs need to know."""

    model: Model
    tokenizer: str
    """The tokenizer as tokenizer.json."""
    limit: int
    """The most tokens that the encoder takes in one row."""


def create(name: str, options: Mapping[str, object]) -> Pretrained:
    """Make a model of family `name` with pretrained weights where its options name some.

    Raises:
        InputError: there is no such family or encoder.
        ConfigError: the options are not its options.

    """
    module = find_plugin(__name__, name)
    made: Pretrained = module.create(parse(module.Config, options, where="model"))
    return made


def restore(name: str, options: Mapping[str, object], architecture: Mapping[str, object]) -> Model:
    """Make an empty model of a saved shape, to load weights into; reads and downloads nothing.

    Raises:
        InputError: there is no such family, or the architecture names none that is known.

    """
    module = find_plugin(__name__, name)
    model: Model = module.restore(parse(module.Config, options, where="model"), architecture)
    return model


def tensors(batch: Batch, device: torch.device | str) -> dict[str, Tensor]:
    """Return a batch's arrays as tensors on a device."""
    return {key: torch.from_numpy(array).to(device) for key, array in batch.items()}


def logits_of(model: nn.Module, batch: Batch) -> NDArray[np.float32]:
    """Return the logits (B, C) of a batch, without gradients or dropout."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        found: Tensor = model(**tensors(batch, device))
    model.train(was_training)
    return found.float().cpu().numpy()
