"""PyTorch: the model as it was trained."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from safetensors.torch import load_file

from overtone import models
from overtone.bundle import WEIGHTS, Bundle
from overtone.errors import InputError
from overtone.inputs.batches import LogitsOf


@dataclass(frozen=True, kw_only=True)
class Config:
    """Where to compute."""

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """`auto` takes CUDA or MPS where there is one."""


def open_bundle(config: Config, bundle: Bundle) -> LogitsOf:
    """Return the function from a batch to its logits.

    Raises:
        BundleError: the weights don't fit the architecture.

    """
    saved = dict(bundle.manifest.config["model"])
    model = models.restore(saved.pop("name"), saved, bundle.manifest.architecture)
    models.load_weights(model, load_file(bundle.file(WEIGHTS)), bundle)
    try:
        model.to(_device(config.device)).eval()
    except (AssertionError, RuntimeError) as error:
        raise InputError(
            f"the device {config.device} can't be used ({error}); there is always cpu"
        ) from error
    return partial(models.logits_of, model)


def _device(name: str) -> str:
    """Return the device's name in torch's words."""
    if name != "auto":
        return name
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
