"""Measures what training costs, and no quality: real shapes on real lengths, weights at random.

Seconds and memory depend on a model's shape and its rows, not on what it has learnt, so BERT base,
BERT large and DistilBERT are measured without a download. Some steps are timed by the trainer
itself, and an epoch is extrapolated from them.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from overtone import atomic, data
from overtone.data import Split
from overtone.evaluation.cost import peak_memory_mb
from overtone.experiment.parts import prepare_splits
from overtone.experiment.recipe import Init, Recipe
from overtone.study import cells, states
from overtone.study.do import machine, reason
from overtone.study.plan import Plan
from overtone.training import loop, ranks, trainer
from overtone.training.result import Scores, TrainingSet
from overtone.training.stopping import Interrupted
from overtone.training.tracking import Tracker

FOLDER = "cost"
NEVER = 10**9
"""Steps after which a checkpoint would be written."""
SEED = 0
"""Of which texts are taken."""


@dataclasses.dataclass(frozen=True, eq=False)
class Measurement:
    """One encoder on one dataset."""

    dataset: str
    model: str
    recipe: Recipe
    steps: int
    warm_up: int
    data_dir: Path | None

    @property
    def key(self) -> str:
        """Return what it is called."""
        return f"{self.dataset}/{self.model}"

    def file(self, study: Path) -> Path:
        """Return where its figures go."""
        return study / FOLDER / f"{self.key}.json"


def find(plan: Plan, data_dir: Path | None) -> list[Measurement]:
    """Return what is to be measured: each dataset's encoders, but no other models.

    Raises:
        InputError: a recipe is none.

    """
    found = []
    for dataset, model in plan.measured():
        recipe = cells.cost_recipe(plan, dataset, model, data_dir)
        if "encoder" in recipe.model.options:
            found.append(
                Measurement(dataset, model, recipe, plan.cost.steps, plan.cost.warm_up, data_dir)
            )
    return found


def measure(asked: Measurement, study: Path) -> None:
    """Measure in this process, and write the figures, or why there are none.

    Raises:
        Interrupted: the user stopped it.

    """
    try:
        found = _measured(asked, study)
    except Interrupted:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
        found = {"failed": reason(error)}
    write(asked, study, found)


def write(asked: Measurement, study: Path, found: Mapping[str, Any]) -> None:
    """Write figures, or why there are none."""
    text = json.dumps(
        {
            "format": states.FORMAT,
            "dataset": asked.dataset,
            "model": asked.model,
            "encoder": asked.recipe.model.options["encoder"],
            **found,
        },
        indent=2,
    )
    asked.file(study).parent.mkdir(parents=True, exist_ok=True)
    atomic.write_text(asked.file(study), text + "\n")


class _Clock(Tracker):
    """Notes when each step's loss was there."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[tuple[int, float]] = []

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Note the time of a step."""
        if "train/loss" in values:
            self.steps.append((step, time.perf_counter()))


def _measured(asked: Measurement, study: Path) -> dict[str, Any]:
    training = dataclasses.replace(
        asked.recipe.training, epochs=1, least_steps=0, checkpoint_steps=NEVER, patience=0
    )
    # What is trained first or besides is another cost.
    recipe = dataclasses.replace(asked.recipe, training=training, init=Init(), also=())
    team = ranks.join(cpu=training.device == "cpu")
    # On a GPU losses are read some steps at a time, and time can be told only there.
    apart = loop.READ_TOGETHER.get(team.device.type, 1)
    warm_up = max(apart, asked.warm_up - asked.warm_up % apart)
    split = data.load(recipe.data.name, "train", asked.data_dir, recipe.data.options)
    texts = (asked.steps + warm_up) * training.batch_size
    train = _taken(split, texts)
    parts = prepare_splits(recipe, train, split.part(np.arange(1)), data_dir=asked.data_dir)
    clock = _Clock()
    study.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=study, prefix=".measuring.") as folder:
        fitted = trainer.fit(
            parts.pretrained.model,
            parts.loss,
            TrainingSet(parts.inputs, parts.train_encoded, data.truth(train), train.ids),
            _unscored,
            training,
            Path(folder),
            team=team,
            track=lambda _: clock,
            quiet=True,
        )
    (entry,) = fitted.history
    (first, start), (last, end) = (
        next(each for each in clock.steps if each[0] >= warm_up),
        clock.steps[-1],
    )
    seconds = (end - start) / (last - first)
    lengths = parts.train_encoded.text_lengths
    on_gpu = team.device.type == "cuda"
    return {
        "steps": last - first,
        "batch_size": training.batch_size,
        "precision": entry["precision"],
        "batch_tokens": entry["batch_tokens"],
        "tokens_mean": round(float(lengths.mean()), 1),
        "tokens_max": int(lengths.max()),
        "texts_repeated": texts > len(split),
        "seconds_per_step": seconds,
        "texts_per_second": training.batch_size / seconds,
        "train_texts": len(split),
        "seconds_per_epoch": seconds * len(split) / training.batch_size,
        "parameters": sum(each.numel() for each in parts.pretrained.model.parameters()),
        "peak_memory_mb": peak_memory_mb(),
        "gpu_memory_mb": torch.cuda.max_memory_allocated() / 1e6 if on_gpu else None,
        "machine": machine(training.device),
    }


def _taken(split: Split, count: int) -> Split:
    """Return so many texts, drawn at random; all of them again and again where there are fewer."""
    rng = np.random.default_rng(SEED)
    rounds = -(-count // len(split))
    rows = np.concatenate([rng.permutation(len(split)) for _ in range(rounds)])
    return split.part(rows[:count])


def _unscored(_: nn.Module) -> Scores:
    """Score nothing: that is no part of what is measured."""
    return dict.fromkeys(("loss", "jaccard", "jaccard_zero", "f1_micro", "f1_macro"), 1.0)
