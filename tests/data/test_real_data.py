"""The real files, where they are: what the official numbers of rows are."""

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


@pytest.mark.parametrize(("split", "rows"), [("train", 43410), ("dev", 5426), ("test", 5427)])
def test_every_row_of_goemotions_is_read(folder: Path, split: str, rows: int) -> None:
    try:
        loaded = data.load("goemotions", split, folder)
    except MissingDataError as error:
        pytest.skip(f"NOT RUN: {error}")
    assert len(loaded) == rows
    truth = data.truth(loaded)
    assert truth.shape == (rows, 28)
    assert ((truth.sum(axis=1) >= 1) & (truth.sum(axis=1) <= 5)).all()
    assert loaded.labels.names[27] == "neutral"


def test_jigsaw_s_train_file_is_split(folder: Path) -> None:
    try:
        train, dev = (data.load("jigsaw", name, folder) for name in ("train", "dev"))
    except MissingDataError as error:
        pytest.skip(f"NOT RUN: {error}")
    assert abs(len(dev) / (len(train) + len(dev)) - 0.2) < 0.001
    assert not set(train.ids) & set(dev.ids)
    for name, here, there in zip(
        train.labels.names, data.truth(train).sum(axis=0), data.truth(dev).sum(axis=0), strict=True
    ):
        assert abs(there - 0.2 * (here + there)) <= 1, name
