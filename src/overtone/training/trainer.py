"""The training loop, top-down: fit, then an epoch, then a step.

Accelerate brings the device and the precision; everything else of a step stands here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from numpy.typing import NDArray
from torch import Tensor, nn

from overtone import atomic
from overtone.config import Count, NotNegative, Range, Share
from overtone.evaluation.cost import Cost, peak_memory_mb
from overtone.inputs import Encoded, Inputs, batches
from overtone.losses import Count as LossCount
from overtone.losses import Loss
from overtone.models import Model, tensors
from overtone.training import checkpoint
from overtone.training.display import Display
from overtone.training.stopping import Interrupted, StopRequests

Scores = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Config:
    """How a model is trained."""

    epochs: Count = 5
    """Most epochs."""
    batch_size: Count = 32
    """Most texts a batch."""
    batch_tokens: Count = 8192
    """Most tokens a batch, padding counted."""
    window: Count = 20
    """Batches' worth of texts that are sorted by length together; 1 leaves the order random."""
    optimizer: Literal["adamw", "adam"] = "adamw"
    """AdamW, or Adam as in the report."""
    learning_rate: NotNegative = 1e-4
    """Of the encoder, at its highest."""
    head_learning_rate: NotNegative = 1e-3
    """Of the head, at its highest."""
    weight_decay: NotNegative = 0.01
    """AdamW's decay of weight matrices; biases and normalisation are left alone."""
    warmup: Share = 0.1
    """Share of the steps over which the learning rates rise from 0."""
    schedule: Literal["linear", "constant"] = "linear"
    """What the learning rates do after that: fall to 0, or stay."""
    clip: NotNegative = 1.0
    """Largest norm of a step's gradient; 0 leaves it alone."""
    metric: Literal["jaccard", "jaccard_zero", "f1_micro", "f1_macro", "loss"] = "jaccard"
    """What is best on dev chooses the weights that are kept."""
    patience: Annotated[int, Range(0)] = 4
    """Epochs without a better metric after which training stops; 0 never stops early."""
    device: Literal["auto", "cpu"] = "auto"
    """`auto` takes CUDA or MPS where there is one."""
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """Of the matrix products; weights stay in fp32."""
    seed: Annotated[int, Range(0)] = 0
    """Of the head's first weights, dropout and the order of the texts."""


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """What is trained on."""

    inputs: Inputs
    encoded: Encoded
    targets: NDArray[np.float32]
    """(n, C), NaN where not annotated."""


@dataclass(frozen=True)
class Fitted:
    """What training left behind, besides the best weights in the model."""

    history: list[dict[str, Any]]
    """One entry an epoch, as in history.jsonl."""
    best_epoch: int
    """From 1."""
    cost: Cost


def fit(
    model: Model,
    loss: Loss,
    data: TrainingSet,
    validate: Callable[[], Scores],
    config: Config,
    folder: Path,
) -> Fitted:
    """Train a model and leave it with the weights that were best on dev.

    Starts from the newest checkpoint in `folder` where there is one. Writes `history.jsonl` and
    `checkpoints/` there.

    Args:
        model: the model, changed in place.
        loss: from logits and targets to a scalar.
        data: what to train on.
        validate: scores the model on dev; has the key `config.metric`, and `loss`.
        config: how to train.
        folder: the run's folder.

    Raises:
        Interrupted: Ctrl-C or SIGTERM came; a checkpoint is written.

    """
    # Accelerate keeps its settings in a process-wide object; a second run may need others.
    AcceleratorState._reset_state(reset_partial_state=True)  # noqa: SLF001
    accelerator = Accelerator(
        cpu=config.device == "cpu",
        mixed_precision="no" if config.precision == "fp32" else config.precision,
    )
    torch.manual_seed(config.seed)
    optimizer = _optimizer(model, config)
    model.to(accelerator.device)
    checkpoints = folder / "checkpoints"
    progress = checkpoint.restore(checkpoints, model, optimizer)
    prepared, optimizer = accelerator.prepare(model, optimizer)
    with StopRequests() as stop, Display(config.epochs, config.metric) as display:
        while progress.epoch < config.epochs and not _is_over(progress, config):
            _train_epoch(
                accelerator, prepared, optimizer, loss, data, config, progress, display, stop,
                lambda: checkpoint.save(checkpoints, progress, model, optimizer),
            )  # fmt: skip
            _finish_epoch(model, data, validate, config, progress, display, checkpoints)
            checkpoint.save(checkpoints, progress, model, optimizer)
            _write_history(folder, progress)
    checkpoint.load_best(checkpoints, model)
    return Fitted(progress.history, progress.best_epoch, _cost(progress, len(data.encoded)))


