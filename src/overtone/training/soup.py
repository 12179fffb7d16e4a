"""A soup: trainings from the same first weights, in other orders and with other dropout, averaged.

Source: Wortsman et al., Model soups: averaging weights of multiple fine-tuned models improves
accuracy without increasing inference time (ICML 2022), the uniform soup. Models that start from
the same weights mostly end in the same basin, where the mean of their weights is about as good as
the mean of their predictions, at the price of one model.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from overtone import atomic
from overtone.evaluation.cost import Cost
from overtone.training.config import Config
from overtone.training.ranks import Ranks
from overtone.training.result import Fitted

log = logging.getLogger(__name__)

Train = Callable[[Config, Path, int], Fitted]
"""Does the training of a number, from 0: trains the model under a config into a folder, and leaves
the best weights in it."""


def cook(model: nn.Module, config: Config, folder: Path, team: Ranks, train: Train) -> Fitted:
    """Train a model several times and leave it with the mean of the best weights.

    Args:
        model: the model, changed in place.
        config: how to train; the first training has its seed, each other one a seed made of it.
        folder: the run's; a training that is done is kept in its `checkpoints`, and not done again.
        team: the processes that train together.
        train: does one training.

    Returns:
        All trainings' epochs, one after the other, their cost together, and the best epoch of the
        first one.

    """
    first = {key: tensor.detach().cpu().clone() for key, tensor in model.state_dict().items()}
    kept = _files(folder, config)
    for number, path in enumerate(kept):
        if _read(path) is not None:
            continue
        log.info("training %d of %d", number + 1, config.soup)
        model.load_state_dict(first)
        own = dataclasses.replace(config, seed=_seed(config.seed, number), soup=1)
        fitted = train(own, path.with_suffix(""), number)
        if team.first:
            _write(path, model, fitted)
            atomic.remove(path.with_suffix(""))
        team.wait()
    model.to(team.device)  # where nothing was left to train
    model.load_state_dict(mean(kept))
    parts = [found for path in kept if (found := _read(path)) is not None]
    history = [
        {**entry, "training": number + 1}
        for number, part in enumerate(parts)
        for entry in part.history
    ]
    if team.first:
        lines = "".join(json.dumps(entry) + "\n" for entry in history)
        atomic.write_text(folder / "history.jsonl", lines)
    return Fitted(history, parts[0].best_epoch, _cost([part.cost for part in parts]))


def each(config: Config, folder: Path) -> Iterator[dict[str, Tensor]]:
    """Yield the best weights of each training that `cook` has done."""
    for path in _files(folder, config):
        yield dict(_tensors(path))


def _files(folder: Path, config: Config) -> list[Path]:
    """Return where each training's best weights are kept."""
    return [folder / "checkpoints" / f"soup-{number}.safetensors" for number in range(config.soup)]


def _seed(seed: int, number: int) -> int:
    """Return the seed of one of the trainings: the first one's is that of the run."""
    if not number:
        return seed
    made = np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0]
    return int(made >> np.uint64(1))


def mean(paths: list[Path]) -> dict[str, Tensor]:
    """Return the mean of saved weights; what isn't a number with a fraction is the first one's."""
    found: dict[str, Tensor] = {}
    for path in paths:
        for key, tensor in _tensors(path):
            if key not in found:
                found[key] = tensor.double() if tensor.is_floating_point() else tensor
            elif tensor.is_floating_point():
                found[key] += tensor
    return {
        key: (tensor / len(paths)).float() if tensor.is_floating_point() else tensor
        for key, tensor in found.items()
    }


def _tensors(path: Path) -> Iterator[tuple[str, Tensor]]:
    with safe_open(path, "pt") as file:
        for key in file.keys():  # noqa: SIM118 - the file is no mapping
            yield key, file.get_tensor(key)


def _write(path: Path, model: nn.Module, fitted: Fitted) -> None:
    """Keep the weights of a training and what became of it."""
    told = json.dumps(dataclasses.asdict(fitted))
    weights = {key: tensor.cpu().contiguous() for key, tensor in model.state_dict().items()}
    with atomic.file(path) as beside:
        save_file(weights, beside, {"fitted": told, "sha256": _digest(weights.items())})


def _read(path: Path) -> Fitted | None:
    """Return what became of a training, None where it isn't done or its file is cut."""
    try:
        with safe_open(path, "pt") as file:
            noted = file.metadata() or {}
        told: dict[str, Any] = json.loads(noted["fitted"])
        if noted["sha256"] != _digest(_tensors(path)):
            raise ValueError(path)  # noqa: TRY301 - as if it were no such file
    except (OSError, SafetensorError, KeyError, ValueError):
        if path.exists():
            log.warning("%s is damaged: that training is done again", path)
        return None
    return Fitted(told["history"], told["best_epoch"], Cost(**told["cost"]))


def _digest(weights: Iterable[tuple[str, Tensor]]) -> str:
    """Return the SHA-256 of weights, whatever their order, hexadecimal."""
    digest = hashlib.sha256()
    for key, tensor in sorted(weights):
        flat = tensor.contiguous().view(-1).view(torch.uint8)
        digest.update(key.encode() + flat.numpy().tobytes())
    return digest.hexdigest()


def _cost(costs: list[Cost]) -> Cost:
    """Return the cost of several trainings, one after the other."""
    epochs = sum(cost.epochs for cost in costs)
    # Times are rounded, and the smallest of runs would have taken none.
    training = max(sum(cost.seconds_per_epoch * cost.epochs for cost in costs), 0.01)
    texts = sum(cost.texts_per_second * cost.seconds_per_epoch * cost.epochs for cost in costs)
    return Cost(
        seconds_per_epoch=round(training / epochs, 2),
        epochs=epochs,
        seconds=round(sum(cost.seconds for cost in costs), 2),
        texts_per_second=round(texts / training, 1),
        peak_memory_mb=max(cost.peak_memory_mb for cost in costs),
    )
