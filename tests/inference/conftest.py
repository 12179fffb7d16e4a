"""A model that was just trained, still in memory, and its run on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from overtone.experiment import train as experiment
from overtone.experiment.recipe import compose
from overtone.experiment.train import Parts, Run


@dataclass(frozen=True)
class Trained:
    """Both ends of saving."""

    parts: Parts
    """With the model in memory."""
    run: Run
    """What was saved of it."""


@pytest.fixture(scope="session")
def trained(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A tiny BERT trained on the sample for two epochs."""
    settings = ["training.epochs=2", "training.device=cpu", "training.head_learning_rate=0.02"]
    parts = experiment.prepare(compose(encoder=str(bert), settings=settings), None)
    folder = tmp_path_factory.mktemp("inference") / "run"
    return Trained(parts, experiment._fit_and_save(parts, folder))
