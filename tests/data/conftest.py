"""What the tests of files of one's own share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

Write = Callable[..., Path]
Said = Callable[[], list[str]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes the lines of a table, by default `mine.csv`."""

    def write_lines(lines: Sequence[str], name: str = "mine.csv") -> Path:
        path = tmp_path / name
        path.write_bytes("".join(f"{line}\n" for line in lines).encode())
        return path

    return write_lines


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Said:
    """Return a function that gives, and forgets, what was logged: level and message."""
    caplog.set_level(logging.INFO, logger="overtone")

    def take() -> list[str]:
        lines = [f"{record.levelname}: {record.getMessage()}" for record in caplog.records]
        caplog.clear()
        return lines

    return take
