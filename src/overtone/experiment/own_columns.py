"""Columns of one's own file, by which a model's scores are sliced."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from overtone.data import tables
from overtone.data.quotes import quoted
from overtone.errors import DataError


def cells(
    path: Path, id_column: str | None, ids: Sequence[str], columns: Sequence[str]
) -> dict[str, list[str]]:
    """Return the cells of some rows of a file under some columns, by column.

    Args:
        path: the file.
        id_column: what names its rows; their lines' numbers where None.
        ids: the rows that are wanted, as `data.load` names them.
        columns: the columns that are wanted.

    Raises:
        DataError: the file can't be read, or lacks a column.

    """
    wanted, found = set(ids), dict[str, tables.Row]()
    for line, row in tables.read(path):
        name = str(line) if id_column is None else row.get(id_column, "")
        if name in wanted:
            found.setdefault(name, row)
    # Lines of JSON may lack a key here and there.
    there = {name: None for row in found.values() for name in row}
    for column in columns:
        if column not in there:
            raise DataError(
                f"{path}: expected the column {column!r}, found {quoted(there)}; name another one "
                "with --slice"
            )
    return {column: [found[name].get(column, "") for name in ids] for column in columns}
