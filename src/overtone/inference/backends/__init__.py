"""Backends: each plugin opens a bundle and computes logits from a batch's arrays.

A backend is one file here with a `Config` and `open_bundle(config, bundle) -> Opened`. `OPENS`
says which weights it can read, so that `auto` need not import what it won't use.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import NamedTuple

from overtone.bundle import ONNX, OPENVINO, WEIGHTS, Bundle
from overtone.config import find_plugin, parse
from overtone.errors import BundleError, InputError, MissingExtraError
from overtone.inputs import batches
from overtone.inputs.batches import LogitsOf

EXTRAS = {"torch": "train", "openvino": "openvino"}
"""The extra that brings the packages of a backend."""
PACKAGES = {"torch": "torch", "onnx": "onnxruntime", "openvino": "openvino"}
"""The package that a backend can't do without."""
OPENS = {"torch": (WEIGHTS,), "onnx": (ONNX,), "openvino": (OPENVINO, ONNX)}
"""The weights that a backend can read, the ones that suit it best first."""


class Opened(NamedTuple):
    """A bundle that a backend has opened, and how it wants its batches."""

    logits_of: LogitsOf
    tokens: int = batches.TOKENS
    """Most tokens a batch, padding counted."""
    lanes: int = 1
    """How many batches it computes at once, called from as many threads."""


def load(name: str, options: Mapping[str, object], bundle: Bundle) -> Opened:
    """Open a bundle with the backend called `name`.

    Raises:
        InputError: there is no such backend, or it can't read what the bundle holds.
        MissingExtraError: the packages that it needs are not installed.

    """
    if name in OPENS and not _reads(name, bundle):
        fitting = ", ".join(other for other in OPENS if _reads(other, bundle))
        raise InputError(
            f"the backend {name} can't read {bundle.path}, which is for: {fitting}; leave the "
            "backend out, or overtone export makes a model for others"
        )
    try:
        module = find_plugin(__name__, name)
    except ImportError as error:
        raise MissingExtraError(EXTRAS.get(name, name), f"the backend {name}") from error
    opened: Opened = module.open_bundle(parse(module.Config, options, where="backend"), bundle)
    return opened


def fitting(bundle: Bundle) -> list[str]:
    """Return the installed backends that can read a bundle; one that is missing where none is.

    Raises:
        BundleError: it holds nothing that any could read.

    """
    found = [name for name in OPENS if _reads(name, bundle)]
    if not found:
        raise BundleError(
            f"{bundle.path}: expected {WEIGHTS}, {ONNX} or {OPENVINO}, the bundle has none; copy "
            "it again"
        )
    # Where none is installed, the first one says what to install.
    return [name for name in found if _is_installed(PACKAGES[name])] or found[:1]


def _is_installed(package: str) -> bool:
    """Return whether a package can be found, without importing it."""
    try:
        return importlib.util.find_spec(package) is not None
    except ImportError:
        return False


def _reads(name: str, bundle: Bundle) -> bool:
    """Return whether a backend can read what a bundle holds."""
    return not bundle.files.keys().isdisjoint(OPENS[name])
