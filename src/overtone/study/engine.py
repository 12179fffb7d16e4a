"""Does a study's cells one after another, and shares them with other processes that do so."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from overtone.study import states
from overtone.study.cells import Cell
from overtone.study.do import BUSY, DONE, FAILED
from overtone.study.stops import Stops
from overtone.training.stopping import Interrupted

WAIT = 1.0
"""Seconds for which another process's cell is waited for before signals are looked at."""

Do = Callable[[Cell, int], str]
"""Does a cell unless it failed that often, and returns what became of it."""


class Watcher(Protocol):
    """Is told how far a study is."""

    def begin(self, cell: Cell) -> None:
        """Take in that a cell begins."""

    def end(self, cell: Cell, became: str, seconds: float) -> None:
        """Take in what became of a cell: done, failed, or done by another process."""

    def wait(self, cells: Sequence[Cell]) -> None:
        """Take in that only cells are left that other processes do."""


def run(
    cells: Sequence[Cell], study: Path, do: Do, stops: Stops, watcher: Watcher, *, retry: bool
) -> None:
    """Do all cells that are not done.

    A cell that another process has is left to it and looked at again in the end, so that what a
    process left behind that was killed meanwhile is done as well.

    Args:
        cells: in the order in which they are done.
        study: the folder.
        do: does one of them.
        stops: requests to stop.
        watcher: is told how far it is.
        retry: whether cells that failed are tried again.

    Raises:
        InputError: cells that are there were begun by another plan.
        Interrupted: the user stopped it; what was done is saved.

    """
    states.check(cells, study)
    most = {cell.key: _most_attempts(cell, study, retry=retry) for cell in cells}
    left = [cell for cell in cells if _wanted(cell, study, most[cell.key])]
    busy = [cell for cell in left if _do(cell, study, do, most[cell.key], stops, watcher) == BUSY]
    if busy:
        watcher.wait(busy)
    for cell in busy:
        while _do(cell, study, do, most[cell.key], stops, watcher) == BUSY:
            _wait(cell, study, stops)


def _most_attempts(cell: Cell, study: Path, *, retry: bool) -> int:
    """Return how often a cell may have failed to be left alone, as things stand at the beginning.

    So of several processes that retry only the first tries a cell that fails again.
    """
    folder = cell.folder(study)
    before = states.failure(folder)
    if before is None:
        return 1
    asked_otherwise = (folder / states.ASKED).is_file() and states.is_other(folder, cell)
    return before.attempts + int(retry or asked_otherwise)


def _wanted(cell: Cell, study: Path, most: int) -> bool:
    folder = cell.folder(study)
    if states.state(folder) == states.DONE:
        return False
    before = states.failure(folder)
    return before is None or before.attempts < most


def _do(cell: Cell, study: Path, do: Do, most: int, stops: Stops, watcher: Watcher) -> str:
    """Do a cell, unless it was done meanwhile or another process is at it."""
    _check(stops)
    if not _wanted(cell, study, most):
        became = states.state(cell.folder(study))
        watcher.end(cell, DONE if became == states.DONE else FAILED, 0.0)
        return DONE
    if states.is_held(cell.folder(study)):
        return BUSY
    start = time.perf_counter()
    watcher.begin(cell)
    became = do(cell, most)
    _check(stops)
    if became != BUSY:
        watcher.end(cell, became, time.perf_counter() - start)
    return became


def _wait(cell: Cell, study: Path, stops: Stops) -> None:
    """Wait until another process lets go of a cell, or for a second."""
    _check(stops)
    with states.held(cell.folder(study), timeout=WAIT):
        pass


def _check(stops: Stops) -> None:
    if stops.received is not None:
        raise Interrupted(stops.received, f"stopped by {signal.Signals(stops.received).name}")
