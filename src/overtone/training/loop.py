"""The training loop, top-down: epochs of steps, each epoch ending in a score on dev."""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from overtone import atomic
from overtone.errors import OvertoneError
from overtone.evaluation.cost import peak_memory_mb
from overtone.training import checkpoint, optimizers, sharding
from overtone.training.display import Display
from overtone.training.result import Scores
from overtone.training.step import Stepper
from overtone.training.stopping import Interrupted, StopRequests
from overtone.training.tracking import Tracker

SHARE = 0.02
"""Most of the time that checkpoints may take."""
SPACING = 30.0
"""Seconds between checkpoints at least, where nothing else is said."""
READ_TOGETHER = {"cpu": 1, "cuda": 16, "mps": 16}
"""Steps whose losses are read together, by device: reading waits for an accelerator."""
AfterEpoch = Callable[[Sequence[dict[str, Any]]], None]
"""Is given the entries of history.jsonl so far, in every process alike."""


class Loop:
    """The loop: epochs of steps, each epoch ending in a score on dev."""

    def __init__(
        self,
        stepper: Stepper,
        progress: checkpoint.Progress,
        validate: Callable[[nn.Module], Scores],
        folder: Path,
        stop: StopRequests,
        display: Display,
        tracker: Tracker,
        after_epoch: AfterEpoch | None,
    ) -> None:
        """Store what the loop works with, and how far training is."""
        self.stepper = stepper
        self.state = stepper.state
        self.team = stepper.ranks
        self.data = stepper.data
        self.config = stepper.config
        self.progress = progress
        self.validate = validate
        self.folder = folder
        self.stop = stop
        self.display = display
        self.tracker = tracker
        self.after_epoch = after_epoch
        self._saved = time.perf_counter()
        self._saved_step = progress.step
        self._spacing = SPACING

    def run(self) -> None:
        """Train until the epochs are done or patience runs out."""
        progress, config = self.progress, self.config
        while progress.epoch < config.epochs:
            waited = progress.epoch - progress.best_epoch
            if 0 < config.patience <= waited and config.keep == "best":
                break
            plan = self._plan()
            self._train_epoch(plan)
            self._finish_epoch(plan)
            self._save_if_due()
            self._write_history()
            if self.team.any(self.stop.received is not None):
                self._stop()
            if self.after_epoch is not None:
                self.after_epoch(progress.history)
        # Once more: a run that was killed between the two comes here with nothing left to do.
        self._write_history()
        if progress.best is None:
            raise OvertoneError(
                f"no epoch's {config.metric} on dev was a number: training diverged; lower "
                "training.learning_rate"
            )

    def _train_epoch(self, plan: list[NDArray[np.int64]]) -> None:
        """Train on what is left of an epoch's batches."""
        progress, config = self.progress, self.config
        self.display.start_epoch(progress.epoch + 1, len(plan), progress.batch)
        self.state.model.train()
        unread: list[Tensor] = []
        most_unread = READ_TOGETHER.get(self.team.device.type, 1)
        texts = sum(map(len, plan[: progress.batch]))
        start = time.perf_counter() - progress.seconds
        for chosen in plan[progress.batch :]:
            # At the middle of the step: neither the first nor the last one has a rate of 0.
            done = progress.epoch + (progress.batch + 0.5) / len(plan)
            optimizers.set_learning_rates(self.state.optimizer, config, done)
            unread.append(
                self.stepper.step(chosen, progress.step, lambda: self.stop.received is not None)
            )
            progress.batch += 1
            progress.step += 1
            texts += len(chosen)
            if len(unread) < most_unread and progress.batch < len(plan):
                continue
            asked_to_stop = self._read(unread, plan)
            unread = []
            progress.seconds = time.perf_counter() - start
            self._show(texts / progress.seconds)
            if asked_to_stop:
                self._stop()
            start += self._save_if_due()

    def _plan(self) -> list[NDArray[np.int64]]:
        """Return the epoch's effective batches, the same in every process."""
        config = self.config
        rng = np.random.default_rng([config.seed, self.progress.epoch])
        return self.data.plan(config.batch_size, config.window, rng)

    def _read(self, reports: list[Tensor], plan: list[NDArray[np.int64]]) -> bool:
        """Take in what the last steps report, and return whether a process was asked to stop.

        Raises:
            OvertoneError: too many steps in a row were skipped.

        """
        progress = self.progress
        asked = False
        for place, (loss, bad, stop) in enumerate(torch.stack(reports).tolist(), -len(reports)):
            asked = asked or stop > 0
            if not bad:
                progress.loss += loss
                progress.skipped_in_a_row = 0
                continue
            progress.skipped += 1
            progress.skipped_in_a_row += 1
            if progress.skipped_in_a_row >= self.config.most_skipped:
                batch = progress.batch + place
                rows = ", ".join(self.data.ids[text] for text in plan[batch])
                raise OvertoneError(
                    f"{progress.skipped_in_a_row} steps in a row had a loss or gradient that is "
                    f"not finite and were skipped, the last one batch {batch + 1} of epoch "
                    f"{progress.epoch + 1} with the rows {rows}: training diverged; lower "
                    f"training.learning_rate (now {self.config.learning_rate:g}) or "
                    f"training.head_learning_rate (now {self.config.head_learning_rate:g}), or "
                    "look at these rows"
                )
        return asked

    def _show(self, rate: float) -> None:
        progress = self.progress
        loss = _mean_loss(progress)
        self.display.step(progress.batch, loss, rate)
        self.tracker.log({"train/loss": loss, "train/texts_per_second": rate}, progress.step)

    def _finish_epoch(self, plan: list[NDArray[np.int64]]) -> None:
        """Score the epoch on dev, keep the weights where they are the best, and note it all."""
        progress, lengths = self.progress, self.data.lengths[np.concatenate(plan)]
        start = time.perf_counter()
        scores = self.validate(self.state.scored)
        value = -scores["loss"] if self.config.metric == "loss" else scores[self.config.metric]
        # A score that is no number is worse than any: it is never the best.
        better = progress.best is None or value > progress.best or self.config.keep == "last"
        if math.isfinite(value) and better:
            progress.best, progress.best_epoch = value, progress.epoch + 1
            weights = sharding.whole(self.state.scored.state_dict())
            if self.team.first:
                progress.best_sha256 = checkpoint.save_best(self.folder / "checkpoints", weights)
        loss = _mean_loss(progress)
        entry = {
            "epoch": progress.epoch + 1,
            "loss": loss if math.isfinite(loss) else None,
            "dev": {key: score if math.isfinite(score) else None for key, score in scores.items()},
            "best": progress.best_epoch == progress.epoch + 1,
            "steps": progress.batch,
            "skipped": progress.skipped,
            "precision": progress.precision,
            "batch_tokens": self.stepper.room.tokens,
            "processes": self.team.size,
            "seconds": round(progress.seconds, 2),
            "dev_seconds": round(time.perf_counter() - start, 2),
            "checkpoint_seconds": round(progress.checkpoint_seconds, 2),
            "texts_per_second": round(len(lengths) / progress.seconds, 1),
            "tokens_per_second": round(int(lengths.sum()) / progress.seconds, 1),
            "peak_memory_mb": peak_memory_mb(),
        }
        if self.team.device.type == "cuda":
            entry["gpu_memory_mb"] = round(torch.cuda.max_memory_allocated() / 1e6, 1)
        progress.history.append(entry)
        progress.epoch += 1
        progress.batch, progress.loss, progress.skipped = 0, 0.0, 0
        progress.seconds = progress.checkpoint_seconds = 0.0
        self.display.finish_epoch(entry)
        dev = {f"dev/{key}": score for key, score in scores.items()}
        self.tracker.log({**dev, "epoch": progress.epoch}, progress.step)

    def _stop(self) -> NoReturn:
        """Write a checkpoint and end the run."""
        self._save()
        self.team.wait()
        raise Interrupted(
            self.stop.received or signal.SIGTERM,
            f"stopped after step {self.progress.step}, which is saved",
        )

    def _save_if_due(self) -> float:
        """Write a checkpoint where it is time for one, and return the seconds that it took."""
        if self.config.checkpoint_steps:
            # Not a remainder: steps that are read together may pass a multiple by.
            every = self.config.checkpoint_steps
            due = self.progress.step // every > self._saved_step // every
            # At the end of an epoch once more: dev was scored meanwhile.
            due = due or (not self.progress.batch and self.progress.step % every == 0)
        else:
            due = time.perf_counter() - self._saved >= self._spacing
        if self.team.sharded:  # all bring their parts together, when the one that writes says so
            due = self.team.any(due and self.team.first)
        return self._save() if due else 0.0

    def _save(self) -> float:
        """Write a checkpoint, and return the seconds that it took."""
        start = time.perf_counter()
        self.progress.tokens = self.stepper.room.tokens
        tensors = self.state.tensors()
        if self.team.first:
            checkpoint.save(self.folder / "checkpoints", self.progress, tensors)
        self._saved, self._saved_step = time.perf_counter(), self.progress.step
        seconds = self._saved - start
        self._spacing = max(SPACING, seconds / SHARE)
        self.progress.checkpoint_seconds += seconds
        return seconds

    def _write_history(self) -> None:
        # From the checkpoint's own list: an epoch that is done again after a crash stands once.
        lines = "".join(json.dumps(entry) + "\n" for entry in self.progress.history)
        if self.team.first:
            atomic.write_text(self.folder / "history.jsonl", lines)


def _mean_loss(progress: checkpoint.Progress) -> float:
    """Return the mean loss of the epoch's steps so far; NaN where all were skipped."""
    done = progress.batch - progress.skipped
    return progress.loss / done if done else math.nan
