"""Reads and writes tables of text, row by row, with errors that name the file and the line.

CSV, TSV and JSON Lines through the standard library, each gzipped too, and Parquet through pyarrow.
Rows are dictionaries, column name to text.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from overtone.data import _delimited, _parquet
from overtone.data._lines import lines
from overtone.errors import DataError

Row = dict[str, str]


def read(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield the line number and the cells of every row of a table.

    What spreadsheets leave at the edges of CSV and TSV is left out: rows without any content at the
    end, and columns at the end that have neither a name nor content. A CSV file's separator is the
    comma; where its first line has none, the semicolon or tab.

    Raises:
        DataError: the file is missing, empty, of another kind, not UTF-8, or a row is damaged.
        MissingExtraError: it is a Parquet file, and pyarrow is not installed.

    """
    kind = check_kind(path)
    return READERS[kind.removesuffix(".gz")](path)


def read_tsv(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield line number and cells of a TSV file in which quotes mean nothing.

    That is how the SemEval files are written: a tweet may hold one quote, and only a line feed ends
    a row (a tweet may hold other Unicode line ends).

    Raises:
        DataError: the file is missing, empty or not UTF-8, or a row has another number of cells.

    """
    return _delimited.read_tsv(path)


@contextmanager
def write(path: Path, kind: str) -> Iterator[Callable[[Row], None]]:
    """Give a function that appends a row to a new table at `path`.

    Cells of CSV and TSV that begin with = + - @ and are no numbers get a quote before them, so that
    a spreadsheet takes them for text and not for a formula. In Parquet every column is text.

    Args:
        path: the file to write.
        kind: .csv, .tsv, .txt, .jsonl, any of them with .gz, or .parquet, as `check_kind` allows.

    """
    with ExitStack() as stack:
        format_, header = kind.removesuffix(".gz"), list[str]()
        if format_ == ".parquet":
            append = stack.enter_context(_parquet.write(path))
        else:
            file = stack.enter_context(_create(path, compressed=kind.endswith(".gz")))
            if format_ == ".jsonl":
                yield lambda row: print(json.dumps(row, ensure_ascii=False), file=file)
                return
            append = _guarded_lines(file, format_)

        def write_row(row: Row) -> None:
            header.extend([] if header else row)
            if additional := row.keys() - header:
                raise DataError(
                    f"{path}: expected the columns of the first row, found {sorted(additional)} "
                    "too; write a .jsonl file instead"
                )
            append(header, [row.get(column, "") for column in header])

        yield write_row


def check_kind(path: Path) -> str:
    """Return the ending by which a table's format is known, such as .csv or .csv.gz.

    Raises:
        DataError: it is none of those known.

    """
    name = path.name.lower()
    kind = next((kind for kind in KINDS if name.endswith(kind) and name != kind), None)
    if kind is None:
        raise DataError(
            f"{path}: expected a name that ends in {', '.join(READERS)} or, gzipped, in .csv.gz "
            f"and the like, found {path.suffix.lower() or 'no ending'}; convert the file (a "
            "spreadsheet: save it as CSV UTF-8) or rename it to what it is"
        )
    return kind


def require_columns(path: Path, row: Row, columns: Sequence[str]) -> None:
    """Check that a row has all `columns`.

    Raises:
        DataError: some are missing; the message lists what there is.

    """
    missing = [column for column in columns if column not in row]
    if missing:
        raise DataError(
            f"{path}, line 1: expected the column{'s' * (len(missing) > 1)} {', '.join(missing)}, "
            f"found {', '.join(map(repr, row))}; correct the header or name the right column"
        )


# --- reading ----------------------------------------------------------------------------------


def _read_jsonl(path: Path) -> Iterator[tuple[int, Row]]:
    for number, line in lines(path):
        if not line.strip():
            continue
        try:
            row = json_object(line)
        except ValueError as error:
            raise DataError(f"{path}, line {number}: {error}") from error
        yield number, {key: as_text(value) for key, value in row.items()}


def json_object(line: str) -> dict[str, object]:
    """Return what a line of JSON holds.

    Raises:
        ValueError: it is no object, or one that could not be written again; the message says why.

    """
    try:
        row = json.loads(line)
        # Half of a surrogate pair could not be written again: refused here.
        json.dumps(row, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"expected one JSON object in UTF-8, found something else ({error})"
        ) from error
    if not isinstance(row, dict):
        raise ValueError(f"expected one JSON object, found {type(row).__name__}")  # noqa: TRY004
    return row


def _read_parquet(path: Path) -> Iterator[tuple[int, Row]]:
    for number, row in _parquet.read(path):
        yield number, {key: as_text(value) for key, value in row.items()}


def as_text(value: object) -> str:
    """Return a value as a cell: nothing as an empty one, and what JSON knows as JSON."""
    if value is None or value != value:  # noqa: PLR0124 - not a number
        return ""
    if isinstance(value, bool | int | float | list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


# --- writing ----------------------------------------------------------------------------------


@contextmanager
def _create(path: Path, *, compressed: bool) -> Iterator[TextIO]:
    """Open a new text file; compressed ones hold neither name nor time, so equal is equal."""
    if not compressed:
        with path.open("w", encoding="utf-8", newline="") as file:
            yield file
        return
    with (
        path.open("wb") as outside,
        gzip.GzipFile("", "wb", fileobj=outside, mtime=0) as inside,
        io.TextIOWrapper(inside, encoding="utf-8", newline="") as file,
    ):
        yield file


def _guarded_lines(file: TextIO, kind: str) -> Callable[[list[str], list[str]], None]:
    """Return a function that writes a row, its header before the first."""
    # TSV has no quotes, so a tab or line end in a cell becomes a space. In CSV, only the line
    # end "\r\n" makes the writer quote a cell that holds a lone "\r".
    writer = csv.writer(file, lineterminator="\r\n")

    def write_cells(cells: list[str]) -> None:
        guarded_cells = [guarded(cell) for cell in cells]
        if kind == ".csv":
            writer.writerow(guarded_cells)
        else:
            file.write("\t".join(re.sub(r"[\t\r\n]+", " ", g) for g in guarded_cells) + "\n")

    first = True

    def append(header: list[str], cells: list[str]) -> None:
        nonlocal first
        if first:
            write_cells(header)
            first = False
        write_cells(cells)

    return append


def guarded(cell: str) -> str:
    """Return a cell that a spreadsheet takes for text or a number, and never for a formula."""
    if not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


READERS = {
    ".csv": _delimited.read_csv,
    ".tsv": _delimited.read_tsv,
    ".txt": _delimited.read_tsv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
}
"""By the file's ending; .txt is what SemEval calls its tables."""

KINDS = (*(f"{kind}.gz" for kind in READERS if kind != ".parquet"), *READERS)
"""The endings that tables have."""
