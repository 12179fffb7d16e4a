"""`overtone predict`: texts as arguments, a table's column, or lines on standard input."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from overtone import atomic
from overtone.apps.cli import asked_labels
from overtone.apps.cli.asked_labels import AskedLabels
from overtone.apps.cli.options import JsonTo, Model, Thresholds, thresholds
from overtone.errors import DataError, InputError

if TYPE_CHECKING:
    from overtone.data.tables import Row
    from overtone.inference.predictor import Prediction, Predictor

T = TypeVar("T")
Predict = Callable[[list[str]], list["Prediction"]]
Answers = Iterator[tuple[list["Row"], list["Prediction"]]]

TABLES = "CSV, TSV, JSONL or Parquet"

BLOCK = 4096
"""Rows that are in memory at a time."""

HEAD = 1000
"""Rows from which the text column is guessed."""

LIVE_BLOCK = 32
"""Lines of standard input that are answered together: whoever writes them may be waiting."""


def predict(
    model: Model,
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEXT]…", help="Texts; without any, lines of standard input."),
    ] = None,
    input_file: Annotated[
        Path | None,
        typer.Option("--input", help=f"A {TABLES} file, or one with .gz.", dir_okay=False),
    ] = None,
    text_column: Annotated[
        str | None,
        typer.Option("--text-column", help="The column of the input with the texts."),
    ] = None,
    labels_of: Annotated[
        str | None,
        typer.Option(
            "--labels-of",
            metavar="DATASET",
            help="Which labels, where the model was trained with train --also DATASET.",
        ),
    ] = None,
    labels: AskedLabels = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="The same kinds: the input's columns and what was found."),
    ] = None,
    threshold: Thresholds = None,
    json_to: JsonTo = None,
) -> None:
    """Say which labels texts carry."""
    from overtone.data import tables

    asked = asked_labels.names(labels, labels_of)
    if input_file is None:
        if output is not None:
            raise InputError("--output needs --input; for other texts use --json FILE")
        rows = _arguments(texts) if texts else _lines()
        _, predict_block = _load(model, labels_of, asked, threshold)
        _answer(predict_block, rows, "text", json_to, BLOCK if texts else LIVE_BLOCK)
        return
    if texts:
        raise InputError("give texts or --input, not both")
    if (output is None) == (json_to is None):
        raise InputError(f"--input needs --output FILE ({TABLES}) or --json FILE, not both")
    kind = None if output is None else tables.check_kind(output)
    text_column, rows = read_table(input_file, text_column)
    target = output or Path(str(json_to))
    if input_file.exists() and target.exists() and target.samefile(input_file):
        option = "--json" if output is None else "--output"
        raise InputError(f"{option} would replace the input {input_file}: name another file")
    predictor, predict_block = _load(model, labels_of, asked, threshold)
    if output is None or kind is None:
        _answer(predict_block, rows, text_column, json_to, BLOCK, str(input_file))
        return
    added = ("labels", *(f"p_{name}" for name in predictor.labels.names))
    with _new_file(output) as beside, tables.write(beside, kind) as write:
        for block, found in _answers(
            predict_block, rows, text_column, BLOCK, added, str(input_file)
        ):
            for row, prediction in zip(block, found, strict=True):
                write({**row, **_cells(prediction)})
    typer.echo(f"wrote {output}", err=True)


def _load(
    model: str, labels_of: str | None, labels: list[str] | None, given: list[str] | None
) -> tuple[Predictor, Predict]:
    """Load a model, and return with it what predicts a block of texts by the thresholds given."""
    from overtone.inference.predictor import load

    predictor = load(model)
    if labels_of is not None:
        predictor = predictor.with_labels_of(labels_of)
    if labels is not None:
        predictor = predictor.with_labels(labels)
        asked_labels.say_what_to_expect(
            predictor.labels,
            predictor.bundle.manifest,
            None if given else asked_labels.THRESHOLD,
        )
    threshold = thresholds(given or (), predictor.labels)
    return predictor, partial(predictor.predict, threshold=threshold)


def _answer(
    predict_block: Predict,
    rows: Iterable[Row],
    text_column: str,
    json_to: str | None,
    size: int,
    where: str = "the texts",
) -> None:
    """Predict rows block by block, and print tables or write JSON lines."""
    added = ("labels", "probabilities")
    answers = _answers(predict_block, rows, text_column, size, added, where)
    if json_to is None:
        from overtone.apps.cli.show_predictions import show_predictions

        for block, found in answers:
            show_predictions([row[text_column] for row in block], found)
    elif json_to == "-":
        for block, found in answers:
            sys.stdout.writelines(_json_lines(block, found))
            sys.stdout.flush()
    else:
        with _new_file(Path(json_to)) as beside, beside.open("w", encoding="utf-8") as file:
            for block, found in answers:
                file.writelines(_json_lines(block, found))


def _answers(
    predict_block: Predict,
    rows: Iterable[Row],
    text_column: str,
    size: int,
    added: Sequence[str],
    where: str,
) -> Answers:
    """Yield rows and what is predicted of them, block by block.

    Args:
        predict_block: predicts texts.
        rows: each has the text column.
        text_column: its name.
        size: of a block.
        added: names that what is found gets in the output, which no row may have.
        where: what messages call the rows.

    """
    for block in _blocks(rows, size):
        for row in block:
            if both := row.keys() & set(added):
                raise DataError(
                    f"{where}: has a column {min(both)!r}, where the output puts what was found; "
                    "rename it"
                )
        yield block, predict_block([row[text_column] for row in block])


def _json_lines(rows: list[Row], predictions: list[Prediction]) -> Iterator[str]:
    for row, prediction in zip(rows, predictions, strict=True):
        yield json.dumps({**row, **vars(prediction)}, ensure_ascii=False) + "\n"


def _cells(prediction: Prediction) -> Row:
    """Return the labels that are on and every probability as a table's cells."""
    probabilities = prediction.probabilities.items()
    return {
        "labels": " ".join(prediction.labels),
        **{f"p_{name}": f"{value:.6f}" for name, value in probabilities},
    }


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """Give a path that becomes `path`, or refuse now, and not after hours of work."""
    with ExitStack() as stack:
        try:
            beside = stack.enter_context(atomic.file(path))
        except OSError as error:
            raise InputError(
                f"{path} can't be written ({error.strerror}): name a file in a folder that takes it"
            ) from error
        yield beside


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


def read_table(path: Path, text_column: str | None) -> tuple[str, Iterator[Row]]:
    """Return the text column of a table, guessed where it isn't given, and the rows."""
    from overtone.data import tables

    rows = tables.read(path)
    if text_column is None:
        head = list(islice(rows, 1))
        text_column = "text"
        if head and text_column not in head[0][1]:
            head += islice(rows, HEAD - 1)
            text_column = _guess(path, head)
        rows = chain(head, rows)
    return text_column, _checked(path, rows, text_column)


def _guess(path: Path, head: list[tuple[int, Row]]) -> str:
    """Return the column that training on such a file would take, and say it.

    Where there is no such column either, it is `text`, which is then missed.
    """
    from overtone.data import table

    try:
        found = table.find_text_column(path, head)
    except InputError:
        return "text"
    typer.echo(f"note: {path}: the texts are in column {found!r}", err=True)
    return found


def _checked(path: Path, rows: Iterable[tuple[int, Row]], text_column: str) -> Iterator[Row]:
    """Yield the rows of a table, each of which has the text column."""
    empty = True
    for line, row in rows:
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
