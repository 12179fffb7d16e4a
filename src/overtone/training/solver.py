"""Training without a loop: a family whose weights a solver finds at once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from overtone import atomic
from overtone.evaluation.cost import Cost, peak_memory_mb
from overtone.models import Solved
from overtone.training.result import Fitted, Scores, TrainingSet


def solve(
    model: Solved, data: TrainingSet, validate: Callable[[nn.Module], Scores], folder: Path
) -> Fitted:
    """Find a model's weights; counts as one epoch. Writes `history.jsonl` into `folder`.

    Args:
        model: the model, changed in place.
        data: what to train on.
        validate: scores a model on dev.
        folder: the run's folder.

    """
    start = time.perf_counter()
    model.solve(data.encoded, data.targets)
    seconds = time.perf_counter() - start
    scores = validate(model)
    entry: dict[str, Any] = {
        "epoch": 1,
        "dev": scores,
        "best": True,
        "seconds": round(seconds, 2),
        "dev_seconds": round(time.perf_counter() - start - seconds, 2),
        "texts_per_second": round(len(data.encoded) / seconds, 1),
        "peak_memory_mb": peak_memory_mb(),
    }
    atomic.write_text(folder / "history.jsonl", json.dumps(entry) + "\n")
    cost = Cost(
        seconds_per_epoch=entry["seconds"],
        epochs=1,
        seconds=round(time.perf_counter() - start, 2),
        texts_per_second=entry["texts_per_second"],
        peak_memory_mb=entry["peak_memory_mb"],
    )
    return Fitted([entry], best_epoch=1, cost=cost)
