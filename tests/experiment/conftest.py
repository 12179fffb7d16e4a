"""SemEval files of any content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from overtone.data.semeval2018 import NAMES

WriteSemEval = Callable[..., Path]

WORDS = ("happy", "terrible", "sea", "bus", "soup", "friends", "joke", "match")


@pytest.fixture(scope="session")
def write_semeval() -> WriteSemEval:
    """Return a function that writes a split in the official format, English."""

    def write(
        folder: Path, split: str, rows: int, *, names: Sequence[str] = NAMES, truth: bool = True
    ) -> Path:
        lines = ["\t".join(["ID", "Tweet", *names])]
        for row in range(rows):
            cells = [str(int((row + NAMES.index(name)) % 3 == 0)) for name in names]
            text = f"{WORDS[row % 8]} {WORDS[row // 8 % 8]} today"
            lines.append("\t".join([f"{split}-{row}", text, *(cells if truth else ["NONE"] * 11)]))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"2018-E-c-En-{split}.txt"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write
