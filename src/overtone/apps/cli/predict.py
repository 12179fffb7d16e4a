"""`overtone predict`: texts as arguments, a table's column, or lines on standard input."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from overtone import atomic
from overtone.apps.cli.options import JsonTo, Model
from overtone.errors import DataError, InputError

if TYPE_CHECKING:
    from overtone.data.tables import Row
    from overtone.inference.predictor import Prediction, Predictor

T = TypeVar("T")

BLOCK = 4096
"""Rows that are in memory at a time."""

LIVE_BLOCK = 32
"""Lines of standard input that are answered together: whoever writes them may be waiting."""


def predict(
    model: Model,
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEXT]…", help="Texts; without any, lines of standard input."),
    ] = None,
    input_file: Annotated[
        Path | None, typer.Option("--input", help="A CSV, TSV or JSONL file.", dir_okay=False)
    ] = None,
    text_column: Annotated[
        str, typer.Option("--text-column", help="The column of the input with the texts.")
    ] = "text",
    output: Annotated[
        Path | None,
        typer.Option("--output", help="CSV, TSV or JSONL: the input's columns and what was found."),
    ] = None,
    json_to: JsonTo = None,
) -> None:
    """Say which labels texts carry."""
    from overtone.data import tables
    from overtone.inference.predictor import load

    if input_file is None:
        if output is not None:
            raise InputError("--output needs --input; for other texts use --json FILE")
        rows = _arguments(texts) if texts else _lines()
        _answer(load(model), rows, "text", json_to, BLOCK if texts else LIVE_BLOCK)
        return
    if texts:
        raise InputError("give texts or --input, not both")
    if (output is None) == (json_to is None):
        raise InputError("--input needs --output FILE (CSV, TSV or JSONL) or --json FILE, not both")
    rows = _checked(input_file, text_column)
    if output is None:
        _answer(load(model), rows, text_column, json_to, BLOCK)
        return
    kind = tables.check_kind(output)
    if output.exists() and output.samefile(input_file):
        raise InputError(f"--output would replace the input {input_file}: name another file")
    predictor = load(model)
    with atomic.file(output) as beside, tables.write(beside, kind) as write:
        for block in _blocks(rows, BLOCK):
            found = predictor.predict([row[text_column] for row in block])
            for row, prediction in zip(block, found, strict=True):
                write(_columns(input_file, row, prediction))
    typer.echo(f"wrote {output}", err=True)


def _answer(
    predictor: Predictor, rows: Iterable[Row], text_column: str, json_to: str | None, size: int
) -> None:
    """Predict rows block by block, and print tables or write JSON lines."""

    def answers() -> Iterator[tuple[list[Row], list[str], list[Prediction]]]:
        for block in _blocks(rows, size):
            texts = [row[text_column] for row in block]
            yield block, texts, predictor.predict(texts)

    if json_to is None:
        from overtone.apps.cli.show_predictions import show_predictions

        for _, texts, found in answers():
            show_predictions(texts, found)
    elif json_to == "-":
        for block, _, found in answers():
            sys.stdout.writelines(_json_lines(block, found))
            sys.stdout.flush()
    else:
        with atomic.file(Path(json_to)) as beside, beside.open("w", encoding="utf-8") as file:
            for block, _, found in answers():
                file.writelines(_json_lines(block, found))


def _json_lines(rows: list[Row], predictions: list[Prediction]) -> Iterator[str]:
    for row, prediction in zip(rows, predictions, strict=True):
        yield json.dumps({**row, **vars(prediction)}, ensure_ascii=False) + "\n"


def _columns(path: Path, row: Row, prediction: Prediction) -> Row:
    """Return a row with the labels that are on and every probability added."""
    found = {
        "labels": " ".join(prediction.labels),
        **{f"p_{name}": f"{value:.6f}" for name, value in prediction.probabilities.items()},
    }
    if both := row.keys() & found.keys():
        raise DataError(
            f"{path}: has a column {min(both)!r}, where --output puts what was found; rename it"
        )
    return {**row, **found}


def _arguments(texts: list[str]) -> list[Row]:
    # Bytes of the command line that are no UTF-8 arrive as lone surrogates, which can't be printed.
    return [{"text": text.encode("utf-8", "replace").decode()} for text in texts]


def _lines() -> Iterator[Row]:
    """Yield the lines of standard input; an empty line is an empty text, so that lines match."""
    if sys.stdin is None or sys.stdin.isatty():
        raise InputError(
            'expected texts: give them as arguments ("a text"), with --input, or piped'
        )
    return _decoded(sys.stdin.buffer)


def _decoded(lines: Iterable[bytes]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        try:
            yield {"text": line.decode("utf-8").rstrip("\r\n")}
        except UnicodeDecodeError as error:
            raise DataError(f"standard input, line {number}: expected UTF-8") from error


def _checked(path: Path, text_column: str) -> Iterator[Row]:
    """Yield the rows of a table, each of which has the text column."""
    from overtone.data import tables

    empty = True
    for line, row in tables.read(path):
        if text_column not in row:
            raise DataError(
                f"{path}, line {line}: expected the column {text_column!r}, found "
                f"{', '.join(map(repr, row))}; name the right one with --text-column"
            )
        yield row
        empty = False
    if empty:
        raise DataError(f"{path}: expected rows below the header, found none")


def _blocks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while block := list(islice(iterator, size)):
        yield block
