"""Reads tables of any size row by row, and says of each bad row why, where `tables` would stop.

A row that can't be read takes no other with it, memory does not grow with the file, and no line is
longer in memory than `most_bytes`. CSV, TSV and JSON Lines, each also .gz and .zst, and Parquet.
"""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

from overtone.data import _delimited, _parquet, tables
from overtone.data._packed import DAMAGE, PACKED, open_lines
from overtone.errors import DataError

Cells = dict[str, object]

FORMATS = tuple(tables.READERS)
MOST_BYTES = 8_000_000
"""Of a line, where nothing else is said; a row of CSV may have several."""
HEAD = 100
"""Rows of JSON Lines that show which keys there are."""


class Record(NamedTuple):
    """A row, or why there is none."""

    line: int
    """Where it begins, from 1; of Parquet the number of the row."""
    cells: Cells | None
    """By column name: text, in JSON Lines and Parquet any value."""
    problem: str = ""
    """Why there are no cells."""


class _Line(NamedTuple):
    number: int
    text: str
    problem: str


class _TooLongError(Exception):
    """A row of CSV goes on for longer than is taken in."""


@dataclass
class Table:
    """A file, and how much of it is read."""

    path: Path
    most_bytes: int = MOST_BYTES
    columns: tuple[str, ...] | None = None
    """Those that are read of Parquet; None for all."""
    read: int = 0
    """Bytes of the file that are behind the row at hand, roughly."""

    @property
    def format(self) -> str:
        """The ending that says what the file is, such as .csv.

        Raises:
            DataError: it is none of those known.

        """
        name = self.path.name.lower()
        for packed in PACKED:
            name = name.removesuffix(packed)
        found = next((kind for kind in FORMATS if name.endswith(kind) and name != kind), None)
        if found is None or (found == ".parquet" and name != self.path.name.lower()):
            raise DataError(
                f"{self.path}: expected a name that ends in {', '.join(FORMATS)}, or in one of the "
                f"first {len(FORMATS) - 1} and .gz or .zst, found "
                f"{self.path.suffix.lower() or 'no ending'}; convert the file or rename it to what "
                "it is"
            )
        return found

    def records(self, skip: int = 0) -> Iterator[Record]:
        """Yield the rows in order, the first `skip` left out.

        A file that is damaged or cut ends with a record that says so; in Parquet, each row that is
        lost has one.

        Raises:
            DataError: the file or its header can't be read.

        """
        if self.format == ".parquet":
            rows = self.count()
            size = self.path.stat().st_size
            found = _parquet.read_from(self.path, self.columns, skip)
            for number, (values, problem) in enumerate(found, start=skip + 1):
                self.read = size * number // rows
                yield Record(number, values, problem)
            return
        with self._lines() as lines:
            yield from self._parsed(lines, skip)

    def count(self) -> int:
        """Return how many records there are, read as cheaply as the format allows."""
        if self.format == ".parquet":
            return _parquet.count(self.path)
        with self._lines() as lines:
            if self.format == ".jsonl":
                return sum(1 for line in lines if line.text.strip() or line.problem)
            return sum(1 for _ in self._parsed(lines, 0))

    def names(self) -> list[str]:
        """Return the columns: of the header, or in JSON Lines the keys of the first rows.

        An empty file has none.

        Raises:
            DataError: the file is missing, or has no header or first rows that can be read.

        """
        if self.format == ".parquet":
            return _parquet.names(self.path)
        with self._lines() as lines:
            if self.format != ".jsonl":
                return self._header(self._split(lines))[0]
            head = list(islice(_objects(lines), HEAD))
        found = {name: None for record in head for name in record.cells or ()}
        if head and not found:
            raise DataError(f"{self.path}, line {head[0].line}: {head[0].problem or 'no keys'}")
        return list(found)

    @contextmanager
    def _lines(self) -> Iterator[Iterator[_Line]]:
        try:
            with self.path.open("rb") as file, open_lines(file, self.path) as content:
                yield self._watched(file, _bounded(content, self.most_bytes))
        except OSError as error:
            raise DataError(f"{self.path}: can't be read ({error.strerror or error})") from error

    def _watched(self, file: BinaryIO, lines: Iterator[_Line]) -> Iterator[_Line]:
        for line in lines:
            self.read = file.tell()
            yield line

    def _parsed(self, lines: Iterator[_Line], skip: int) -> Iterator[Record]:
        if self.format == ".jsonl":
            yield from _objects(lines, skip)
            return
        rows = self._split(lines)
        header, width = self._header(rows)
        for line, cells, problem in islice(rows, skip, None):
            found = problem or _delimited.misfit(cells, header, width)
            if found:
                yield Record(line, None, found)
            else:
                yield Record(line, dict(zip(header, cells, strict=False)))

    def _split(self, lines: Iterator[_Line]) -> Iterator[tuple[int, list[str], str]]:
        return _commas(lines, self.most_bytes) if self.format == ".csv" else _tabs(lines)

    def _header(self, rows: Iterator[tuple[int, list[str], str]]) -> tuple[list[str], int]:
        """Take the header off the rows; its names and how many cells it has."""
        line, cells, problem = next(rows, (1, list[str](), ""))
        if problem:
            raise DataError(f"{self.path}, line {line}: expected a header, {problem}")
        return _delimited.checked_header(self.path, line, cells), len(cells)


