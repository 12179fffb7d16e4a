"""Reads what `overtone score` and `predict` wrote, row by row: a folder of shards, or one file."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from overtone.apps.scoring.asked import FORMATS
from overtone.apps.scoring.folder import MANIFEST
from overtone.apps.scoring.writers import check_told_apart
from overtone.data.quotes import quoted
from overtone.data.records import Cells, Table
from overtone.data.tables import as_text
from overtone.errors import DataError, InputError

log = logging.getLogger(__name__)

PREFIX = "p_"
SPREADSHEET = ("'=", "'+", "'-", "'@", "'\t", "'\r", "'\n")
"""How a cell of CSV begins that was guarded when it was written."""


class ScoredRow(NamedTuple):
    """A scored text."""

    on: tuple[int, ...]
    """The places of the labels that are on, among all."""
    cells: tuple[str, ...]
    """Those of the columns that were asked for."""
    where: str
    """The file and line, for messages."""


@dataclass(frozen=True)
class ScoredFiles:
    """A scoring's files, and what is known of how they were made."""

    path: Path
    files: tuple[Path, ...]
    labels: tuple[str, ...]
    asked: dict[str, Any] | None
    """What the scoring was asked for, where the files are a whole folder."""

    def columns(self) -> list[str]:
        """Return the names of the first file's columns."""
        return _names(self.files[0])

    def rows(self, columns: Sequence[str]) -> Iterator[ScoredRow]:
        """Yield all rows in order.

        Args:
            columns: those whose cells are wanted.

        Raises:
            DataError: a row can't be read, or has other labels; or a file lacks a column.

        """
        places = {name: place for place, name in enumerate(self.labels)}
        for file in self.files:
            # Of Parquet, only what is needed is read.
            table = Table(file, columns=tuple(dict.fromkeys(("labels", *columns))))
            names = _names(file) if table.format != ".jsonl" else None
            for column in columns:
                if names is not None and column not in names:
                    raise DataError(
                        f"{file}: expected the column {column!r}, found {quoted(names)}; score "
                        f"again with --keep {column}, or name another one"
                    )
            unguard = _unguarded if table.format == ".csv" else _as_it_is
            read = _reader(places)
            for record in table.records():
                where = f"{file}, line {record.line}"
                if record.cells is None:
                    raise DataError(f"{where}: {record.problem}; score the texts again")
                cells = _guarded_names(record.cells) if table.format == ".csv" else record.cells
                on = read(cells.get("labels"), where)
                yield ScoredRow(on, tuple(unguard(as_text(cells.get(c))) for c in columns), where)


def open_scored(path: str | Path) -> ScoredFiles:
    """Find a scoring's files and labels.

    Args:
        path: the folder that `overtone score` wrote, or one file such as it writes.

    Raises:
        InputError: there is none, it is something else, or its labels can't be told apart.
        DataError: a file can't be read.

    """
    path = Path(path)
    asked = None
    if path.is_dir():
        asked = _asked(path)
        files = tuple(sorted(file for kind in FORMATS for file in path.glob(f"part-*.{kind}")))
    else:
        files = (path,)
    if not files or not files[0].is_file():
        raise InputError(
            f"expected what overtone score writes, a folder with parts or one file, found none at "
            f"{path}"
        )
    # A part of JSON Lines is empty where each of its rows was rejected.
    files = tuple(file for file in files if file.stat().st_size)
    if not files:
        raise InputError(
            f"{path} is empty (0 bytes): expected what overtone score or predict --output writes, "
            "with a row for each text; score the texts again, or name another file"
        )
    labels = _labels(files[0])
    if not labels:
        raise InputError(
            f"{files[0]}: expected what overtone score writes, with the columns labels and "
            f"{PREFIX}… or probabilities, found {quoted(_names(files[0]))}"
        )
    if Table(files[0]).format in {".csv", ".tsv"}:
        check_told_apart(labels)
    return ScoredFiles(path, files, labels, asked)


def _asked(folder: Path) -> dict[str, Any]:
    """Return what a scoring was asked for, and say so where it isn't finished."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        asked = content["asked"]
        asked["model"], asked["threshold"], asked["labels_of"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder}: expected the folder of a scoring, with a {MANIFEST}, found none; name a "
            "folder that overtone score wrote, or one file"
        ) from error
    if "finished" not in content:
        log.warning("%s: the scoring is not finished; what is there is summed up", folder)
    found: dict[str, Any] = asked
    return found


def _labels(file: Path) -> tuple[str, ...]:
    """Return the labels' names, in order."""
    table = Table(file)
    if table.format == ".jsonl":
        first = next(iter(table.records()), None)
        cells = (first.cells if first else None) or {}
        found = cells.get("probabilities")
        return tuple(found) if isinstance(found, dict) and "labels" in cells else ()
    names = _names(file)
    if "labels" not in names:
        return ()
    # What is kept of the input stands after the probabilities, which follow the labels.
    rest = names[names.index("labels") + 1 :]
    end = next((n for n, name in enumerate(rest) if not name.startswith(PREFIX)), len(rest))
    return tuple(name.removeprefix(PREFIX) for name in rest[:end])


def _names(file: Path) -> list[str]:
    table = Table(file)
    names = table.names()
    return [_unguarded(name) for name in names] if table.format == ".csv" else names


def _guarded_names(cells: Cells) -> Cells:
    """Return cells by their columns' own names."""
    return {_unguarded(name): cell for name, cell in cells.items()}


def _unguarded(cell: str) -> str:
    """Return a cell of CSV as it was before it was made safe for spreadsheets."""
    return cell[1:] if cell.startswith(SPREADSHEET) else cell


def _as_it_is(cell: str) -> str:
    return cell


def _reader(places: dict[str, int]) -> Callable[[object, str], tuple[int, ...]]:
    """Return a function that reads a cell of labels, a list or names with spaces between."""
    # The same few sets come again and again.
    known: dict[str, tuple[int, ...]] = {}

    def read(cell: object, where: str) -> tuple[int, ...]:
        if isinstance(cell, list | tuple):
            names = [str(name) for name in cell]
            if all(name in places for name in names):
                return tuple(places[name] for name in names)
        elif isinstance(cell, str):
            if cell not in known:
                found = _split(_unguarded(cell), places)
                if found is None:
                    raise DataError(_wrong_labels(where, places))
                known[cell] = found
            return known[cell]
        raise DataError(_wrong_labels(where, places))

    return read


def _split(cell: str, places: dict[str, int]) -> tuple[int, ...] | None:
    """Return the labels in a cell, or None where it holds something else; names may have spaces."""
    words = cell.split(" ") if cell else []
    # The labels up to a word, where there are any: a longer one may be two others' words.
    ways: dict[int, tuple[int, ...]] = {0: ()}
    for begin in range(len(words)):
        if begin not in ways:
            continue
        for end in range(begin + 1, len(words) + 1):
            place = places.get(" ".join(words[begin:end]))
            if place is not None:
                ways[end] = (*ways[begin], place)
    return ways.get(len(words))


def _wrong_labels(where: str, places: dict[str, int]) -> str:
    return (
        f"{where}: expected labels among {quoted(list(places))}, found something else; all files "
        "must come from one scoring"
    )
