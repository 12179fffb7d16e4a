"""The training loop, top-down: fit, then an epoch, then a step.

Accelerate brings the device and the precision; everything else of a step stands here.
"""

from __future__ import annotations

import json
import math
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
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from overtone import atomic
from overtone.config import Count, NotNegative, Range, Share
from overtone.errors import OvertoneError
from overtone.evaluation.cost import Cost, peak_memory_mb
from overtone.inputs import Encoded, Inputs, Pool, batches
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
    optimizer: Literal["adamw", "adam", "adadelta"] = "adamw"
    """AdamW; Adam, or for its CNN Adadelta, as in the report."""
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
    average: Annotated[float, Range(0, 0.9999)] = 0.0
    """Decay a step of a moving average of the weights, which is what is scored and kept; 0 is off.
    0.995 averages over the last two hundred steps."""
    metric: Literal["jaccard", "jaccard_zero", "f1_micro", "f1_macro", "loss"] = "jaccard"
    """What is best on dev chooses the weights that are kept."""
    patience: Annotated[int, Range(0)] = 4
    """Epochs without a better metric after which training stops; 0 never stops early."""
    device: Literal["auto", "cpu"] = "auto"
    """`auto` takes CUDA or MPS where there is one."""
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """Of the matrix products; weights stay in fp32."""
    seed: Annotated[int, Range(0, 2**63 - 1)] = 0
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
    validate: Callable[[nn.Module], Scores],
    config: Config,
    folder: Path,
    *,
    quiet: bool = False,
) -> Fitted:
    """Train a model and leave it with the weights that were best on dev.

    Starts from the newest checkpoint in `folder` where there is one. Writes `history.jsonl` and
    `checkpoints/` there.

    Args:
        model: the model, changed in place.
        loss: from logits and targets to a scalar.
        data: what to train on.
        validate: scores a model on dev; has the key `config.metric`, and `loss`.
        config: how to train.
        folder: the run's folder.
        quiet: whether nothing is shown.

    Raises:
        Interrupted: Ctrl-C or SIGTERM came; a checkpoint is written.
        OvertoneError: the loss is no longer finite, or the best weights can't be read back.

    """
    # Accelerate keeps its settings in a process-wide object; a second run may need others.
    AcceleratorState._reset_state(reset_partial_state=True)  # noqa: SLF001
    accelerator = Accelerator(
        cpu=config.device == "cpu",
        mixed_precision="no" if config.precision == "fp32" else config.precision,
    )
    torch.manual_seed(config.seed)
    model.to(accelerator.device)
    state = checkpoint.State(model, _optimizer(model, config), _average(model, config))
    progress = checkpoint.restore(folder / "checkpoints", state)
    with StopRequests() as stop, Display(config.epochs, config.metric, quiet=quiet) as display:
        loop = _Loop(
            accelerator, state, progress, loss, data, validate, config, folder, stop, display
        )
        loop.run()
    checkpoint.load_best(folder / "checkpoints", model)
    return Fitted(progress.history, progress.best_epoch, _cost(progress, len(data.encoded)))


