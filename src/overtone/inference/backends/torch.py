"""PyTorch: the model as it was trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn

from overtone import models
from overtone.bundle import WEIGHTS, Bundle
from overtone.errors import InputError
from overtone.inference.backends import Opened
from overtone.inputs import Batch, batches

CPU_TOKENS = 2048
"""Most tokens a batch on a CPU, which computes what is near its cache faster."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Where and how to compute."""

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """`auto` takes CUDA or MPS where there is one."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """bf16 halves the digits of products and pays on hardware that multiplies it; probabilities
    change in the third place."""
    compiled: bool = False
    """Whether torch compiles the model, which takes a minute and a C++ compiler, and pays on a GPU
    with many texts."""


def open_bundle(config: Config, bundle: Bundle) -> Opened:
    """Return the function from a batch to its logits.

    Raises:
        BundleError: the weights don't fit the architecture.

    """
    saved = dict(bundle.manifest.config["model"])
    model = models.restore(saved.pop("name"), saved, bundle.manifest.architecture)
    models.load_weights(model, load_file(bundle.file(WEIGHTS)), bundle)
    device = _device(config.device)
    tokens = CPU_TOKENS if device == "cpu" else batches.TOKENS
    try:
        model.to(device).eval()
    except (AssertionError, RuntimeError) as error:
        raise InputError(
            f"the device {config.device} can't be used ({error}); there is always cpu"
        ) from error
    if config.compiled:
        model.compile(dynamic=True)
    return Opened(Network(model, in_bf16=config.precision == "bf16"), tokens)


class Network:
    """A model as a function from a batch to its logits."""

    def __init__(self, network: nn.Module, *, in_bf16: bool) -> None:
        """Store the model, which explanations look into."""
        self.network = network
        self._in_bf16 = in_bf16

    def __call__(self, batch: Batch) -> NDArray[np.float32]:
        """Return the logits (B, C) of a batch; in bf16 products are, and the rest isn't."""
        kind = next(self.network.parameters()).device.type
        with torch.autocast(kind, dtype=torch.bfloat16, enabled=self._in_bf16):
            return models.logits_of(self.network, batch)


def _device(name: str) -> str:
    """Return the device's name in torch's words."""
    if name != "auto":
        return name
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
