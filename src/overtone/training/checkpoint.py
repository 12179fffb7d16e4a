"""Checkpoints: all that is needed to go on as if nothing had happened, as safetensors and JSON.

`checkpoints/step-00000214-epoch-0001/` holds weights, the optimiser's moments, random states and
the progress; the last two are kept. `checkpoints/best.safetensors` holds the best weights so far.
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
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from overtone import atomic
from overtone.bundle import sha256
from overtone.errors import OvertoneError

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


@dataclass(frozen=True)
class State:
    """What training changes, besides the progress."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    average: AveragedModel | None
    """A copy of the model that follows its weights as a moving average."""

    @property
    def scored(self) -> nn.Module:
        """Return the model whose score counts and whose weights are kept."""
        return self.model if self.average is None else self.average.module

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """Return all of it and the random states, by file."""
        files = {
            "model": self.model.state_dict(),
            "optimizer": _optimizer_tensors(self.optimizer),
            "random": _random_states(),
        }
        if self.average is not None:
            files["average"] = self.average.state_dict()
        return files

    def load(self, folder: Path) -> None:
        """Load what `tensors` returned from the files of a checkpoint."""
        self.model.load_state_dict(load_file(folder / "model.safetensors"))
        _load_optimizer(self.optimizer, load_file(folder / "optimizer.safetensors"))
        _load_random_states(load_file(folder / "random.safetensors"))
        if self.average is not None:
            self.average.load_state_dict(load_file(folder / "average.safetensors"))


def save(folder: Path, progress: Progress, state: State) -> None:
    """Write a checkpoint, whole or not at all, and drop all but the last two."""
    # The epoch is in the name because the last step of an epoch may be saved before it is scored,
    # and after.
    path = folder / f"step-{progress.step:08d}-epoch-{progress.epoch:04d}"
    if path.exists():
        return
    with atomic.folder(path) as beside:
        for name, tensors in state.tensors().items():
            contiguous = {key: value.contiguous() for key, value in tensors.items()}
            save_file(contiguous, beside / f"{name}.safetensors")
        content = {
            "progress": dataclasses.asdict(progress),
            "files": {file.name: sha256(file) for file in sorted(beside.iterdir())},
        }
        (beside / "state.json").write_text(json.dumps(content, indent=2), encoding="utf-8")
    for old in sorted(folder.glob("step-*"))[:-KEPT]:
        shutil.rmtree(old)


def restore(folder: Path, state: State) -> Progress:
    """Load the newest checkpoint that is whole and return its progress; a new one without any.

    Damaged ones are removed, so that they don't count among those that are kept.
    """
    for left_over in folder.glob(".*"):  # of a process that was killed while it wrote
        shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
    for path in sorted(folder.glob("step-*"), reverse=True):
        content = _read(path)
        if content is not None:
            state.load(path)
            return Progress(**content["progress"])
        log.warning("the checkpoint %s is damaged; using the one before it", path)
        shutil.rmtree(path)
    return Progress()


def save_best(folder: Path, model: nn.Module) -> None:
    """Write the best weights so far."""
    with atomic.file(folder / BEST) as beside:
        save_file({key: value.contiguous() for key, value in model.state_dict().items()}, beside)


def load_best(folder: Path, model: nn.Module) -> None:
    """Load the best weights into a model.

    Raises:
        OvertoneError: the file is damaged.

    """
    try:
        model.load_state_dict(load_file(folder / BEST))
    except (OSError, SafetensorError) as error:
        raise OvertoneError(
            f"the best weights, {folder / BEST}, can't be read ({error}): train again"
        ) from error


def _read(path: Path) -> dict[str, Any] | None:
    """Return a checkpoint's state, or None where a file is missing, cut or changed."""
    try:
        state: dict[str, Any] = json.loads((path / "state.json").read_text(encoding="utf-8"))
        whole = all(sha256(path / name) == digest for name, digest in state["files"].items())
    except (OSError, ValueError, KeyError):
        return None
    return state if whole else None


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return the optimiser's state, flat: `3.exp_avg` belongs to the fourth parameter."""
    return {
        f"{index}.{name}": torch.as_tensor(value)
        for index, values in optimizer.state_dict()["state"].items()
        for name, value in values.items()
    }


def _load_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
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
