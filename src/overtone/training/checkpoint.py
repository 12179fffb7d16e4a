"""Checkpoints: all that is needed to go on as if nothing had happened, as safetensors and JSON.

`checkpoints/step-00000214-epoch-0001/` holds weights, the optimiser's moments, the best weights so
far and the progress; the last two are kept. Random numbers are made from the seed and the number
of the step, so no state of a generator is needed.
"""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from overtone import atomic
from overtone.bundle import sha256
from overtone.errors import InputError, OvertoneError
from overtone.models import Model
from overtone.training import sharding
from overtone.training.optimizers import Average

BEST = "best.safetensors"
FORMAT = 3
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
    """Sum of this epoch's losses, skipped steps left out."""
    skipped: int = 0
    """Steps of this epoch that were skipped because loss or gradient was not finite."""
    skipped_in_a_row: int = 0
    """Steps that were skipped since the last one that was not."""
    seconds: float = 0.0
    """Seconds spent in this epoch, checkpoints left out."""
    checkpoint_seconds: float = 0.0
    """Seconds spent on this epoch's checkpoints."""
    precision: str = ""
    """What the run is trained in, settled when it began."""
    tokens: int = 0
    """Most tokens that went through the model at once; 0 before that is known."""
    memory_gb: float = 0.0
    """The budget that they were found for."""
    best: float | None = None
    """Best value of the metric so far; larger is better."""
    best_epoch: int = 0
    """The epoch of the best value, from 1."""
    best_sha256: str = ""
    """Of the best weights."""
    history: list[dict[str, Any]] = field(default_factory=list)
    """One entry for each finished epoch."""


@dataclass(frozen=True)
class State:
    """What training changes, besides the progress."""

    model: Model
    optimizer: torch.optim.Optimizer
    average: Average | None = None
    """A copy of the model that follows its weights as a moving average."""
    scaler: torch.amp.GradScaler | None = None
    """Keeps fp16's gradients in its narrow range."""

    @property
    def scored(self) -> nn.Module:
        """Return the model whose score counts and whose weights are kept."""
        return self.model if self.average is None else self.average.module

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """Return all of it, by file; `sharding.whole` says which process gets it."""
        files = {
            "model": sharding.whole(self.model.state_dict()),
            "optimizer": sharding.whole(_optimizer_tensors(self.optimizer)),
        }
        if self.average is not None:
            files["average"] = sharding.whole(self.average.state_dict())
        if self.scaler is not None:
            scaler = self.scaler.state_dict()
            files["scaler"] = {
                key: torch.tensor(scaler[key]) for key in ("scale", "_growth_tracker")
            }
        return files

    def load(self, folder: Path) -> None:
        """Load what `tensors` returned from the files of a checkpoint."""
        _load(self.model, folder / "model.safetensors")
        _load_optimizer(self.optimizer, load_file(folder / "optimizer.safetensors"))
        if self.average is not None:
            _load(self.average, folder / "average.safetensors")
        if self.scaler is not None:
            saved = load_file(folder / "scaler.safetensors")
            values = {key: value.item() for key, value in saved.items()}
            self.scaler.load_state_dict({**self.scaler.state_dict(), **values})


def save(folder: Path, progress: Progress, tensors: Mapping[str, dict[str, Tensor]]) -> None:
    """Write a checkpoint, whole or not at all, and drop all but the last two.

    Args:
        folder: the run's checkpoints.
        progress: where the run stands.
        tensors: what `State.tensors` returned.

    Raises:
        OvertoneError: there is no room on the disk; what was written before is whole.

    """
    # The epoch is in the name because the last step of an epoch may be saved before it is scored,
    # and after.
    path = folder / f"step-{progress.step:08d}-epoch-{progress.epoch:04d}"
    if path.exists():
        return
    try:
        with atomic.folder(path) as beside:
            _write(beside, folder / BEST, progress, tensors)
    except (OSError, SafetensorError) as error:
        raise explained(error, path, folder) from error
    _drop_old(folder)


def restore(folder: Path, state: State, *, first: bool = True) -> Progress:
    """Load the newest checkpoint that is whole and return its progress; a new one without any.

    Damaged ones are removed, so that they don't count among those that are kept.

    Args:
        folder: the run's checkpoints.
        state: what is loaded into.
        first: whether this process tidies up; of several, one does, before the others come here.

    Raises:
        InputError: the newest one was written by another version.

    """
    left_overs = folder.glob(".*") if first else ()  # of a process that was killed while it wrote
    for left_over in left_overs:
        atomic.remove(left_over)
    found = sorted(folder.glob("step-*"), reverse=True)
    for path in found:
        content = _read(path)
        if content is not None:
            if content["format"] != FORMAT:
                raise InputError(
                    f"the checkpoint {path} was written by another version of overtone: go on with "
                    "that version, or train again into another --output"
                )
            state.load(path)
            if first and (path / BEST).exists():
                _link(path / BEST, folder / BEST)
            if first:
                _drop_old(folder)
            return Progress(**content["progress"])
        log.warning("the checkpoint %s is damaged; using the one before it", path)
        if first:
            shutil.rmtree(path)
    if found:
        log.warning("no checkpoint in %s is whole; training begins anew", folder)
    return Progress()


