"""A tiny classifier: as made, after one epoch, and when it has learnt."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from overtone import EmotionClassifier

NAMES = ("joy", "fear", "anger")
WORDS = ("happy", "terrible", "bus")
TIMES = ("today", "tomorrow", "again", "late")  # no text stands twice
TEXTS = [f"{WORDS[row % 3]} {WORDS[row // 3 % 3]} {TIMES[row // 9]}" for row in range(36)]
TRUTH = np.array([[int(word in text) for word in WORDS] for text in TEXTS])
LEARNS: dict[str, Any] = {"epochs": 60, "learning_rate": 1e-3}
FRAME = pd.DataFrame(TRUTH, columns=list(NAMES))

Make = Callable[..., EmotionClassifier]


@pytest.fixture(scope="session")
def make(bert: Path) -> Make:
    """Return a function that makes a tiny classifier."""

    def make(**parameters: Any) -> EmotionClassifier:  # noqa: ANN401
        given = {
            "encoder": bert,
            "epochs": 1,
            "batch_size": 6,
            "settings": [
                "loss.name=bce",
                "training.device=cpu",
                "training.head_learning_rate=0.002",
                "training.metric=loss",
                "training.patience=0",
            ],
            "labels": NAMES,
        }
        return EmotionClassifier(**{**given, **parameters})

    return make


@pytest.fixture(scope="session")
def fitted(make: Make) -> EmotionClassifier:
    """A classifier that has learnt its texts."""
    return make(**LEARNS).fit(TEXTS, TRUTH)


@pytest.fixture(scope="session")
def expected(make: Make) -> NDArray[np.float32]:
    """Return the probabilities after one epoch."""
    return make().fit(TEXTS, TRUTH).predict_proba(TEXTS)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which temporary files are made during a test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder
