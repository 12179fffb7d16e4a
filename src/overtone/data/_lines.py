"""Reads a file of lines, plain or gzipped, with errors that name the file and the line."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from overtone.errors import DataError


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines of a UTF-8 file with their ends; only a line feed ends a line.

    A name that ends in .gz is expanded on the way, line by line.

    Raises:
        DataError: the file is missing, empty, cut, or not UTF-8.

    """
    empty, number = True, 0
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if number == 1 and line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                    raise DataError(
                        f"{path}, line 1: expected UTF-8, found UTF-16, which spreadsheets call "
                        'Unicode text: save it as "CSV UTF-8", with a name that ends in .csv'
                    )
                # The first line may begin with a byte-order mark.
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                empty = empty and not text
                if text:
                    yield number, text
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}, line {number}: expected UTF-8, found the byte "
            f'0x{error.object[error.start]:02x}; save the file as UTF-8 (in a spreadsheet: "CSV '
            'UTF-8")'
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path}: expected a gzip file, found one that is cut, damaged or of another kind "
            f"(after line {number}: {error}); get the file again"
        ) from error
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror})") from error
    if empty:
        raise DataError(f"{path}: expected a table, found an empty file; get the file again")
