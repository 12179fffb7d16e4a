"""Guesses which column of a file holds what, but only where there is no doubt."""

from __future__ import annotations

from collections.abc import Sequence

from overtone.data._content import Content
from overtone.data._label_cells import value
from overtone.data.quotes import quoted, shortened
from overtone.errors import InputError

TEXT_NAMES = ("text", "tweet", "comment", "comment_text", "sentence", "content", "message")
LIST_NAMES = ("labels", "label", "emotions", "emotion", "tags")
ID_NAMES = ("", "id", "index", "idx", "unnamed: 0")


def text_column(content: Content, left: Sequence[str]) -> str:
    """Return which of the columns that are `left` holds the texts.

    It is the one of a usual name, else the only one with several words in most of its cells.

    Raises:
        InputError: there is none, or more than one.

    """
    found = [name for name in left if name.casefold() in TEXT_NAMES] or [
        name
        for name in left
        if name.casefold() not in (*LIST_NAMES, *ID_NAMES) and _is_prose(content.columns[name])
    ]
    if len(found) != 1:
        raise InputError(
            f"{content.path}: {'several columns' if found else 'no column'} may hold the texts: "
            "name it with "
            + " or ".join(f"--text-column {shortened(name, 40)}" for name in (found or left)[:5])
        )
    return found[0]


def label_columns(
    content: Content, left: Sequence[str], *, soft: bool
) -> tuple[tuple[str, ...], str | None]:
    """Return which of the columns that are `left` are labels, or else which one lists labels.

    Labels are all columns of 0 and 1; a list of labels has a usual name.

    Raises:
        InputError: there are neither, or both.

    """
    columns = content.columns
    cells = tuple(
        name
        for name in left
        if name.casefold() not in ID_NAMES and _says_yes_or_no(columns[name], soft=soft)
    )
    lists = [name for name in left if name.casefold() in LIST_NAMES and name not in cells]
    if any(value(name) in {0, 1} for name in cells):
        raise InputError(
            f"{content.path}: expected a header on the first line, found cells as in the rows "
            "below; add a line with the columns' names"
        )
    if cells and not lists:
        return cells, None
    if len(lists) == 1 and not cells:
        return (), lists[0]
    if cells or lists:
        raise InputError(
            f"{content.path}: the labels may be columns of 0 and 1, or names in one column: name "
            + " or ".join(
                [f"--labels {','.join(cells)!r}"] * bool(cells)
                + [f"--label-column {name!r}" for name in lists]
            )
        )
    advice = ""
    if not soft and any(_says_yes_or_no(columns[name], soft=True) for name in left):
        advice = "; for numbers between 0 and 1 give --soft-labels"
    raise InputError(
        f"{content.path}: expected label columns of 0 and 1, or a column called "
        f"{', '.join(LIST_NAMES)} with their names, found the columns {quoted(columns)}: name them "
        f"with --labels A,B,C or --label-column C{advice}"
    )


def _is_prose(cells: Sequence[str]) -> bool:
    """Return whether most cells hold several words, and not all the same ones."""
    filled = [cell for cell in cells if cell.strip()]
    several = sum(len(cell.split()) > 1 and any(map(str.isalpha, cell)) for cell in filled)
    return 2 * several > len(filled) and len(set(filled)) > 1


def _says_yes_or_no(cells: Sequence[str], *, soft: bool) -> bool:
    """Return whether most cells of a column say yes or no; whether all do is seen in reading."""
    values = {cell: value(cell) for cell in set(cells)}
    unread = filled = 0
    for cell in cells:
        found = values[cell]
        unread += found is None or (0 < found < 1 and not soft)
        filled += found is None or found == found  # noqa: PLR0124 - not NaN
    return filled > 0 and 3 * unread <= filled