def _bounded(file: BinaryIO, most: int) -> Iterator[_Line]:
    """Yield lines, without text where they are longer than `most` bytes; damage is the last."""
    number = 0
    try:
        while raw := file.readline(most + 1):
            number += 1
            if len(raw) > most and not raw.endswith(b"\n"):
                while (rest := file.readline(most)) and not rest.endswith(b"\n"):
                    pass
                yield _Line(number, "", f"found a line longer than {most:,} bytes")
                continue
            if number == 1 and raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                yield _Line(number, "", "found UTF-16; save the file as UTF-8")
                return
            yield _decoded(number, raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw)
    except DAMAGE as error:
        yield _Line(number + 1, "", f"found the file damaged or cut from here on ({error})")


def _decoded(number: int, raw: bytes) -> _Line:
    try:
        return _Line(number, raw.decode(), "")
    except UnicodeDecodeError as error:
        # As text it still shows where cells and rows end.
        text = raw.decode("utf-8", "surrogateescape")
        return _Line(number, text, f"expected UTF-8, found the byte 0x{raw[error.start]:02x}")


def _objects(lines: Iterator[_Line], skip: int = 0) -> Iterator[Record]:
    there = (line for line in lines if line.problem or line.text.strip())
    for line in islice(there, skip, None):
        if line.problem:
            yield Record(line.number, None, line.problem)
            continue
        try:
            yield Record(line.number, tables.json_object(line.text))
        except ValueError as error:
            yield Record(line.number, None, str(error))


def _tabs(lines: Iterator[_Line]) -> Iterator[tuple[int, list[str], str]]:
    for line in lines:
        cells = line.text.rstrip("\n").removesuffix("\r").split("\t")
        if line.problem or cells != [""]:
            yield line.number, cells, line.problem


def _commas(lines: Iterator[_Line], most: int) -> Iterator[tuple[int, list[str], str]]:
    """Yield the rows of CSV. One that is broken is its first line; the next may be whole.

    A quote that is not closed swallows lines that are rows, so those are given another chance.
    """
    _delimited.lift_limit()
    feed = _Feed(lines, most)
    head = feed.peek()
    reader = csv.reader(feed, delimiter=_delimited.separator(head), strict=True)
    while True:
        feed.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _TooLongError) as error:
            yield feed.taken[0].number, [], feed.problem or f"found broken CSV ({error})"
            feed.give_back()
            continue
        if cells or feed.problem:
            yield feed.taken[0].number, cells, feed.problem


class _Feed:
    """Gives csv.reader its lines, and can give those of a broken row again."""

    def __init__(self, lines: Iterator[_Line], most: int) -> None:
        self._lines = lines
        self._most = most
        self._again: deque[_Line] = deque()
        self._size = 0
        self.taken: list[_Line] = []
        """The lines of the row at hand."""

    @property
    def problem(self) -> str:
        """What is wrong with the row's first line that is not right."""
        return next((line.problem for line in self.taken if line.problem), "")

    def peek(self) -> list[str]:
        """Return the lines up to the first that has content, without taking them."""
        while (line := next(self._lines, None)) is not None:
            self._again.append(line)
            if line.text.strip() or line.problem:
                break
        return [line.text for line in self._again]

    def begin(self) -> None:
        """Begin with a row."""
        self.taken = []
        self._size = 0

    def give_back(self) -> None:
        """Give all lines of the row but the first once more."""
        self._again.extendleft(reversed(self.taken[1:]))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        self._size += len(line.text)
        if self._size > self._most:
            raise _TooLongError(f"a row that is longer than {self._most:,} characters")
        return line.text
