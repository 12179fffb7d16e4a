"""All inputs as one stream of rows, which can be entered anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from overtone.data.records import Record, Table


@dataclass(frozen=True)
class Position:
    """A place between two rows."""

    file: int = 0
    """The place of the file among the inputs, from 0."""
    row: int = 0
    """Rows of it that are behind."""


class Row(NamedTuple):
    """A row of an input."""

    source: str
    """The file."""
    number: int
    """From 1, in the file."""
    record: Record


class Stream:
    """The rows of all inputs from a position on."""

    def __init__(
        self,
        paths: Sequence[str],
        most_bytes: int,
        columns: tuple[str, ...] | None,
        start: Position,
    ) -> None:
        """Prepare to read.

        Args:
            paths: the inputs.
            most_bytes: of a line.
            columns: those that are needed; None for all.
            start: where to begin.

        """
        self.most_bytes = most_bytes
        self._tables = [Table(Path(path), most_bytes, columns) for path in paths]
        sizes = (table.path.stat().st_size for table in self._tables)
        self._before = list(accumulate(sizes, initial=0))  # bytes before each file
        self.position = start
        """Behind the row that was taken last."""
        self._rows = self._all(start)

    def __iter__(self) -> Iterator[Row]:
        """Go on where this was left."""
        return self._rows

    @property
    def read(self) -> int:
        """Bytes of all inputs that are behind, roughly."""
        place = self.position.file
        return self._before[place] + (self._tables[place].read if place < len(self._tables) else 0)

    def _all(self, start: Position) -> Iterator[Row]:
        for place in range(start.file, len(self._tables)):
            table = self._tables[place]
            skip = start.row if place == start.file else 0
            for number, record in enumerate(table.records(skip), start=skip + 1):
                self.position = Position(place, number)
                yield Row(str(table.path), number, record)
            self.position = Position(place + 1, 0)
