"""Texts and truth in the forms in which Python users have them, checked and made plain.

Lists, tuples, numpy arrays, pandas and polars columns and frames. Neither pandas nor polars is
imported: what has columns is a frame.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils.multiclass import type_of_target

from overtone.errors import InputError
from overtone.labels import Labels

log = logging.getLogger(__name__)

FORMS = "an array (n, C) of 0, 1 and NaN, or a list of sets of label names"


class RefusedError(InputError, ValueError):
    """An `InputError` that scikit-learn's tools know as well: to them bad input is a ValueError."""


def texts(given: object) -> list[str]:
    """Return texts as a list.

    Args:
        given: a list, a tuple, an array (n,) or (n, 1), a pandas or polars column, or a frame of
            one column.

    Raises:
        RefusedError: it is one text, or not one text a row.

    """
    if isinstance(given, str | bytes):
        raise RefusedError("expected a list of texts, found one text: pass [text]")
    if issparse(given):
        raise RefusedError(
            "expected texts, found a sparse matrix: pass the texts themselves, the model has its "
            "own way of reading them"
        )
    if hasattr(given, "__array__"):
        given = _one_column(given)
    if isinstance(given, Mapping | set | frozenset) or not isinstance(given, Iterable):
        raise RefusedError(
            f"expected a list of texts, found {_kind(given)}: pass a list, an array or a column"
        )
    found = list(given)
    for place, item in enumerate(found):
        if not isinstance(item, str):
            raise RefusedError(
                f"expected texts, found {_kind(item)} at position {place}: leave out or fill the "
                "gaps"
            )
    return found


def _one_column(given: Any) -> NDArray[np.object_]:  # noqa: ANN401 - whatever has __array__
    """Return the only column of an array or frame, (n,)."""
    cells = np.asarray(given, dtype=object)
    if cells.ndim == 2 and cells.shape[1] == 1:  # noqa: PLR2004
        return cells[:, 0]
    if cells.ndim != 1:
        columns = getattr(given, "columns", None)
        found = f"shape {cells.shape}" if columns is None else ", ".join(map(str, columns))
        raise RefusedError(f"expected one column of texts, found {found}: pass one of the columns")
    return cells


def truth(
    given: object, labels: Labels | Sequence[str] | None = None
) -> tuple[Labels, NDArray[np.float32]]:
    """Return labels and targets (n, C): 1 where a text carries a label, NaN where not annotated.

    Args:
        given: 0, 1 and NaN, (n, C), as an array, a list of lists, or a frame whose columns are
            called like the labels; or a list or column of sets of label names, with None for a
            text that is not annotated.
        labels: the labels, in order; by default the frame's columns, or the names that occur.

    Raises:
        RefusedError: it is none of these, or doesn't go with `labels`.
        InputError: the labels can't be told apart.

    """
    if given is None:
        # In scikit-learn's words, by which its tools know the case.
        raise RefusedError("EmotionClassifier requires y to be passed, but the target y is None")
    wanted = _wanted(labels)
    if hasattr(given, "__array__") and not isinstance(given, Iterable):
        given = np.asarray(given)
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise RefusedError(f"expected y to be {FORMS}, found {_kind(given)}")
    if hasattr(given, "columns") or (isinstance(given, np.ndarray) and given.ndim > 1):
        return _from_numbers(given, wanted)
    rows = list(given)
    if any(isinstance(row, str) for row in rows):
        raise RefusedError(
            f"expected y to be {FORMS}, found one name a text: a text may carry several labels, so "
            "pass [name] for each"
        )
    if any(map(_is_set_of_names, rows)):
        return _from_names(rows, wanted)
    return _from_numbers(rows, wanted)


def _wanted(given: object) -> Labels | None:
    """Return the labels that were asked for."""
    if given is None or isinstance(given, Labels):
        return given
    if isinstance(given, str):
        raise RefusedError(f"expected a list of labels, found one text: pass [{given!r}]")
    # A set has no order, or another one in each process.
    if isinstance(given, set | frozenset) or not isinstance(given, Iterable):
        raise RefusedError(f"expected a list of labels, found {_kind(given)}: the order counts")
    names = list(given)
    if not all(isinstance(name, str) for name in names):
        raise RefusedError(f"expected a list of label names, found {names}: names are texts")
    return Labels.of(*names)


