"""Writes one shard: CSV for people and spreadsheets, JSON Lines and Parquet for programs."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from overtone.apps.scoring.select import MORE
from overtone.data import _parquet, tables
from overtone.errors import InputError
from overtone.inference.predictor import Prediction

DIGITS = 6
"""Of a probability behind the point: one more is not the same on every machine."""


class Columns:
    """The columns of the output."""

    def __init__(self, labels: Sequence[str], id_column: str | None, kept: Sequence[str]) -> None:
        """Name them.

        Args:
            labels: the model's.
            id_column: the input's.
            kept: what is kept of the input besides.

        """
        self.labels = tuple(labels)
        self.first = (*MORE, *([id_column] if id_column else []))
        self.kept = tuple(kept)
        self.header = (*self.first, "labels", *self.probabilities(), *self.kept)

    def probabilities(self) -> tuple[str, ...]:
        """Return the names of the probabilities' columns."""
        return tuple(f"p_{name}" for name in self.labels)

    def own(self) -> frozenset[str]:
        """Return those that no input may bring."""
        return frozenset((*MORE, "labels", "probabilities", *self.probabilities()))


def check_told_apart(labels: Sequence[str]) -> None:
    """Refuse labels of which some in a row read as others: in CSV, spaces stand between.

    Raises:
        InputError: there are such.

    """
    found = _read_twice(labels)
    if found is None:
        return
    other, row = sorted(found, key=len, reverse=True)
    way = "write jsonl or parquet"
    if len(row) == 1:
        said = f"{row[0]!r}, which is several others: ask for it in other words, or {way}"
    else:
        said = (
            f"{' and '.join(map(repr, row))}, which read as {' and '.join(map(repr, other))}: ask "
            f"for one of them in other words, or {way}"
        )
    raise InputError(
        "expected labels that can be told apart in CSV, where those that are on have "
        f"spaces between, found {said}"
    )


def _read_twice(labels: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """Return two rows of labels that are the same words; None where there are none.

    Source: Sardinas & Patterson, A necessary and sufficient condition for unique decomposition of
    coded messages (1953): there are some where one row can go on until it ends with the other.
    """
    words = {label: tuple(label.split(" ")) for label in labels}
    # By the words by which the first row is longer than the second: the shortest rows.
    rows = {
        words[one][len(words[two]) :]: ([one], [two])
        for one in words
        for two in words
        if one != two and words[one][: len(words[two])] == words[two]
    }
    waiting = list(rows)
    for rest in waiting:  # which grows
        one, two = rows[rest]
        if not rest:
            return one, two
        for label, its in words.items():
            if its[: len(rest)] == rest:
                more, found = its[len(rest) :], ([*two, label], one)
            elif rest[: len(its)] == its:
                more, found = rest[len(its) :], (one, [*two, label])
            else:
                continue
            if more not in rows:
                rows[more] = found
                waiting.append(more)
    return None


Append = Callable[[str, int, dict[str, str], Prediction], None]
"""Takes the source file, the row's number, the id and what is kept, and what was found."""


@contextmanager
def write_csv(path: Path, columns: Columns) -> Iterator[Append]:
    """Give a function that appends a row; cells that a spreadsheet would run are guarded."""
    with path.open("w", encoding="utf-8", newline="") as file:
        # The line end "\r\n" makes the writer quote a cell that holds a lone "\r".
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(map(tables.guarded, columns.header))

        def append(source: str, row: int, others: dict[str, str], found: Prediction) -> None:
            cells = {**others, "source_file": source, "source_row": str(row)}
            writer.writerow(
                [
                    *(tables.guarded(cells[name]) for name in columns.first),
                    tables.guarded(" ".join(found.labels)),
                    *(f"{value:.{DIGITS}f}" for value in found.probabilities.values()),
                    *(tables.guarded(cells.get(name, "")) for name in columns.kept),
                ]
            )

        yield append


@contextmanager
def write_jsonl(path: Path, columns: Columns) -> Iterator[Append]:  # noqa: ARG001 - as the others
    """Give a function that appends a row."""
    with path.open("w", encoding="utf-8") as file:

        def append(source: str, row: int, others: dict[str, str], found: Prediction) -> None:
            content = {
                "source_file": source,
                "source_row": row,
                **others,
                "labels": found.labels,
                "probabilities": {
                    name: round(value, DIGITS) for name, value in found.probabilities.items()
                },
            }
            file.write(json.dumps(content, ensure_ascii=False) + "\n")

        yield append


@contextmanager
def write_parquet(path: Path, columns: Columns) -> Iterator[Append]:
    """Give a function that appends a row: text, a list of labels, float32 probabilities.

    Raises:
        MissingExtraError: pyarrow is not installed.

    """
    arrow, _ = _parquet.packages(path)
    text = arrow.string()
    types = dict.fromkeys((*columns.first, *columns.kept), text)
    types |= {"source_row": arrow.int64(), "labels": arrow.list_(text)}
    types |= dict.fromkeys(columns.probabilities(), arrow.float32())
    with _parquet.write_typed(path, {name: types[name] for name in columns.header}) as write:

        def append(source: str, row: int, others: dict[str, str], found: Prediction) -> None:
            cells: dict[str, object] = {**others, "source_file": source, "source_row": row}
            write(
                [
                    *(cells[name] for name in columns.first),
                    found.labels,
                    *(round(value, DIGITS) for value in found.probabilities.values()),
                    *(cells.get(name, "") for name in columns.kept),
                ]
            )

        yield append


WRITERS = {"csv": write_csv, "jsonl": write_jsonl, "parquet": write_parquet}
