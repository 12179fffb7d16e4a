"""How far a study is: cells done, the time that is left, the best so far."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from overtone.study import states
from overtone.study.cells import Cell

HEADLINE = "jaccard"
"""The score on dev by which a cell is called the best so far."""


@dataclass(frozen=True)
class Status:
    """What there is to be said at some moment."""

    done: int
    failed: int
    cells: int
    seconds_left: float | None
    """By what cells like the open ones took; None where nothing is known of it."""
    best: tuple[tuple[Cell, float], ...]
    """Each dataset's best cell on dev so far, with its score."""


def status(cells: Sequence[Cell], study: Path, took: Mapping[str, float] | None = None) -> Status:
    """Return how far a study is, whoever did its cells.

    Args:
        cells: all of them.
        study: the folder.
        took: what some cells took with their processes' start, which they don't know themselves.

    """
    done, failed, left = [], 0, []
    for cell in cells:
        state = states.state(cell.folder(study))
        if state == states.DONE:
            done.append((cell, summary(cell, study)))
        elif state == states.FAILED:
            failed += 1
        else:
            left.append(cell)
    best: dict[str, tuple[Cell, float]] = {}
    for cell, saved in done:
        score = saved["dev"][HEADLINE]
        if cell.dataset not in best or score > best[cell.dataset][1]:
            best[cell.dataset] = cell, score
    seconds = [
        (cell, (took or {}).get(cell.key, float(saved["wall_seconds"]))) for cell, saved in done
    ]
    return Status(len(done), failed, len(cells), seconds_left(left, seconds), tuple(best.values()))


def summary(cell: Cell, study: Path) -> dict[str, Any]:
    """Return what `cell.json` says of a cell that is done."""
    path = cell.folder(study) / states.CELL
    saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return saved


def seconds_left(left: Sequence[Cell], took: Sequence[tuple[Cell, float]]) -> float | None:
    """Return how long the open cells will take, by what those took that are most like each.

    Those of the same model on the same dataset come first, their time in proportion to the data;
    then those of the same model; then all.
    """
    if not left:
        return 0.0
    if not took:
        return None
    total = 0.0
    for cell in left:
        alike = [
            seconds * cell.fraction / other.fraction
            for other, seconds in took
            if (other.dataset, other.model) == (cell.dataset, cell.model)
        ]
        same_model = [seconds for other, seconds in took if other.model == cell.model]
        total += mean(alike or same_model or [seconds for _, seconds in took])
    return total