class _Loop:
    """The loop: epochs of steps, each epoch ending in a score on dev and a checkpoint."""

    def __init__(
        self,
        accelerator: Accelerator,
        state: checkpoint.State,
        progress: checkpoint.Progress,
        loss: Loss,
        data: TrainingSet,
        validate: Callable[[nn.Module], Scores],
        config: Config,
        folder: Path,
        stop: StopRequests,
        display: Display,
    ) -> None:
        self.accelerator = accelerator
        self.model, self.optimizer = accelerator.prepare(state.model, state.optimizer)
        self.state = state
        self.progress = progress
        self.loss = loss
        self.data = data
        self.validate = validate
        self.config = config
        self.folder = folder
        self.stop = stop
        self.display = display

    def run(self) -> None:
        """Train until the epochs are done or patience runs out."""
        progress, config = self.progress, self.config
        while progress.epoch < config.epochs:
            if 0 < config.patience <= progress.epoch - progress.best_epoch:
                break
            self._train_epoch()
            self._finish_epoch()
            self._save()
            _write_history(self.folder, progress)
        # Once more: a run that was killed between the two comes here with nothing left to do.
        _write_history(self.folder, progress)
        if progress.best is None:
            raise OvertoneError(
                f"no epoch's {config.metric} on dev was a number: training diverged; lower "
                "training.learning_rate"
            )

    def _train_epoch(self) -> None:
        """Train on what is left of an epoch's batches."""
        progress, config, lengths = self.progress, self.config, self.data.encoded.text_lengths
        rng = np.random.default_rng([config.seed, progress.epoch])
        plan = batches.shuffled(lengths, config.batch_size, config.batch_tokens, config.window, rng)
        self.display.start_epoch(progress.epoch + 1, len(plan), progress.batch)
        self.model.train()
        texts = sum(map(len, plan[: progress.batch]))
        start = time.perf_counter() - progress.seconds
        for chosen in plan[progress.batch :]:
            # At the middle of the step: neither the first nor the last one has a rate of 0.
            done = progress.epoch + (progress.batch + 0.5) / len(plan)
            _set_learning_rates(self.optimizer, config, done)
            progress.loss += float(self._step(chosen))
            progress.batch += 1
            progress.step += 1
            texts += len(chosen)
            progress.seconds = time.perf_counter() - start
            self.display.step(progress.loss / progress.batch, texts / progress.seconds)
            if self.stop.received is not None:
                self._save()
                raise Interrupted(
                    self.stop.received, f"stopped after step {progress.step}, which is saved"
                )

    def _step(self, texts: NDArray[np.int64]) -> Tensor:
        """Do one step of the optimiser on some texts and return the loss, a scalar."""
        accelerator, data = self.accelerator, self.data
        rows, counts = data.encoded.rows_of(texts)
        arrays = tensors(data.inputs.collate(data.encoded, rows), accelerator.device)
        targets = torch.from_numpy(data.targets[texts]).to(accelerator.device)
        with accelerator.autocast():
            logits = self.model(**arrays)
        logits = _pooled(logits.float(), counts, data.encoded.pool)
        value = self.loss(logits, targets, LossCount.of(targets))
        accelerator.backward(value)
        if self.config.clip:
            accelerator.clip_grad_norm_(self.model.parameters(), self.config.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.state.average is not None:
            self.state.average.update_parameters(self.state.model)
        return value.detach()

    def _finish_epoch(self) -> None:
        """Score the epoch on dev, keep the weights where they are the best, and note it all."""
        progress, lengths = self.progress, self.data.encoded.text_lengths
        if not math.isfinite(progress.loss):
            raise OvertoneError(
                f"the loss is no longer finite in epoch {progress.epoch + 1}: training diverged; "
                f"lower training.learning_rate (now {self.config.learning_rate:g}) or "
                f"training.head_learning_rate (now {self.config.head_learning_rate:g})"
            )
        start = time.perf_counter()
        scores = self.validate(self.state.scored)
        value = -scores["loss"] if self.config.metric == "loss" else scores[self.config.metric]
        # A score that is no number is worse than any: it is never the best.
        if math.isfinite(value) and (progress.best is None or value > progress.best):
            progress.best, progress.best_epoch = value, progress.epoch + 1
            checkpoint.save_best(self.folder / "checkpoints", self.state.scored)
        entry = {
            "epoch": progress.epoch + 1,
            "loss": progress.loss / progress.batch,
            "dev": {key: score if math.isfinite(score) else None for key, score in scores.items()},
            "best": progress.best_epoch == progress.epoch + 1,
            "steps": progress.batch,
            "seconds": round(progress.seconds, 2),
            "dev_seconds": round(time.perf_counter() - start, 2),
            "texts_per_second": round(len(lengths) / progress.seconds, 1),
            "tokens_per_second": round(int(lengths.sum()) / progress.seconds, 1),
            "peak_memory_mb": peak_memory_mb(),
        }
        progress.history.append(entry)
        progress.epoch += 1
        progress.batch, progress.loss, progress.seconds = 0, 0.0, 0.0
        self.display.finish_epoch(entry)

    def _save(self) -> None:
        checkpoint.save(self.folder / "checkpoints", self.progress, self.state)


def _write_history(folder: Path, progress: checkpoint.Progress) -> None:
    # Written from the checkpoint's own list: an epoch that is done again after a crash stands once.
    lines = "".join(json.dumps(entry) + "\n" for entry in progress.history)
    atomic.write_text(folder / "history.jsonl", lines)


def _optimizer(model: Model, config: Config) -> torch.optim.Optimizer:
    """Return the optimiser with two learning rates, matrices and the rest apart for the decay."""
    groups = []
    for parameters, rate in zip(
        model.groups(), (config.learning_rate, config.head_learning_rate), strict=True
    ):
        for matrices, decay in ((True, config.weight_decay), (False, 0.0)):
            chosen = [p for p in parameters if (p.ndim > 1) == matrices]
            groups.append({"params": chosen, "peak": rate, "weight_decay": decay})
    if config.optimizer != "adamw":
        for group in groups:
            group["weight_decay"] = 0.0
    if config.optimizer == "adadelta":
        return torch.optim.Adadelta(groups, lr=0.0, rho=0.95, eps=1e-7)  # as Keras has it
    return torch.optim.AdamW(groups, lr=0.0, fused=True)


def _pooled(logits: Tensor, counts: NDArray[np.int64], pool: Pool) -> Tensor:
    """Return the logits of texts, (B, C), from those of their rows; `counts` says how many each."""
    if len(logits) == len(counts):
        return logits
    lengths = torch.from_numpy(counts).to(logits.device)
    return torch.segment_reduce(logits, pool, lengths=lengths)


def _average(model: Model, config: Config) -> AveragedModel | None:
    """Return a copy of the model that follows its weights as a moving average, where wanted."""
    if not config.average:
        return None
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(config.average))  # type: ignore[no-untyped-call]


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
