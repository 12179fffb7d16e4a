"""Backends: each plugin opens a bundle and computes logits from a batch's arrays.

A backend is one file here with a `Config` and `open_bundle(config, bundle) -> LogitsOf`.
"""

from __future__ import annotations

from collections.abc import Mapping

from overtone.bundle import Bundle
from overtone.config import find_plugin, parse
from overtone.errors import MissingExtraError
from overtone.inputs.batches import LogitsOf

EXTRAS = {"torch": "train"}
"""The extra that brings the packages of a backend."""


def load(name: str, options: Mapping[str, object], bundle: Bundle) -> LogitsOf:
    """Open a bundle with the backend called `name`.

    Raises:
        InputError: there is no such backend.
        MissingExtraError: the packages that it needs are not installed.

    """
    try:
        module = find_plugin(__name__, name)
    except ImportError as error:
        raise MissingExtraError(EXTRAS.get(name, name), f"the backend {name}") from error
    logits_of: LogitsOf = module.open_bundle(parse(module.Config, options, where="backend"), bundle)
    return logits_of
