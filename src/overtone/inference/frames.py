"""Tables in, tables out: pandas, polars, Arrow and whatever else narwhals knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from overtone.decision import Thresholds
from overtone.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from overtone.inference.predictor import Predictor

Frame = TypeVar("Frame")


def with_predictions(
    model: Predictor, frame: Frame, text_column: str, threshold: Thresholds | None
) -> Frame:
    """Return a table of the same kind with what a model says of its texts.

    Args:
        model: the model.
        frame: a table in memory: of pandas, polars, Arrow, Modin or cuDF.
        text_column: the column of the texts.
        threshold: as for `Predictor.predict`.

    Raises:
        InputError: it is no such table, has no such column or one that the output adds, or a text
            is missing.
        MissingExtraError: narwhals is not installed.

    """
    try:
        import narwhals as nw  # noqa: PLC0415 - only those who have tables pay for it
    except ModuleNotFoundError as error:
        raise MissingExtraError("tables", "predict_table") from error
    try:
        table: Any = nw.from_native(frame, eager_only=True)
    except TypeError as error:
        raise InputError(
            f"expected a table of pandas, polars or Arrow in memory, found {type(frame).__name__}: "
            "give a list of texts to predict, or collect a lazy table first"
        ) from error
    names = model.labels.names
    probable, on = [f"p_{name}" for name in names], [f"on_{name}" for name in names]
    _check_columns(list(map(str, table.columns)), text_column, ["labels", *probable, *on])
    found = model.probabilities(table[text_column].to_list())
    predictions = model.predictions(found, threshold=threshold)
    decided = model.decide(found, threshold=threshold)
    columns: list[tuple[str, list[Any], Any]] = [
        ("labels", [" ".join(one.labels) for one in predictions], nw.String())
    ]
    for name, values in zip(probable, found.T, strict=True):
        columns.append((name, values.tolist(), nw.Float64()))
    for name, values in zip(on, decided.T.astype(int), strict=True):
        columns.append((name, values.tolist(), nw.Int8()))
    kind = nw.get_native_namespace(table)
    series = [nw.new_series(name, values, dtype, backend=kind) for name, values, dtype in columns]
    if (index := nw.maybe_get_index(table)) is not None:
        # pandas would put rows together by their index, which the new columns don't have.
        series = [nw.maybe_set_index(one, index=index) for one in series]
    result: Frame = table.with_columns(series).to_native()
    return result


def _check_columns(there: list[str], text_column: str, added: list[str]) -> None:
    """Refuse a table without the texts, or with a column that the result adds."""
    if text_column not in there:
        raise InputError(
            f"expected the column {text_column!r}, found {', '.join(map(repr, there))}: name the "
            "one with the texts"
        )
    if both := sorted(set(added) & set(there)):
        raise InputError(
            f"the table has a column {both[0]!r}, where the result puts what was found: rename it"
        )
