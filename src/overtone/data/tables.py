"""Reads and writes tables of text, row by row, with errors that name the file and the line.

CSV, TSV and JSON Lines through the standard library. Rows are dictionaries, column name to text.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
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
        # TSV has no quotes, so a tab or line end in a cell becomes a space. In CSV, only the line
        # end "\r\n" makes the writer quote a cell that holds a lone "\r".
        writer = csv.writer(file, lineterminator="\r\n")
        header: list[str] = []

        def write_cells(cells: Iterable[str]) -> None:
            guarded = [_guarded(cell) for cell in cells]
            if kind == ".csv":
                writer.writerow(guarded)
            else:
                file.write("\t".join(re.sub(r"[\t\r\n]+", " ", g) for g in guarded) + "\n")

        def write_row(row: Row) -> None:
            if not header:
                header.extend(row)
                write_cells(header)
            if additional := row.keys() - header:
                raise DataError(
                    f"{path}: expected the columns of the first row, found {sorted(additional)} "
                    "too; write a .jsonl file instead"
                )
            write_cells(row.get(column, "") for column in header)

        yield write_row


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
    if not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
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
            f"found {', '.join(map(repr, row))}; correct the header or name the right column"
        )


def _read_tsv(path: Path) -> Iterator[tuple[int, Row]]:
    header: list[str] = []
    for number, line in _lines(path):
        cells = line.rstrip("\n").removesuffix("\r").split("\t")
        if not header:
            header = _checked_header(path, cells)
        elif cells != [""]:
            if len(cells) != len(header):
                raise DataError(
                    f"{path}, line {number}: expected {len(header)} cells as in the header, found "
                    f"{len(cells)}; look for a missing tab or a line break inside a text"
                )
            yield number, dict(zip(header, cells, strict=True))


def _read_csv(path: Path) -> Iterator[tuple[int, Row]]:
    # The default limit is 131,072 characters, less than a long document has.
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader((line for _, line in _lines(path)), strict=True)
    header: list[str] = []
    first = 1  # the line on which the row at hand begins
    try:
        for cells in reader:
            if not header:
                header = _checked_header(path, cells)
            elif cells:
                if len(cells) != len(header):
                    raise DataError(
                        f"{path}, line {first}: expected {len(header)} cells as in the header, "
                        f"found {len(cells)}; a text that holds commas must be quoted"
                    )
                yield first, dict(zip(header, cells, strict=True))
            first = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{path}, line {first}: not valid CSV ({error}); look for a quote that is not closed"
        ) from error


def _read_jsonl(path: Path) -> Iterator[tuple[int, Row]]:
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            # Half of a surrogate pair could not be written again: refused here, by its line.
            json.dumps(row, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{path}, line {number}: expected one JSON object in UTF-8, found something else "
                f"({error})"
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
    """Yield the numbered lines of a UTF-8 file with their ends; only a line feed ends a line."""
    empty = True
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                # The first line may begin with a byte-order mark.
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                empty = empty and not text
                if text:
                    yield number, text
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}, line {number}: expected UTF-8, found the byte "
            f"0x{error.object[error.start]:02x}; save the file as UTF-8"
        ) from error
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror})") from error
    if empty:
        raise DataError(f"{path}: expected a table, found an empty file; get the file again")


def _checked_header(path: Path, header: list[str]) -> list[str]:
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{path}, line 1: the column {twice[0]!r} stands twice; rename one")
    return header


READERS = {".csv": _read_csv, ".tsv": _read_tsv, ".txt": _read_tsv, ".jsonl": _read_jsonl}
"""By the file's ending; .txt is what SemEval calls its tables."""