def _is_set_of_names(row: object) -> bool:
    """Return whether a row of y can only be names: an empty list could be numbers as well."""
    return isinstance(row, set | frozenset) or (
        isinstance(row, Iterable) and any(isinstance(item, str) for item in row)
    )


def _from_names(rows: Sequence[Any], labels: Labels | None) -> tuple[Labels, NDArray[np.float32]]:
    """Return labels and targets of rows that are collections of names, or None."""
    for place, row in enumerate(rows):
        names = [] if row is None else row
        if not isinstance(names, Iterable) or not all(isinstance(name, str) for name in names):
            raise RefusedError(
                f"expected a set of label names a text, found {_kind(row)} at position {place}: "
                "pass [] for a text without labels, None for one that is not annotated"
            )
    labels = labels or Labels.of(*sorted({name for row in rows if row is not None for name in row}))
    column = {name: place for place, name in enumerate(labels.names)}
    targets = np.zeros((len(rows), len(labels)), dtype=np.float32)
    for place, row in enumerate(rows):
        if row is None:
            targets[place] = np.nan
            continue
        if unknown := sorted(set(row) - set(column)):
            raise RefusedError(
                f"no label is called {', '.join(unknown)}: the labels are {', '.join(column)}"
            )
        targets[place, [column[name] for name in row]] = 1
    return labels, targets


def _from_numbers(given: Any, labels: Labels | None) -> tuple[Labels, NDArray[np.float32]]:  # noqa: ANN401
    """Return labels and targets of 0, 1 and NaN."""
    cells = _floats(given)
    if cells.ndim != 2:  # noqa: PLR2004
        # scikit-learn's word for what it is, continuous among them.
        found = type_of_target(cells) if cells.ndim == 1 and np.isfinite(cells).all() else "one"
        raise RefusedError(
            f"expected y to be {FORMS}, found a {found} target of shape {cells.shape}: a single "
            "label is a column, y.reshape(-1, 1)"
        )
    wrong = ~(np.isnan(cells) | (cells == 0) | (cells == 1))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise RefusedError(
            f"expected y to be 0, 1 or NaN (not annotated), found {cells[row, column]:g} in row "
            f"{row}, column {column}: continuous targets and other classes are not taken"
        )
    names = tuple(getattr(given, "columns", ()))
    if names and all(isinstance(name, str) for name in names):
        own = Labels.of(*names)
        labels = labels or own
        if set(own.names) != set(labels.names):
            raise RefusedError(
                f"expected the columns of y to be the labels {', '.join(labels.names)}, found "
                f"{', '.join(own.names)}"
            )
        cells = cells[:, [own.names.index(name) for name in labels.names]]
    if labels is None:
        labels = Labels.of(*(f"label {column}" for column in range(cells.shape[1])))
        log.warning(
            "the columns of y have no names, which the model would read: give labels=[...], or a "
            "frame with named columns"
        )
    if cells.shape[1] != len(labels):
        raise RefusedError(
            f"expected a column of y for each of the {len(labels)} labels, found {cells.shape[1]}"
        )
    return labels, cells.astype(np.float32)


def _floats(given: Any) -> NDArray[np.float64]:  # noqa: ANN401
    """Return numbers as an array, NaN where there is none."""
    try:
        if hasattr(given, "iloc"):  # pandas has gaps that numpy doesn't know
            found: NDArray[np.float64] = given.to_numpy(dtype=np.float64, na_value=np.nan)
            return found
        return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        # Not what numpy says: it repeats the cell, which may be a text where X and y are swapped.
        raise RefusedError(
            f"expected y to be {FORMS}, found rows of other things or of different lengths "
            "(Unknown label type)"
        ) from error


def _kind(given: object) -> str:
    """Return what a value is, without saying the value: texts are not repeated."""
    if given is None or (isinstance(given, float) and np.isnan(given)):
        return "a gap (None or NaN)"
    return type(given).__name__
