"""A model that scores fast, made once, and inputs of any number of rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

WORDS = ("happy", "terrible", "surprise", "late", "lovely", "afraid", "angry", "calm")


@pytest.fixture(scope="session")
def model(tfidf: Path) -> Path:
    """A model that is fast."""
    return tfidf


def text_of(row: int) -> str:
    """Return a row's text, another one for each row."""
    return f"{WORDS[row % 8]} {WORDS[row // 8 % 8]} day number {row}"


def write_jsonl(path: Path, rows: range) -> Path:
    """Write rows, every 50th of which has no text."""
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            text = None if row % 50 == 49 else text_of(row)
            file.write(json.dumps({"id": row, "text": text}) + "\n")
    return path


def written(output: Path) -> dict[str, bytes]:
    """Return what a scoring wrote, without what is its own business."""
    files = (*output.glob("part-*"), *output.glob("rejects-*"))
    return {path.name: path.read_bytes() for path in sorted(files)}


def lines(output: Path, pattern: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of all JSON Lines of an output."""
    for path in sorted(output.glob(pattern)):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)