def save_best(folder: Path, weights: dict[str, Tensor]) -> str:
    """Write the best weights so far, and return their SHA-256.

    Raises:
        OvertoneError: there is no room on the disk; what was written before is whole.

    """
    try:
        with atomic.file(folder / BEST) as beside:
            _save_tensors(weights, beside)
            digest = sha256(beside)
    except (OSError, SafetensorError) as error:
        raise explained(error, folder / BEST, folder) from error
    return digest


def load_best(folder: Path, model: nn.Module, digest: str) -> None:
    """Load the best weights into a model; without a digest, unchecked.

    Raises:
        OvertoneError: the file is damaged.

    """
    try:
        whole = not digest or sha256(folder / BEST) == digest
        if whole:
            _load(model, folder / BEST)
    except (OSError, SafetensorError):
        whole = False
    if not whole:
        raise OvertoneError(
            f"the best weights, {folder / BEST}, were damaged since they were written: --resume "
            "goes back to a checkpoint that is whole"
        )


def is_full(error: Exception) -> bool:
    """Return whether an error says that there is no room on the disk."""
    # safetensors wraps the system's error in one of its own, as text.
    number = error.errno if isinstance(error, OSError) else None
    return number in (errno.ENOSPC, errno.EDQUOT) or "os error 28" in str(error)


def explained(error: Exception, path: Path, folder: Path) -> OvertoneError:
    """Return what to say of a file that could not be written; `folder` has the checkpoints."""
    full = is_full(error)
    reason = "the disk is full" if full else str(error)
    kept = max((given.name for given in folder.glob("step-*")), default=None)
    return OvertoneError(
        f"{path} could not be written: {reason}. "
        + (f"The checkpoint {kept} is whole: " if kept else "There is no checkpoint yet: ")
        + ("make room and " if full else "mend that and ")
        + ("go on with --resume" if kept else "train again with --resume")
    )


def _write(
    beside: Path, best: Path, progress: Progress, files_of_tensors: Mapping[str, dict[str, Tensor]]
) -> None:
    """Fill a checkpoint's folder."""
    for name, tensors in files_of_tensors.items():
        _save_tensors(tensors, beside / f"{name}.safetensors")
    files = {file.name: sha256(file) for file in sorted(beside.iterdir())}
    if progress.best_epoch:
        # With it, so that going back to this checkpoint goes back to its best weights too.
        _link(best, beside / BEST)
        files[BEST] = progress.best_sha256
    content = {"format": FORMAT, "progress": dataclasses.asdict(progress), "files": files}
    content["sha256"] = _own_hash(content)
    (beside / "state.json").write_text(json.dumps(content, indent=2), encoding="utf-8")


def _save_tensors(tensors: dict[str, Tensor], path: Path) -> None:
    save_file({key: value.contiguous() for key, value in tensors.items()}, path)


def _load(module: nn.Module, path: Path) -> None:
    """Load weights from a file; of a sharded module, this process's part of them."""
    own = module.state_dict()
    saved = load_file(path)
    module.load_state_dict(
        {
            key: sharding.like(value, own[key]) if key in own else value
            for key, value in saved.items()
        }
    )


def _link(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`; a copy on disks that have no hard links."""
    with atomic.file(target) as beside:
        beside.unlink()
        try:
            os.link(source, beside)
        except OSError:
            shutil.copyfile(source, beside)


def _drop_old(folder: Path) -> None:
    """Drop all checkpoints but the last two."""
    for old in sorted(folder.glob("step-*"))[:-KEPT]:
        shutil.rmtree(old)


def _read(path: Path) -> dict[str, Any] | None:
    """Return a checkpoint's state, or None where a file is missing, cut or changed."""
    try:
        state: dict[str, Any] = json.loads((path / "state.json").read_text(encoding="utf-8"))
        own = state.pop("sha256", None)
        # Other versions wrote none.
        whole = own == _own_hash(state) if own else state.setdefault("format", 1) != FORMAT
        files = state["files"].items()
        whole = whole and all(sha256(path / name) == digest for name, digest in files)
    except (FileNotFoundError, ValueError, KeyError, AttributeError, TypeError):
        return None
    return state if whole else None


def _own_hash(content: dict[str, Any]) -> str:
    """Return the hash of a checkpoint's state, the hash itself left out."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


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
    parameters = [given for group in optimizer.param_groups for given in group["params"]]
    for key, value in tensors.items():
        index, _, name = key.partition(".")
        moment = sharding.like(value, parameters[int(index)])
        state["state"].setdefault(int(index), {})[name] = moment
    optimizer.load_state_dict(state)
