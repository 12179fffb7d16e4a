"""Sharding: each process keeps a part of every weight, and a whole layer only while it is used.

Experimental. torch's `fully_shard` (FSDP2; Zhao et al., PyTorch FSDP, VLDB 2023, section 3) brings
a layer's weights together before it is computed, forward and backward, and afterwards leaves each
process its part of the gradients' sum. The optimiser and the moving average see those parts only.
So every pass through the model is one of all processes, which must do equally many of them; and
what is written is brought together first, so that files are those of a run without sharding.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from overtone.errors import InputError
from overtone.models import Model
from overtone.training.config import Config
from overtone.training.memory import Room
from overtone.training.ranks import Ranks, is_first_process


def check(config: Config, ranks: Ranks) -> None:
    """Refuse what sharding can't be combined with.

    Raises:
        InputError: there is some of it.

    """
    if not ranks.sharded:
        return
    from torch.distributed import fsdp  # noqa: PLC0415 - takes a second, and few need it

    if not hasattr(getattr(fsdp, "FSDPModule", None), "set_force_sum_reduction_for_comms"):
        raise InputError(
            f"training.shard needs a newer torch (2.13 is tested), found {torch.__version__}"
        )
    if config.lora:
        raise InputError("training.shard can't be combined with training.lora: choose one")
    if config.precision == "fp16":
        raise InputError(
            "training.shard can't be combined with training.precision=fp16: take bf16 or fp32"
        )
    if config.memory_gb and ranks.device.type == "cpu":
        raise InputError(
            "training.shard can't be combined with training.memory_gb on a CPU, where each process "
            "would find another size: set training.batch_tokens"
        )


def shard(model: Model, ranks: Ranks) -> None:
    """Leave this process a part of a model's weights, on its device.

    Args:
        model: the model, the same in every process; changed in place, and can't be copied any more.
        ranks: the processes.

    Raises:
        InputError: the model has no encoder.

    """
    from torch.distributed import fsdp  # noqa: PLC0415 - as above
    from torch.distributed.device_mesh import init_device_mesh  # noqa: PLC0415 - the same

    # Of a loss that would change the logits in place, and there is none.
    warnings.filterwarnings("ignore", "FSDP2-wrapped module .* returned a view", UserWarning)
    mesh = init_device_mesh(ranks.device.type, (ranks.size,))
    parts = [*model.units(), model]
    for part in parts:
        fsdp.fully_shard(part, mesh=mesh, reshard_after_forward=True)
    for part in reversed(parts):  # the model itself first, which prepares the others
        assert isinstance(part, fsdp.FSDPModule)  # noqa: S101 - fully_shard has just made it one
        # The sum over processes, as everywhere here, and not the mean.
        part.set_gradient_divide_factor(1.0)
        part.set_force_sum_reduction_for_comms(enable=True)
        # Whole for a moment: were a score on dev the first to need it, it could not be trained.
        part.unshard()
        part.reshard()


def passes(
    ranks: Ranks, room: Room, batch: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], float]]:
    """Return the micro-batches of this process's share of a batch, and what each counts.

    Where the model is sharded, all processes get equally many: whoever has fewer, or no text at
    all, does one of the batch's texts again, which counts nothing.
    """
    found = [(part, 1.0) for part in room.cut(ranks.share(batch))]
    if ranks.sharded:
        shares = (batch[rank :: ranks.size] for rank in range(ranks.size))
        most = max(len(room.cut(share)) for share in shares)
        found += [(batch[:1], 0.0)] * (most - len(found))
    return found


def local(value: Any) -> Tensor:  # noqa: ANN401 - a tensor, or torch's DTensor
    """Return this process's part of a tensor, in the same memory; all of one that is whole."""
    own: Tensor = value.to_local() if _in_parts(value) else value
    return own


def gathered(value: Any) -> Tensor:  # noqa: ANN401 - a tensor, or torch's DTensor
    """Return a tensor in one piece; all processes are needed where it is not."""
    full: Tensor = value.full_tensor() if _in_parts(value) else value
    return full


def whole(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors in one piece each; where some are not, on the CPU of the first process alone.

    All processes are needed. One tensor at a time is whole on their devices.
    """
    if not any(map(_in_parts, tensors.values())):
        return dict(tensors)
    found = {}
    for key, value in tensors.items():
        piece = gathered(value.detach())
        if is_first_process():
            found[key] = piece.cpu()
    return found


def like(value: Tensor, other: Any) -> Tensor:  # noqa: ANN401 - a tensor, or torch's DTensor
    """Return this process's part of a whole tensor, where `other` of the same shape is sharded."""
    if not _in_parts(other) or value.shape != other.shape:
        return value
    from torch.distributed.tensor import distribute_tensor  # noqa: PLC0415 - as above

    # Every process has read the whole: none has to send it.
    return distribute_tensor(
        value.to(other.device), other.device_mesh, other.placements, src_data_rank=None
    )


def _in_parts(value: Tensor) -> bool:
    """Return whether a tensor is a DTensor, of which each process has a part."""
    return hasattr(value, "device_mesh")
