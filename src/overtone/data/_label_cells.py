"""Labels as columns of 0 and 1: reads their cells, and bears with a typo or two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overtone.data._content import Content
from overtone.data.quotes import shortened
from overtone.errors import DataError

WORDS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
GAPS = {"", "na", "n/a", "nan", "null", "none"}
"""What spreadsheets, R and pandas leave where there is nothing."""

SHOWN = 5
"""Most cells that an error lists."""


@dataclass(frozen=True)
class Problem:
    """A cell that was not read as it stands."""

    row: int
    place: str
    """Its line, column and content."""
    reading: str
    """What it was read as."""


def read_cells(
    content: Content, names: Sequence[str], *, soft: bool
) -> tuple[NDArray[np.float32], list[Problem]]:
    """Return targets (n, C), NaN where not annotated, and the cells that can't be read.

    A cell that can't be read counts as not annotated, as long as such cells are few.

    Raises:
        DataError: a column is missing, too many cells can't be read, or a cell lies between 0 and
            1 and `soft` does not allow it.

    """
    targets = np.full((len(content), len(names)), np.nan, dtype=np.float32)
    problems: list[Problem] = []
    for c, name in enumerate(names):
        cells = content.column(name, "--labels")
        values = {cell: value(cell) for cell in set(cells)}
        between = {cell for cell, v in values.items() if v is not None and 0 < v < 1}
        if between and not soft:
            row = next(row for row, cell in enumerate(cells) if cell in between)
            raise DataError(
                f"{content.path}, {content.line(row)}: expected 0 or 1 under {name!r}, found "
                f"{shortened(cells[row])}; numbers in between need --soft-labels"
            )
        targets[:, c] = [np.nan if (v := values[cell]) is None else v for cell in cells]
        if None in values.values():
            problems += [
                Problem(row, f"{content.line(row)}, {name!r}: {shortened(cell)}", "not annotated")
                for row, cell in enumerate(cells)
                if values[cell] is None
            ]
    problems.sort(key=lambda problem: problem.row)
    if len(problems) > allowance(len(content)):
        listed = "; ".join(problem.place for problem in problems[:SHOWN])
        raise DataError(
            f"{content.path}: expected 0, 1, true, false, yes, no or nothing in the label cells, "
            f"found {len(problems):,} that are something else, more than typos: {listed}; correct "
            "them, or name the label columns with --labels"
        )
    return targets, problems


def allowance(rows: int) -> int:
    """Return how many cells of a file may be typos."""
    return max(3, rows // 100)


def value(cell: str) -> float | None:
    """Return what a cell says: 0 to 1, NaN for nothing, None where it can't be read."""
    word = cell.strip().casefold()
    if word in GAPS:
        return np.nan
    if word in WORDS:
        return WORDS[word]
    try:
        number = float(word.replace(",", "."))  # 0,5 in many countries
    except ValueError:
        return None
    return number if 0 <= number <= 1 else None
