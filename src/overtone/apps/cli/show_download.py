"""Shows downloads in a terminal, on standard error: a bar a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    DownloadColumn,
    TaskID,
    TextColumn,
    TransferSpeedColumn,
)

from overtone.data import fetch
from overtone.progress_bar import Bar


@contextmanager
def show_downloads() -> Iterator[fetch.Progress]:
    """Give a function that is told how far a download is; where nobody looks on, it shows nothing.

    The function takes the download's name, the bytes that came, and those expected (0: not known).
    """
    bars: dict[str, TaskID] = {}
    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
    )  # fmt: skip
    with Bar(*columns) as shown:

        def show(name: str, came: int, expected: int) -> None:
            if name not in bars:
                bars[name] = shown.add_task(name, total=None)
            shown.update(bars[name], completed=came, total=expected or None)

        yield show
