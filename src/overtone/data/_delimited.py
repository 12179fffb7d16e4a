"""Reads CSV and TSV: a header, rows of as many cells, and the empty edges of spreadsheets."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from overtone.data._lines import lines
from overtone.errors import DataError

Row = dict[str, str]

NAME_OR_EMPTY = "name the column in the header or empty the cell"


def read_tsv(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield line number and cells of a TSV file in which quotes mean nothing."""
    rows = (
        (number, line.rstrip("\n").removesuffix("\r").split("\t")) for number, line in lines(path)
    )
    return _below_header(
        path,
        ((number, cells) for number, cells in rows if cells != [""]),
        "look for a missing tab or a line break inside a text",
    )


def read_csv(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield line number and cells of a CSV file whose separator its first line shows."""
    return _below_header(path, _csv_cells(path), "a text that holds the separator must be quoted")


def lift_limit() -> None:
    """Let a CSV cell be long: the default limit is 131,072 characters, less than documents have."""
    csv.field_size_limit(sys.maxsize)


def _csv_cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    lift_limit()
    content = (line for _, line in lines(path))
    head: list[str] = []
    for line in content:
        head.append(line)
        if line.strip():
            break
    reader = csv.reader(chain(head, content), delimiter=separator(head), strict=True)
    first = 1  # the line on which the row at hand begins
    try:
        for cells in reader:
            if cells:
                yield first, cells
            first = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{path}, line {first}: not valid CSV ({error}); look for a quote that is not closed"
        ) from error


def separator(head: Sequence[str]) -> str:
    """Return what separates a CSV file's cells, judged by its first lines, the header the last."""
    unquoted = re.sub(r'"(?:[^"]|"")*(?:"|$)', "", "".join(head[-1:]))
    if "," in unquoted or not re.search("[;\t]", unquoted):
        return ","
    return max(";\t", key=unquoted.count)


def _below_header(
    path: Path, rows: Iterable[tuple[int, list[str]]], advice: str
) -> Iterator[tuple[int, Row]]:
    """Yield the rows below the first one as dictionaries, without the empty edges."""
    header: list[str] = []
    width = 0
    blank: list[tuple[int, list[str]]] = []  # rows without content: the file's end may follow
    for number, cells in rows:
        if not header:
            width = len(cells)
            header = checked_header(path, number, cells)
        elif not any(map(str.strip, cells)):
            blank.append((number, cells))
        else:
            for line, row in (*blank, (number, cells)):
                yield line, _row(path, line, row, header, width, advice)
            blank.clear()


def checked_header(path: Path, line: int, cells: list[str]) -> list[str]:
    """Return the columns' names, those at the end that have none left out.

    Raises:
        DataError: two have the same name, or none.

    """
    header = [cell.strip() for cell in cells]
    while header and not header[-1]:
        header.pop()
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise DataError(
            f"{path}, line {line}: the column {twice[0]!r} stands twice; rename one"
            if twice[0]
            else f"{path}, line {line}: two columns have no name; give them names"
        )
    return header


def _row(
    path: Path, line: int, cells: list[str], header: list[str], width: int, advice: str
) -> Row:
    """Return a row by column name, or raise what is wrong with it."""
    if problem := misfit(cells, header, width):
        advice = advice if len(cells) not in range(len(header), width + 1) else NAME_OR_EMPTY
        raise DataError(f"{path}, line {line}: {problem}; {advice}")
    return dict(zip(header, cells, strict=False))


def misfit(cells: Sequence[str], header: Sequence[str], width: int) -> str:
    """Return why cells don't fit below a header, or an empty text.

    Args:
        cells: of a row. Those below the unnamed columns at the end may be missing.
        header: the names.
        width: how many cells the header has, those without a name too.

    """
    if not len(header) <= len(cells) <= width:
        return f"expected {width} cells as in the header, found {len(cells)}"
    if any(map(str.strip, cells[len(header) :])):
        return "expected nothing below a column that has no name, found a cell with content"
    return ""
