"""The real SemEval-2018 files, where they are: what the official numbers of rows are."""

import os
from pathlib import Path

import numpy as np
import pytest

from overtone import data
from overtone.errors import MissingDataError

NEAR = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@pytest.fixture
def folder() -> Path:
    """Return the folder of real data; without it the tests here say that they did not run."""
    given = os.environ.get("OVERTONE_DATA_DIR")
    path = Path(given) if given else NEAR
    if not path.is_dir():
        pytest.skip(f"NOT RUN: no real data at {path}; name its folder with OVERTONE_DATA_DIR")
    return path


@pytest.mark.parametrize(
    ("language", "split", "rows"),
    [
        ("en", "train", 6838),
        ("en", "dev", 886),
        ("en", "test", 3259),
        ("ar", "train", 2278),
        ("ar", "dev", 585),
        ("es", "train", 3561),
        ("es", "dev", 679),
    ],
)
def test_every_row_is_read(folder: Path, language: str, split: str, rows: int) -> None:
    try:
        loaded = data.load(f"semeval2018-{language}", split, folder)
    except MissingDataError as error:
        pytest.skip(f"NOT RUN: {error}")
    assert len(loaded) == rows
    assert all("\n" not in text and "\t" not in text for text in loaded.texts)
    if split != "test":
        truth = data.truth(loaded)
        assert truth.shape == (rows, 11)
        assert not np.isnan(truth).any()
        assert (truth.sum(axis=0) > 0).all()
