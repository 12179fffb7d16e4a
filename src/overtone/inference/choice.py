"""Which of several backends is the fastest here: measured once, remembered by machine and model."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import logging
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from overtone import atomic
from overtone.bundle import Bundle
from overtone.errors import OvertoneError
from overtone.inference.backends import PACKAGES

if TYPE_CHECKING:
    from overtone.inference.predictor import Predictor

log = logging.getLogger(__name__)

FILE = "backends.json"
LENGTHS = (16, 32, 64)
"""Words of the texts on which backends are measured, where the bundle doesn't say better."""


def fastest(bundle: Bundle, names: Sequence[str], seconds_of: Callable[[str], float]) -> str:
    """Return the fastest of some backends.

    Args:
        bundle: the model.
        names: backends that can read it, two or more.
        seconds_of: measures one; an error of it leaves the backend out.

    """
    path = Path(platformdirs.user_cache_dir("overtone")) / FILE
    known, key = _read(path), _key(bundle, names)
    if known.get(key) in names:
        log.info("backend %s: the fastest of %s here, as measured before", known[key], _list(names))
        return known[key]
    found: dict[str, float] = {}
    for name in names:
        try:
            found[name] = seconds_of(name)
        except OvertoneError as error:
            log.info("backend %s is left out: %s", name, error)
    best = min(found, key=found.__getitem__) if found else names[0]
    log.info(
        "backend %s: measured now, %s",
        best,
        ", ".join(f"{name} {seconds:.3f} s" for name, seconds in found.items()),
    )
    try:
        atomic.write_text(path, json.dumps({**known, key: best}, indent=2) + "\n")
    except OSError as error:
        log.info("that can't be remembered in %s: %s", path, error.strerror)
    return best


def measured(model: Predictor) -> float:
    """Return what some texts of real lengths take, the best of three times, after a first one."""
    lengths = model.bundle.manifest.export.get("lengths", LENGTHS)
    texts = ["a " * int(length) for length in lengths for _ in range(16)]
    model.logits(texts)
    found = []
    for _ in range(3):
        start = time.perf_counter()
        model.logits(texts)
        found.append(time.perf_counter() - start)
    return min(found)


def _key(bundle: Bundle, names: Sequence[str]) -> str:
    """Return what a measurement holds for: this machine, model and these versions."""
    packages = ["overtone", *(PACKAGES[name] for name in names)]
    versions = [f"{name} {importlib.metadata.version(name)}" for name in packages]
    machine = [platform.node(), platform.machine(), platform.processor()]
    return hashlib.sha256(json.dumps([bundle.digest, versions, machine]).encode()).hexdigest()


def _read(path: Path) -> dict[str, str]:
    """Return what was measured before; a file that can't be read says nothing."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, str)}


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
