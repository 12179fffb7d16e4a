"""Reads and writes tables of text, row by row, with errors that name the file and the line.

CSV, TSV and JSON Lines through the standard library. Rows are dictionaries, column name to text.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from overtone.errors import DataError

Row = dict[str, str]


def read(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield the line number and the cells of every row of a CSV, TSV or JSONL file.

    Raises:
        DataError: the file is missing, empty, of another kind, not UTF-8, or a row is damaged.

    """
    return READERS[check_kind(path)](path)


def read_tsv(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield line number and cells of a TSV file in which quotes mean nothing.

    That is how the SemEval files are written: a tweet may hold one quote, and only a line feed ends
    a row (a tweet may hold other Unicode line ends).

    Raises:
        DataError: the file is missing, empty or not UTF-8, or a row has another number of cells.

    """
    return _read_tsv(path)


@contextmanager
def write(path: Path, kind: str) -> Iterator[Callable[[Row], None]]:
    """Give a function that appends a row to a new table at `path`.

    Cells of CSV and TSV that begin with = + - @ and are no numbers get a quote before them, so that
    a spreadsheet takes them for text and not for a formula.

    Args:
        path: the file to write.
        kind: .csv, .tsv or .jsonl, as `check_kind` allows.

    """
    with path.open("w", encoding="utf-8", newline="") as file:
        if kind == ".jsonl":
            yield lambda row: print(json.dumps(row, ensure_ascii=False), file=file)
            return
        dialect = "excel-tab" if kind == ".tsv" else "excel"
        writer = csv.writer(file, dialect=dialect, lineterminator="\n")
        header: list[str] = []

        def append(row: Row) -> None:
            if not header:
                header.extend(row)
                writer.writerow(map(_guarded, header))
            writer.writerow(_guarded(row[column]) for column in header)

        yield append


def check_kind(path: Path) -> str:
    """Return the ending by which a table's format is known.

    Raises:
        DataError: it is none of those known.

    """
    kind = path.suffix.lower()
    if kind not in READERS:
        raise DataError(
            f"{path}: expected a name that ends in {', '.join(READERS)}, found "
            f"{kind or 'no ending'}; convert the file or rename it to what it is"
        )
    return kind


def _guarded(cell: str) -> str:
    if not cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def require_columns(path: Path, row: Row, columns: Sequence[str]) -> None:
    """Check that a row has all `columns`.

    Raises:
        DataError: some are missing; the message lists what there is.

    """
    missing = [column for column in columns if column not in row]
    if missing:
        raise DataError(
            f"{path}, line 1: expected the column{'s' * (len(missing) > 1)} {', '.join(missing)}, "
            f"found {', '.join(row)}; correct the header or name the right column"
        )


def _read_tsv(path: Path) -> Iterator[tuple[int, Row]]:
    lines = _lines(path)
    _, first = next(lines)
    header = first.split("\t")
    _check_header(path, header)
    for number, line in lines:
        if not line:
            continue
        cells = line.split("\t")
        if len(cells) != len(header):
            raise DataError(
                f"{path}, line {number}: expected {len(header)} cells as in the header, found "
                f"{len(cells)}; look for a missing tab or a line break inside a text"
            )
        yield number, dict(zip(header, cells, strict=True))


def _read_csv(path: Path) -> Iterator[tuple[int, Row]]:
    reader = csv.reader((f"{line}\n" for _, line in _lines(path)), strict=True)
    header: list[str] = []
    try:
        for cells in reader:
            if not header:
                header = cells
                _check_header(path, header)
            elif cells:
                if len(cells) != len(header):
                    raise DataError(
                        f"{path}, line {reader.line_num}: expected {len(header)} cells as in the "
                        f"header, found {len(cells)}; a text that holds commas must be quoted"
                    )
                yield reader.line_num, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise DataError(
            f"{path}, line {reader.line_num}: not valid CSV ({error}); "
            "look for a quote that is not closed"
        ) from error


def _read_jsonl(path: Path) -> Iterator[tuple[int, Row]]:
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise DataError(
                f"{path}, line {number}: expected one JSON object, found something else ({error})"
            ) from error
        if not isinstance(row, dict):
            raise DataError(
                f"{path}, line {number}: expected one JSON object, found {type(row).__name__}"
            )
        yield (
            number,
            {
                key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                for key, value in row.items()
            },
        )


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines of a UTF-8 file, without line ends or byte-order mark."""
    number = 0
    try:
        # newline="\n": only a line feed ends a line; a carriage return before it goes with it.
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                yield number, line.removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}, after line {number}: expected UTF-8, found the byte "
            f"0x{error.object[error.start]:02x}; save the file as UTF-8"
        ) from error
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror})") from error
    if number == 0:
        raise DataError(f"{path}: expected a table, found an empty file")


def _check_header(path: Path, header: list[str]) -> None:
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{path}, line 1: the column {twice[0]!r} stands twice; rename one")


READERS = {".csv": _read_csv, ".tsv": _read_tsv, ".jsonl": _read_jsonl}
"""By the file's ending."""
