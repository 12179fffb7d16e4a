"""One step of the optimiser: an effective batch, forward and backward, whatever fits at a time.

The loss is a sum over annotated cells divided by their count in the whole effective batch, so the
gradients of micro-batches and of processes add up to those of the batch in one piece.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from overtone.inputs import Pool
from overtone.losses import Count, Loss
from overtone.models import tensors
from overtone.training import adversarial, memory, optimizers, rdrop, sharding
from overtone.training.checkpoint import State
from overtone.training.config import Config
from overtone.training.ranks import Ranks
from overtone.training.result import TrainingData

PRECISIONS = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Stepper:
    """Does steps on one model."""

    def __init__(
        self,
        state: State,
        loss: Loss,
        data: TrainingData,
        config: Config,
        ranks: Ranks,
        room: memory.Room,
        precision: str,
    ) -> None:
        """Store what a step needs; the precision is settled by now."""
        self.state = state
        self.loss = loss
        self.data = data
        self.config = config
        self.ranks = ranks
        self.room = room
        self.precision = precision
        self._trained = [given for given in state.model.parameters() if given.requires_grad]
        self._part = np.zeros(0, dtype=np.int64)

    def step(self, texts: NDArray[np.int64], number: int, stop: Callable[[], bool]) -> Tensor:
        """Do one step.

        Args:
            texts: the effective batch, the same in every process.
            number: of the step; with the seed it decides about dropout.
            stop: says whether this process was asked to stop.

        Returns:
            (3,) on the device: the loss; 1 where it or the gradient was not finite and the step was
            skipped; how many processes were asked to stop.

        Raises:
            OvertoneError: a single text does not fit into memory.

        """
        state, ranks = self.state, self.ranks
        data, own = self.data.of(texts)
        count = Count.of(torch.from_numpy(data.targets[own]))
        loss = self._gradients(texts, count, number)
        ranks.sum_gradients(self._trained)
        asked = torch.full((), float(stop()), device=ranks.device)
        found = ranks.sum(torch.stack([loss, asked]))
        if state.scaler is not None:
            state.scaler.unscale_(state.optimizer)
        norm = torch.nn.utils.clip_grad_norm_(self._trained, self.config.clip or float("inf"))
        bad = (~(found[0] + sharding.gathered(norm)).isfinite()).float()
        optimizers.step(state.optimizer, bad)
        if state.scaler is not None:
            state.scaler.update()
        state.optimizer.zero_grad(set_to_none=True)
        if state.average is not None:
            state.average.update_parameters(state.model)
        return torch.stack([found[0], bad, found[1]])

    def fit_budget(self) -> None:
        """Lower the size of micro-batches to what a memory budget on a CPU allows."""
        # The optimiser makes its state in the first step, as fp32 as the weights.
        made = bool(self.state.optimizer.state)
        reserve = 0 if made else 8 * sum(given.numel() for given in self._trained)
        self.state.model.train()

        def attempt(texts: NDArray[np.int64]) -> None:
            everything = Count.of(torch.from_numpy(self.data.of(texts)[0].targets))
            self._backward(texts, everything)

        for texts in self.data.groups():
            self.room.fit(attempt, self.config.batch_size, reserve, texts)
        self.state.optimizer.zero_grad(set_to_none=True)

    def _gradients(self, texts: NDArray[np.int64], count: Count, number: int) -> Tensor:
        """Leave the gradients of this process's share in the model, and return its loss."""
        while True:
            # Dropout belongs to the step, not to what came before it: a run that is resumed, on
            # whatever number of processes, has nothing to restore, and a second try is the first.
            seeds = np.random.SeedSequence([self.config.seed, number, self.ranks.rank])
            torch.manual_seed(int(seeds.generate_state(1, np.uint64)[0] >> 1))
            try:
                total = torch.zeros((), device=self.ranks.device)
                for part, weight in sharding.passes(self.ranks, self.room, texts):
                    self._part = part
                    total += self._backward(part, count, weight)
            except (RuntimeError, MemoryError) as error:
                if not memory.is_out_of_memory(error):
                    raise
                if self.ranks.sharded:  # the others wait in the midst of a layer
                    raise self.room.refusal(self._part) from error
            else:
                return total
            # Out here, where the error no longer holds on to what was computed.
            self.state.optimizer.zero_grad(set_to_none=True)
            self.room.halve(self._part)
            if self.ranks.device.type == "cuda":
                torch.cuda.empty_cache()

    def _backward(self, texts: NDArray[np.int64], count: Count, weight: float = 1.0) -> Tensor:
        """Add the gradients of a micro-batch that counts `weight`, and return its loss."""
        (data, texts), device = self.data.of(texts), self.ranks.device
        rows, counts = data.encoded.rows_of(texts)
        arrays = tensors(data.inputs.collate(data.encoded, rows), device)
        targets, cells, annotated = tensors(
            {
                "targets": data.targets[texts],
                "cells": count.cells.numpy(),
                "rows": count.rows.numpy(),
            },
            device,
        ).values()
        counted = Count(cells, annotated)

        def passed() -> list[Tensor]:
            """Return the logits, (B, C), of a pass with dropout of its own; one a mask."""
            with self._autocast():
                found = self.state.model(**arrays)
            masks = found.float().reshape(-1, *found.shape[-2:])
            return [_pooled(each, counts, data.encoded.pool) for each in masks]

        loss_of = data.loss or self.loss

        def loss(masks: list[Tensor]) -> Tensor:
            return torch.stack([loss_of(logits, targets, counted) for logits in masks]).mean()

        def objective() -> Tensor:
            if not self.config.rdrop:
                return loss(passed())
            one, other = passed(), passed()
            apart = rdrop.divergence(one, other, targets, counted)
            return (loss(one) + loss(other)) / 2 + self.config.rdrop * apart

        if not self.config.adversarial:
            return self._descend(weight * objective())
        with adversarial.Perturbed(self.state.model.word_embeddings()) as words:
            value = self._descend(weight * objective() / 2)
            words.perturb(self.config.adversarial)
            return value + self._descend(weight * objective() / 2)

    def _descend(self, value: Tensor) -> Tensor:
        """Add the gradients of a value, and return it without what they were computed from."""
        scaler = self.state.scaler
        (value if scaler is None else scaler.scale(value)).backward()  # type: ignore[no-untyped-call]
        return value.detach()

    def _autocast(self) -> AbstractContextManager[object]:
        dtype = PRECISIONS.get(self.precision)
        return torch.autocast(
            self.ranks.device.type,
            dtype,
            enabled=dtype is not None,
            cache_enabled=not self.ranks.sharded,  # whole weights, beyond their layer
        )


def precision(asked: str, device: torch.device, *, gains: bool) -> str:
    """Return what `auto` means on a device: bf16 where the hardware multiplies it, else fp32.

    Args:
        asked: `auto`, or what is wanted in any case.
        device: where the products are made.
        gains: whether the model's products are large and bear bf16.

    """
    if asked != "auto":
        return asked
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    elif device.type == "cpu":
        known = torch.cpu.get_capabilities()
        fast = bool(known.get("avx512_bf16") or known.get("amx_bf16"))
    else:
        fast = False
    return "bf16" if fast and gains else "fp32"


def _pooled(logits: Tensor, counts: NDArray[np.int64], pool: Pool) -> Tensor:
    """Return the logits of texts, (B, C), from those of their rows; `counts` says how many each."""
    if len(logits) == len(counts):
        return logits
    lengths = torch.from_numpy(counts).to(logits.device)
    return torch.segment_reduce(logits, pool, lengths=lengths)
