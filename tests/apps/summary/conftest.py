"""A model that scores fast, what it scored with groups and times, and labelled texts."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import overtone
from overtone import data

NAMES = data.load("sample", "train").labels.names


@pytest.fixture(scope="session")
def model(tfidf: Path) -> Path:
    """A model that errs on both sides."""
    return tfidf


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's dev and test texts with authors, times and labels; no author is harmless."""
    path = tmp_path_factory.mktemp("labelled") / "texts.csv"
    authors = ("@ann", "=bob", "<script>alert(1)</script>", "")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "author", "when", "place", *NAMES])
        row = 0
        for name in ("dev", "test"):
            split = data.load("sample", name)
            assert split.targets is not None
            for text, targets in zip(split.texts, split.targets, strict=True):
                when = f"2026-{1 + row % 3:02}-{1 + row % 28:02}T23:30:00-02:00"
                cells = [authors[row % 4], "never" if row == 0 else when, str(row % 2)]
                writer.writerow([text, *cells, *map(int, targets)])
                row += 1
    return path


@pytest.fixture(scope="session", params=["csv", "jsonl", "parquet"])
def scored(
    request: pytest.FixtureRequest,
    model: Path,
    labelled: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The labelled texts, scored, in each format."""
    folder = tmp_path_factory.mktemp("scored") / "out"
    keep = ["author", "when", "place", *NAMES]
    overtone.score(model, labelled, folder, keep=keep, format=request.param, rows_per_shard=50)
    return folder
