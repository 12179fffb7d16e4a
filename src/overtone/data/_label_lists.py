"""Labels as names in one column, such as `joy, love`: finds them, and bears with a typo or two."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from overtone.data import tables
from overtone.data._content import Content
from overtone.data._label_cells import GAPS, WORDS, Problem
from overtone.data.quotes import shortened
from overtone.errors import DataError

SEPARATORS = ",;|"
"""Those that are guessed; any other text has to be named."""

RARE = 2
"""A name that stands in no more rows than this may be a typo of another one."""

MOST = 1000
"""More names than this are no labels."""

SHORT = 4
"""A rare name that is shorter is taken for a label, unless the labels are known."""


def guess_separator(content: Content, column: str) -> str:
    """Return what separates names in a column's cells; the comma where nothing does.

    Raises:
        DataError: several separators stand there.

    """
    cells = [cell for cell in content.column(column, "--label-column") if not _is_list(cell)]
    found = [s for s in SEPARATORS if any(s in cell for cell in cells)]
    if len(found) > 1:
        raise DataError(
            f"{content.path}: expected one separator between the names under {column!r}, found "
            f"{' and '.join(found)}; name it with --separator '{found[0]}'"
        )
    return found[0] if found else SEPARATORS[0]


def find_labels(content: Content, column: str, separator: str) -> tuple[str, ...]:
    """Return the names in a column, sorted, each in its most frequent spelling; no typos.

    Raises:
        DataError: there is no name, or there are so many that they can't be labels.

    """
    counts, spellings = _count(content, column, separator)
    if not counts:
        raise DataError(f"{content.path}: expected label names under {column!r}, found none")
    if counts.keys() <= {"0", "1", *WORDS}:
        raise DataError(
            f"{content.path}: expected label names under {column!r}, found {', '.join(counts)}; "
            f"name a column of 0 and 1 with --labels '{column}'"
        )
    if len(counts) > min(max(50, len(content) // 5), MOST):
        raise DataError(
            f"{content.path}: expected label names with {separator!r} between under {column!r}, "
            f"found {len(counts):,} different ones in {len(content):,} rows; name the right column "
            "with --label-column, or what stands between names with --separator"
        )
    frequent = [name for name, count in counts.items() if count > RARE]
    rare = [name for name, count in counts.items() if count <= RARE]
    typos = {name for name in rare if len(name) >= SHORT and len(_near(name, frequent)) == 1}
    known = [name for name in counts if name not in typos]
    # A typo that is as near to a rare label says nothing for certain.
    known += [name for name in typos if len(_near(name, known)) > 1]
    return tuple(spellings[name].most_common(1)[0][0] for name in sorted(known))


def read_lists(
    content: Content, column: str, separator: str, labels: Sequence[str]
) -> tuple[NDArray[np.float32], list[Problem]]:
    """Return targets (n, C) of 0 and 1, NaN where not annotated, and the cells that were corrected.

    A name is read whatever its case. An empty list and an empty cell say that no label is on; NA,
    NaN, None and null, and nothing in JSON Lines and Parquet, that the row is not annotated.

    Raises:
        DataError: a name is none of the labels, nor a rare typo of exactly one.

    """
    cells = content.column(column, "--label-column")
    columns = {_key(label): c for c, label in enumerate(labels)}
    counts, _ = _count(content, column, separator)
    has_null = tables.check_kind(content.path).removesuffix(".gz") in {".jsonl", ".parquet"}
    targets = np.zeros((len(content), len(labels)), dtype=np.float32)
    problems = []
    for row, cell in enumerate(cells):
        items = _items(cell, separator)
        # Who names a label "none" means it.
        said = [item for item in items if _key(item) not in GAPS or _key(item) in columns]
        if not said and (items or (has_null and not cell.strip())):
            targets[row] = np.nan
        for item in said:
            name = _key(item)
            if name not in columns:
                near = _near(name, columns) if counts[name] <= RARE else []
                if len(near) != 1:
                    raise DataError(_unknown(content, row, column, item, labels))
                name = near[0]
                problems.append(
                    Problem(
                        row,
                        f"{content.line(row)}, {column!r}: {shortened(item)}",
                        repr(labels[columns[name]]),
                    )
                )
            targets[row, columns[name]] = 1
    return targets, problems


def listed(names: Iterable[str]) -> str:
    """Return names with commas between; what a terminal might obey, in quotes."""
    return ", ".join(name if name.isprintable() and name else repr(name) for name in names)


def _count(
    content: Content, column: str, separator: str
) -> tuple[Counter[str], dict[str, Counter[str]]]:
    """Return in how many rows each name stands, and how it is spelled; gaps are no names."""
    counts: Counter[str] = Counter()
    spellings: dict[str, Counter[str]] = {}
    for cell, rows in Counter(content.column(column, "--label-column")).items():
        found = {_key(item): item for item in _items(cell, separator)}
        for name, item in found.items():
            if name in GAPS:
                continue
            counts[name] += rows
            spellings.setdefault(name, Counter())[item] += rows
    return counts, spellings


def _items(cell: str, separator: str) -> list[str]:
    """Return the names in a cell; a list as Python or JSON write it will do too."""
    if (names := _json_list(cell)) is not None:
        parts = names
    elif _key(cell) in GAPS:  # n/a, whatever separates names
        parts = [cell]
    elif _is_list(cell):
        parts = [part.strip().strip("'\"") for part in cell.strip()[1:-1].split(",")]
    elif separator.strip():
        parts = cell.split(separator)
    else:
        parts = cell.split()
    return [name for part in parts if (name := " ".join(part.split()))]


def _json_list(cell: str) -> list[str] | None:
    """Return the names of a JSON list, which may hold the separator; None where it is none."""
    if not _is_list(cell):
        return None
    try:
        names = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    return names if all(isinstance(name, str) for name in names) else None


def _is_list(cell: str) -> bool:
    return cell.strip().startswith("[") and cell.strip().endswith("]")


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()


def _near(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names that differ in one letter: left out, added, changed or swapped.

    Not more than that: two letters make unhappiness of happiness.
    """
    return [other for other in known if other != name and _is_one_edit(name, other)]


def _is_one_edit(one: str, two: str) -> bool:
    short, long = sorted((one, two), key=len)
    same = next(
        (n for n, pair in enumerate(zip(short, long, strict=False)) if len({*pair}) > 1), len(short)
    )
    short, long = short[same:], long[same:]
    if len(short) < len(long):
        return short == long[1:]
    return short[1:] == long[1:] or (short[:2] == long[1::-1] and short[2:] == long[2:])


def _unknown(content: Content, row: int, column: str, item: str, labels: Sequence[str]) -> str:
    close = difflib.get_close_matches(item, labels, n=1)
    guess = f"did you mean {close[0]!r}? " if close else ""
    return (
        f"{content.path}, {content.line(row)}: expected under {column!r} some of the labels "
        f"{listed(labels)}, found {shortened(item)}; {guess}correct the cell, or name the "
        "labels anew"
    )
