"""A whole table in memory, column by column, that knows on which line each row stands."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from overtone.data import tables
from overtone.data.quotes import quoted
from overtone.errors import DataError


@dataclass(frozen=True, eq=False)
class Content:
    """The cells of a file."""

    path: Path
    lines: list[int]
    """(n,) where each row begins, from 1."""
    columns: dict[str, list[str]]
    """(n,) each; empty where a JSON line lacks the key."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.lines)

    def column(self, name: str, option: str) -> list[str]:
        """Return a column's cells.

        Raises:
            DataError: there is no such column; `option` is how the user names another one.

        """
        if name not in self.columns:
            close = difflib.get_close_matches(name, self.columns, n=1) or [
                known for known in self.columns if known.casefold() == name.casefold()
            ]
            guess = f"; did you mean {close[0]!r}?" if close else ";"
            raise DataError(
                f"{self.path}: expected the column {name!r}, found {quoted(self.columns)}{guess} "
                f"name the right one with {option}"
            )
        return self.columns[name]

    def line(self, row: int) -> str:
        """Return where a row stands in the file, for messages."""
        word = "row" if self.path.suffix.lower() == ".parquet" else "line"
        return f"{word} {self.lines[row]}"


def read(path: Path) -> Content:
    """Read a table.

    Raises:
        DataError: it is missing, damaged, or has no rows.

    """
    return gather(path, tables.read(path))


def gather(path: Path, rows: Iterable[tuple[int, tables.Row]]) -> Content:
    """Return rows of a table column by column.

    Raises:
        DataError: there are none.

    """
    lines: list[int] = []
    columns: dict[str, list[str]] = {}
    for number, (line, row) in enumerate(rows):
        for name, cell in row.items():
            if name not in columns:
                columns[name] = [""] * number
            columns[name].append(cell)
        if len(row) < len(columns):
            for name in columns.keys() - row.keys():
                columns[name].append("")
        lines.append(line)
    if not lines:
        if path.is_file() and not path.stat().st_size:
            raise DataError(
                f"{path} is empty (0 bytes): expected a header and rows; save the file again, or "
                "name another one"
            )
        raise DataError(f"{path}: expected rows below the header, found none; add some")
    return Content(path, lines, columns)
