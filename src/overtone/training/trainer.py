"""Training, top-down: what it takes is made here; the loop is in loop.py, a step in step.py."""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from overtone.evaluation.cost import Cost
from overtone.losses import Loss
from overtone.models import Model
from overtone.training import checkpoint, memory, optimizers, ranks, sharding
from overtone.training.config import Config
from overtone.training.display import Display
from overtone.training.loop import AfterEpoch, Loop
from overtone.training.ranks import Ranks
from overtone.training.result import Fitted, Scores, TrainingData
from overtone.training.step import Stepper, precision
from overtone.training.stopping import StopRequests
from overtone.training.tracking import Tracker

log = logging.getLogger(__name__)


def fit(
    model: Model,
    loss: Loss,
    data: TrainingData,
    validate: Callable[[nn.Module], Scores],
    config: Config,
    folder: Path,
    *,
    team: Ranks | None = None,
    track: Callable[[int], Tracker] | None = None,
    after_epoch: AfterEpoch | None = None,
    quiet: bool = False,
) -> Fitted:
    """Train a model and leave it with the weights that were best on dev.

    Starts from the newest checkpoint in `folder` where there is one. Writes `history.jsonl` and
    `checkpoints/` there.

    Args:
        model: the model, changed in place.
        loss: from logits and targets to a scalar.
        data: what to train on.
        validate: scores a model on dev, in every process alike; has the key `config.metric`, and
            `loss`.
        config: how to train.
        folder: the run's folder.
        team: the processes that train together; this one alone where None.
        track: given the steps that are done, where losses and scores go besides.
        after_epoch: called once an epoch is scored and noted; what it raises ends the training.
        quiet: whether nothing is shown.

    Raises:
        Interrupted: Ctrl-C or SIGTERM came; a checkpoint is written.
        OvertoneError: too many losses in a row were not finite, a single text does not fit into
            memory, the disk is full, or the best weights can't be read back.

    """
    team = team or ranks.join(cpu=config.device == "cpu", shard=config.shard)
    config = _long_enough(config, data)
    torch.manual_seed(config.seed)
    if config.lora:
        model.adapt(config.lora, config.lora_alpha)
    if config.gradient_checkpointing:
        model.recompute()
    if not team.sharded:
        model.to(team.device)
    average = optimizers.average(model, config)
    if team.sharded:  # after it: what is sharded can't be copied
        sharding.shard(model, team)
        if average is not None:
            sharding.shard(average.module, team)
    state = checkpoint.State(
        model,
        optimizers.optimizer(model, config),
        average,
        _scaler(team.device) if config.precision == "fp16" else None,
    )
    progress = _restored(folder / "checkpoints", state, team)
    if not progress.precision:
        progress.precision = precision(config.precision, team.device, gains=model.gains_from_bf16)
    # What fitted before is kept, unless less is wanted now, or another budget is to be met.
    known = progress.tokens if progress.memory_gb == config.memory_gb else 0
    progress.memory_gb = config.memory_gb
    tokens = min(known or config.batch_tokens, config.batch_tokens)
    room = memory.Room(tokens, data.lengths, config.memory_gb)
    stepper = Stepper(state, loss, data, config, team, room, progress.precision)
    if config.memory_gb and team.device.type == "cuda":
        memory.limit_gpu(team.device, config.memory_gb)
    elif config.memory_gb and not known:
        stepper.fit_budget()
        progress.tokens = room.tokens
        if team.first:  # at once: measured again after a crash it might be another
            checkpoint.save(folder / "checkpoints", progress, state.tensors())
    quiet = quiet or not team.first
    with (
        StopRequests() as stop,
        Display(config.epochs, config.metric, quiet=quiet) as display,
        track(progress.step) if track else Tracker() as tracker,
    ):
        loop = Loop(stepper, progress, validate, folder, stop, display, tracker, after_epoch)
        loop.run()
    team.wait()
    # Only the process that wrote them knows their hash.
    digest = progress.best_sha256 if team.first else ""
    checkpoint.load_best(folder / "checkpoints", model, digest)
    model.merge(folder if team.first else None)
    return Fitted(progress.history, progress.best_epoch, _cost(progress, len(data)))


def _long_enough(config: Config, data: TrainingData) -> Config:
    """Return the config with as many epochs as `least_steps` takes."""
    steps = len(data.plan(config.batch_size, config.window, np.random.default_rng(0)))
    epochs = max(config.epochs, math.ceil(config.least_steps / steps))
    if epochs > config.epochs:
        log.info("%d epochs of %d steps, for training.least_steps", epochs, steps)
    return dataclasses.replace(config, epochs=epochs)


def _restored(folder: Path, state: checkpoint.State, team: Ranks) -> checkpoint.Progress:
    """Load the newest whole checkpoint in every process, after the first one has tidied up."""
    if not team.first:
        team.wait()
    progress = checkpoint.restore(folder, state, first=team.first)
    if team.first:
        team.wait()
    return progress


def _scaler(device: torch.device) -> torch.amp.GradScaler:
    """Return what keeps fp16's gradients in its range, ready before it has scaled a loss."""
    scaler = torch.amp.GradScaler(device.type)
    scaler.scale(torch.zeros((), device=device))
    return scaler


def _cost(progress: checkpoint.Progress, texts: int) -> Cost:
    # Times are rounded, and the smallest of runs would have taken none.
    training = max(sum(entry["seconds"] for entry in progress.history), 0.01)
    validation = sum(entry["dev_seconds"] for entry in progress.history)
    epochs = len(progress.history)
    return Cost(
        seconds_per_epoch=round(training / epochs, 2),
        epochs=epochs,
        seconds=round(training + validation, 2),
        texts_per_second=round(texts * epochs / training, 1),
        peak_memory_mb=max(entry["peak_memory_mb"] for entry in progress.history),
    )
