"""The processes that train together, as `accelerate launch` or `torchrun` starts them.

Every process plans the same batches and takes its share of each; gradients are summed over all once
a step. The losses are divided by what is annotated in the whole batch, so a sum is all that is
needed, however unequal the shares (docs/decisions/0007).
"""

from __future__ import annotations

import atexit
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from accelerate import PartialState
from accelerate.state import AcceleratorState
from numpy.typing import NDArray
from torch import Tensor, distributed, nn

log = logging.getLogger(__name__)

BUCKET = 8 * 2**20
"""Elements of the gradient that travel together."""


@dataclass(frozen=True)
class Ranks:
    """This process's place among those that train together; alone, it is the only one."""

    device: torch.device
    rank: int = 0
    """From 0; the first one writes."""
    size: int = 1
    sharded: bool = False
    """Whether each holds a part of the model, so that every pass through it is one of all."""

    @property
    def first(self) -> bool:
        """Return whether this process writes what all have made."""
        return self.rank == 0

    def share(self, order: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return this process's part of a batch's texts, every `size`-th."""
        return order[self.rank :: self.size]

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Add up every parameter's gradient over all processes; a sharded model has done so."""
        if self.size == 1 or self.sharded:
            return
        for bucket in _buckets(parameters):
            flat = torch.cat([gradient.reshape(-1) for gradient in bucket])
            distributed.all_reduce(flat)
            sizes = [gradient.numel() for gradient in bucket]
            for gradient, part in zip(bucket, torch.split(flat, sizes), strict=True):
                gradient.copy_(part.view_as(gradient))

    def sum(self, values: Tensor) -> Tensor:
        """Add up a tensor over all processes, in place, and return it."""
        if self.size > 1:
            distributed.all_reduce(values)
        return values

    def sum_array(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add up an array over all processes."""
        return self.sum(torch.from_numpy(values).to(self.device)).cpu().numpy()

    def any(self, value: bool) -> bool:  # noqa: FBT001 - it is what is asked
        """Return whether something is true in any process."""
        return bool(self.sum(torch.full((), float(value), device=self.device)).item())

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.size > 1:
            distributed.barrier()


def join(*, cpu: bool, shard: bool = False) -> Ranks:
    """Find this process's device and its place among others, joining them where there are some.

    Args:
        cpu: whether an accelerator is left alone.
        shard: whether each of several is to hold a part of the model.

    """
    # Accelerate keeps its settings in a process-wide object; a second run may need others.
    AcceleratorState._reset_state(reset_partial_state=True)  # noqa: SLF001
    # Without an accelerator Accelerate joins processes only where it is told to use the CPU.
    state = PartialState(cpu=cpu or not torch.accelerator.is_available())
    if state.num_processes > 1:
        atexit.register(_leave)
        if state.process_index > 0:
            # What all of them find, the first one says.
            logging.getLogger("overtone").setLevel(logging.ERROR)
    elif shard:
        log.warning("training.shard needs several processes, found one: the model stays whole")
    sharded = shard and state.num_processes > 1
    return Ranks(state.device, state.process_index, state.num_processes, sharded)


def is_first_process() -> bool:
    """Return whether this process is the one that writes and speaks for all."""
    return not distributed.is_initialized() or distributed.get_rank() == 0


def number_of_processes() -> int:
    """Return how many processes train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def _leave() -> None:
    if distributed.is_initialized():
        distributed.destroy_process_group()


def _buckets(parameters: Iterable[nn.Parameter]) -> Iterator[list[Tensor]]:
    """Group the gradients, in the parameters' order; one that is missing here counts as zero."""
    bucket: list[Tensor] = []
    elements = 0
    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        if bucket and elements + parameter.numel() > BUCKET:
            yield bucket
            bucket, elements = [], 0
        bucket.append(parameter.grad)
        elements += parameter.numel()
    if bucket:
        yield bucket
