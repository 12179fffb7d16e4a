"""What a cell's folder says: whether it is open, begun, done or failed, and who has it now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from overtone import atomic
from overtone.errors import InputError
from overtone.study.cells import Cell, completed

ASKED, CELL, FAILURE, LOCK, LOG = "asked.json", "cell.json", "failure.json", "cell.lock", "log.txt"
PREDICTIONS = "test.safetensors"
OPEN, BEGUN, DONE, FAILED = "open", "begun", "done", "failed"

FORMAT = 1
MOST_SHOWN = 8
"""Differences that an error lists."""


@dataclass(frozen=True)
class Failure:
    """Why a cell could not be done."""

    reason: str
    attempts: int
    """How often it was tried."""


def state(folder: Path) -> str:
    """Return a cell's state: open, begun, done or failed."""
    if (folder / CELL).is_file():
        return DONE
    if (folder / FAILURE).is_file():
        return FAILED
    return BEGUN if (folder / ASKED).is_file() else OPEN


def failure(folder: Path) -> Failure | None:
    """Return why a cell failed; None where it did not."""
    try:
        saved = json.loads((folder / FAILURE).read_text(encoding="utf-8"))
        return Failure(str(saved["reason"]), int(saved["attempts"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return Failure(f"{FAILURE} is damaged", 1)


def fail(folder: Path, reason: str) -> None:
    """Record that a cell could not be done; its lock is held."""
    before = failure(folder)
    attempts = before.attempts + 1 if before else 1
    text = json.dumps(asdict(Failure(reason, attempts)), indent=2, ensure_ascii=False)
    atomic.write_text(folder / FAILURE, text + "\n")


@contextmanager
def held(folder: Path, timeout: float = 0) -> Iterator[bool]:
    """Keep other processes out of a cell; gives whether that could be done.

    The system lets go of the lock when the process ends, however it does.

    Args:
        folder: the cell's, made here.
        timeout: seconds to wait for another process.

    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK, timeout=timeout)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def is_held(folder: Path) -> bool:
    """Return whether another process is at a cell."""
    if not (folder / LOCK).is_file():
        return False
    with held(folder) as ours:
        return not ours


def check(cells: Sequence[Cell], study: Path) -> None:
    """Refuse a plan by which cells that are there would have been done otherwise.

    A cell that failed may be asked for otherwise, which is what mends some failures.

    Raises:
        InputError: there are such cells; what differs is listed.

    """
    differences: dict[str, list[str]] = {}
    for cell in cells:
        folder = cell.folder(study)
        if state(folder) not in {BEGUN, DONE}:
            continue
        for line in _differences(saved_asked(folder), cell.asked()):
            differences.setdefault(line, []).append(cell.key)
    if not differences:
        return
    lines = [
        f"{keys[0]}{f' and {len(keys) - 1} more cells' if keys[1:] else ''}: {line}"
        for line, keys in differences.items()
    ]
    more = f"; and {len(lines) - MOST_SHOWN} more" if lines[MOST_SHOWN:] else ""
    raise InputError(
        f"cells in {study} were begun by another plan: {'; '.join(lines[:MOST_SHOWN])}{more}. Put "
        "the plan back as it was, choose another --output, or remove these cells' folders"
    )


def saved_asked(folder: Path) -> dict[str, Any]:
    """Return what a cell was begun with, options that came later at their defaults.

    Raises:
        InputError: the file is missing or damaged.

    """
    try:
        saved: dict[str, Any] = json.loads((folder / ASKED).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{folder / ASKED}: expected what the cell was begun with, found no such JSON; remove "
            "the cell's folder, and it is done again"
        ) from error
    return completed(saved)


def is_other(folder: Path, cell: Cell) -> bool:
    """Return whether a cell's folder was begun as something else."""
    asked: dict[str, Any] = json.loads(json.dumps(cell.asked()))
    return bool(saved_asked(folder) != asked)


def _differences(saved: dict[str, Any], asked: dict[str, Any]) -> list[str]:
    """Return where two cells differ, one line each, in a fixed order."""
    asked = json.loads(json.dumps(asked))
    found = []
    for section in {**saved, **asked}:
        before, now = saved.get(section) or {}, asked.get(section) or {}
        found += [
            f"{section}.{key} was {before.get(key)!r}, now {now.get(key)!r}"
            for key in {**before, **now}
            if before.get(key) != now.get(key)
        ]
    return found