def _train_epoch(
    accelerator: Accelerator,
    model: nn.Module,
    optimizer: Any,  # noqa: ANN401
    loss: Loss,
    data: TrainingSet,
    config: Config,
    progress: checkpoint.Progress,
    display: Display,
    stop: StopRequests,
    save: Callable[[], None],
) -> None:
    """Train on what is left of an epoch's batches."""
    rng = np.random.default_rng([config.seed, progress.epoch])
    plan = batches.shuffled(
        data.encoded.lengths, config.batch_size, config.batch_tokens, config.window, rng
    )
    done_before, seconds_before = progress.batch, progress.seconds
    display.start_epoch(progress.epoch + 1, len(plan), done_before)
    model.train()
    total = torch.full((), progress.loss, dtype=torch.float64, device="cpu")
    texts = sum(map(len, plan[:done_before]))
    start = time.perf_counter()
    for rows in plan[done_before:]:
        # At the middle of the step: neither the first nor the last one has a rate of 0.
        done = progress.epoch + (progress.batch + 0.5) / len(plan)
        _set_learning_rates(optimizer, config, done)
        value = _step(accelerator, model, optimizer, loss, data, rows, config)
        total += value.cpu().double()
        progress.batch += 1
        progress.step += 1
        progress.loss = float(total)
        texts += len(rows)
        progress.seconds = seconds_before + time.perf_counter() - start
        display.step(progress.loss / progress.batch, texts / progress.seconds)
        if stop.received is not None:
            save()
            raise Interrupted(stop.received, f"stopped after step {progress.step}, which is saved")


def _step(
    accelerator: Accelerator,
    model: nn.Module,
    optimizer: Any,  # noqa: ANN401
    loss: Loss,
    data: TrainingSet,
    rows: NDArray[np.int64],
    config: Config,
) -> Tensor:
    """Do one step of the optimiser on some rows and return the loss, a scalar."""
    arrays = tensors(data.inputs.collate(data.encoded, rows), accelerator.device)
    targets = torch.from_numpy(data.targets[rows]).to(accelerator.device)
    with accelerator.autocast():
        logits = model(**arrays)
    value = loss(logits.float(), targets, LossCount.of(targets))
    accelerator.backward(value)
    if config.clip:
        accelerator.clip_grad_norm_(model.parameters(), config.clip)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return value.detach()


def _finish_epoch(
    model: Model,
    data: TrainingSet,
    validate: Callable[[], Scores],
    config: Config,
    progress: checkpoint.Progress,
    display: Display,
    checkpoints: Path,
) -> None:
    """Score the epoch on dev, keep the weights where they are the best, and note it all down."""
    start = time.perf_counter()
    scores = validate()
    value = -scores["loss"] if config.metric == "loss" else scores[config.metric]
    if progress.best is None or value > progress.best:
        progress.best, progress.best_epoch = value, progress.epoch + 1
        checkpoint.save_best(checkpoints, model)
    entry = {
        "epoch": progress.epoch + 1,
        "loss": progress.loss / progress.batch,
        "dev": scores,
        "best": progress.best_epoch == progress.epoch + 1,
        "steps": progress.batch,
        "seconds": round(progress.seconds, 2),
        "dev_seconds": round(time.perf_counter() - start, 2),
        "texts_per_second": round(len(data.encoded) / progress.seconds, 1),
        "tokens_per_second": round(int(data.encoded.lengths.sum()) / progress.seconds, 1),
        "peak_memory_mb": peak_memory_mb(),
    }
    progress.history.append(entry)
    progress.epoch += 1
    progress.batch, progress.loss, progress.seconds = 0, 0.0, 0.0
    display.finish_epoch(entry)


def _is_over(progress: checkpoint.Progress, config: Config) -> bool:
    """Return whether patience has run out."""
    return 0 < config.patience <= progress.epoch - progress.best_epoch


def _write_history(folder: Path, progress: checkpoint.Progress) -> None:
    # Written from the checkpoint's own list: an epoch that is done again after a crash stands once.
    lines = "".join(json.dumps(entry) + "\n" for entry in progress.history)
    atomic.write_text(folder / "history.jsonl", lines)


def _optimizer(model: Model, config: Config) -> torch.optim.Optimizer:
    """Return Adam or AdamW with two learning rates, matrices and the rest apart for the decay."""
    groups = []
    for parameters, rate in zip(
        model.groups(), (config.learning_rate, config.head_learning_rate), strict=True
    ):
        for matrices, decay in ((True, config.weight_decay), (False, 0.0)):
            chosen = [p for p in parameters if (p.ndim > 1) == matrices]
            groups.append({"params": chosen, "peak": rate, "weight_decay": decay})
    if config.optimizer == "adam":
        for group in groups:
            group["weight_decay"] = 0.0
    return torch.optim.AdamW(groups, lr=0.0, fused=True)


def _set_learning_rates(optimizer: Any, config: Config, epochs_done: float) -> None:  # noqa: ANN401
    """Set every group's rate: up over the warm-up, then down to 0 at the end of all epochs."""
    done = epochs_done / config.epochs
    if done < config.warmup:
        factor = done / config.warmup
    elif config.schedule == "constant":
        factor = 1.0
    else:
        factor = (1 - done) / (1 - config.warmup)
    for group in optimizer.param_groups:
        group["lr"] = factor * group["peak"]


def _cost(progress: checkpoint.Progress, texts: int) -> Cost:
    training = sum(entry["seconds"] for entry in progress.history)
    validation = sum(entry["dev_seconds"] for entry in progress.history)
    epochs = len(progress.history)
    return Cost(
        seconds_per_epoch=round(training / epochs, 2),
        epochs=epochs,
        seconds=round(training + validation, 2),
        texts_per_second=round(texts * epochs / training, 1),
        peak_memory_mb=max(entry["peak_memory_mb"] for entry in progress.history),
    )
