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
        source = _arguments(texts) if texts else _lines()
        predictor = load(model)
        _answer(predictor, source, json_to)
        return
    if texts:
        raise InputError("give texts or --input, not both")
    if (output is None) == (json_to is None):
        raise InputError("--input needs --output FILE (CSV, TSV or JSONL) or --json FILE, not both")
    rows = _checked(input_file, text_column)
    if output is None:
        _answer(load(model), (row[text_column] for row in rows), json_to)
        return
    kind = tables.check_kind(output)
    predictor = load(model)
    with atomic.file(output) as beside, tables.write(beside, kind) as write:
        for block in _blocks(rows):
            found = predictor.predict([row[text_column] for row in block])
            for row, prediction in zip(block, found, strict=True):
                write(_columns(input_file, row, prediction))
    typer.echo(f"wrote {output}", err=True)


def _answer(predictor: Predictor, texts: Iterable[str], json_to: str | None) -> None:
    """Predict texts block by block, and print tables or write JSON lines."""
    if json_to is None:
        from overtone.apps.cli.show_predictions import show_predictions

        for block in _blocks(texts):
            show_predictions(block, predictor.predict(block))
    elif json_to == "-":
        for block in _blocks(texts):
            sys.stdout.writelines(_json_lines(block, predictor.predict(block)))
            sys.stdout.flush()
    else:
        with atomic.file(Path(json_to)) as beside, beside.open("w", encoding="utf-8") as file:
            for block in _blocks(texts):
                file.writelines(_json_lines(block, predictor.predict(block)))


def _json_lines(texts: list[str], predictions: list[Prediction]) -> Iterator[str]:
    for text, prediction in zip(texts, predictions, strict=True):
        yield json.dumps({"text": text, **vars(prediction)}, ensure_ascii=False) + "\n"


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


def _arguments(texts: list[str]) -> list[str]:
    # Bytes of the command line that are no UTF-8 arrive as lone surrogates, which can't be printed.
    return [text.encode("utf-8", "replace").decode() for text in texts]


def _lines() -> Iterator[str]:
    """Yield the lines of standard input, empty ones left out."""
    if sys.stdin is None or sys.stdin.isatty():
        raise InputError(
            'expected texts: give them as arguments ("a text"), with --input, or piped'
        )
    return _decoded(sys.stdin.buffer)


def _decoded(lines: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        try:
            text = line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise DataError(f"standard input, line {number}: expected UTF-8") from error
        if text.strip():
            yield text


def _checked(path: Path, text_column: str) -> Iterator[Row]:
    """Yield the rows of a table, each of which has the text column."""
    from overtone.data import tables

    for line, row in tables.read(path):
        if text_column not in row:
            raise DataError(
                f"{path}, line {line}: expected the column {text_column!r}, found "
                f"{', '.join(map(repr, row))}; name the right one with --text-column"
            )
        yield row


def _blocks(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while block := list(islice(iterator, BLOCK)):
        yield block
