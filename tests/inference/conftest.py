"""A model that was just trained, still in memory (parts), and what was saved of it (run)."""

from __future__ import annotations

from pathlib import Path

import pytest

from overtone.experiment import fit as experiment
from overtone.experiment.fit import Run
from overtone.experiment.parts import Parts, prepare
from overtone.experiment.recipe import compose


@pytest.fixture(scope="session")
def parts(bert: Path) -> Parts:
    """A tiny BERT and the sample; trained in place once `run` was asked for."""
    settings = ["training.epochs=2", "training.device=cpu", "training.head_learning_rate=0.02"]
    return prepare(compose(dataset="sample", encoder=str(bert), settings=settings), None)


@pytest.fixture(scope="session")
def run(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The finished run of `parts`."""
    return experiment.fit_and_save(parts, tmp_path_factory.mktemp("inference") / "run")
