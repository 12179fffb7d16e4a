"""Checkpoints: all that is needed to go on as if nothing had happened, as safetensors and JSON.

`checkpoints/step-00000214/` holds weights, the optimiser's moments, random states and the progress;
the last two are kept. `checkpoints/best.safetensors` holds the best weights so far.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from overtone import atomic
from overtone.bundle import sha256

BEST = "best.safetensors"
KEPT = 2

log = logging.getLogger(__name__)


@dataclass
class Progress:
    """Where a run stands, between two steps."""

    epoch: int = 0
    """The epoch in progress, from 0."""
    batch: int = 0
    """Batches of that epoch that are done."""
    step: int = 0
    """Steps done in all."""
    loss: float = 0.0
    """Sum of this epoch's losses."""
    seconds: float = 0.0
    """Seconds spent in this epoch."""
    best: float | None = None
    """Best value of the metric so far; larger is better."""
    best_epoch: int = 0
    """The epoch of the best value, from 1."""
    history: list[dict[str, Any]] = field(default_factory=list)
    """One entry for each finished epoch."""


def save(folder: Path, progress: Progress, model: nn.Module, optimizer: Any) -> None:  # noqa: ANN401
    """Write a checkpoint, whole or not at all, and drop all but the last two."""
    path = folder / f"step-{progress.step:08d}"
    if path.exists():  # saved by a run that was stopped twice at the same step
        return
    with atomic.folder(path) as beside:
        save_file(_contiguous(model.state_dict()), beside / "model.safetensors")
        save_file(_optimizer_tensors(optimizer), beside / "optimizer.safetensors")
        save_file(_random_states(), beside / "random.safetensors")
        state = {
            "progress": dataclasses.asdict(progress),
            "files": {file.name: sha256(file) for file in sorted(beside.iterdir())},
        }
        (beside / "state.json").write_text(json.dumps(state, indent=2), encoding="utf-8")
    for old in sorted(folder.glob("step-*"))[:-KEPT]:
        shutil.rmtree(old)


def save_best(folder: Path, model: nn.Module) -> None:
    """Write the best weights so far."""
    with atomic.file(folder / BEST) as beside:
        save_file(_contiguous(model.state_dict()), beside)


def load_best(folder: Path, model: nn.Module) -> None:
    """Load the best weights into a model."""
    model.load_state_dict(load_file(folder / BEST))


def restore(folder: Path, model: nn.Module, optimizer: Any) -> Progress:  # noqa: ANN401
    """Load the newest checkpoint that is whole and return its progress; a new one without any."""
    for path in sorted(folder.glob("step-*"), reverse=True):
        state = _read(path)
        if state is None:
            log.warning("the checkpoint %s is damaged; using the one before it", path)
            continue
        model.load_state_dict(load_file(path / "model.safetensors"))
        _load_optimizer(optimizer, load_file(path / "optimizer.safetensors"))
        _load_random_states(load_file(path / "random.safetensors"))
        return Progress(**state["progress"])
    return Progress()


def _read(path: Path) -> dict[str, Any] | None:
    """Return a checkpoint's state, or None where a file is missing, cut or changed."""
    try:
        state: dict[str, Any] = json.loads((path / "state.json").read_text(encoding="utf-8"))
        whole = all(sha256(path / name) == digest for name, digest in state["files"].items())
    except (OSError, ValueError, KeyError):
        return None
    return state if whole else None


def _contiguous(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: value.contiguous() for key, value in state.items()}


def _optimizer_tensors(optimizer: Any) -> dict[str, Tensor]:  # noqa: ANN401
    """Return the optimiser's state, flat: `3.exp_avg` belongs to the fourth parameter."""
    return {
        f"{index}.{name}": torch.as_tensor(value).contiguous()
        for index, values in optimizer.state_dict()["state"].items()
        for name, value in values.items()
    }


def _load_optimizer(optimizer: Any, tensors: dict[str, Tensor]) -> None:  # noqa: ANN401
    state = optimizer.state_dict()
    state["state"] = {}
    for key, value in tensors.items():
        index, _, name = key.partition(".")
        state["state"].setdefault(int(index), {})[name] = value
    optimizer.load_state_dict(state)


def _random_states() -> dict[str, Tensor]:
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states |= {f"cuda.{n}": s for n, s in enumerate(torch.cuda.get_rng_state_all())}
    return states


def _load_random_states(states: dict[str, Tensor]) -> None:
    torch.set_rng_state(states.pop("cpu"))
    if states and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([states[key] for key in sorted(states)])
