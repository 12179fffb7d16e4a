"""Files of one's own, and a web site to fetch from: what several tests share."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from tests.data.site import Getter, Site

from overtone import data
from overtone.data import Split, _download

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


def load(path: Path, split: str = "all", **options: object) -> Split:
    """Load a file."""
    return data.load(str(path), split, None, options)


def truth(split: Split) -> list[list[float | None]]:
    """Return the targets, None where a cell is not annotated."""
    return [
        [None if np.isnan(cell) else cell for cell in row] for row in data.truth(split).tolist()
    ]


def many(rows: int) -> list[str]:
    """Return a table: each second text is joyful, each tenth angry."""
    return [
        "text,joy,anger",
        *(f"text {n},{int(n % 2 == 0)},{int(n % 10 == 3)}" for n in range(rows)),
    ]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A web site on this machine, and a client that loses no time over its failures."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.answer(self)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(_download, "WAIT", 0.0)
    monkeypatch.setattr(_download, "TIMEOUT", (5.0, 5.0))
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Site(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield found
        finally:
            found.over.set()
            server.shutdown()
            thread.join(timeout=30)


@pytest.fixture
def get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Getter:
    return Getter(tmp_path / "new" / "data", monkeypatch)
