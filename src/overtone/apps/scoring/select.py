"""From a row of an input to what is scored and kept of it, or the reason why it is rejected."""

from __future__ import annotations

from dataclasses import dataclass

from overtone.apps.scoring.asked import ALL, Asked
from overtone.data.records import Cells, Record
from overtone.data.tables import as_text

MORE = ("source_file", "source_row")
"""What the output says of every row, before the id."""


@dataclass(frozen=True)
class Selected:
    """What is needed of a row."""

    text: str
    others: dict[str, str]
    """The id, and what is kept."""

    @property
    def size(self) -> int:
        """Characters in memory."""
        return len(self.text) + sum(map(len, self.others.values()))


def select(record: Record, asked: Asked, own: frozenset[str]) -> Selected | str:
    """Return what is needed of a row, or why it is rejected.

    Args:
        record: the row.
        asked: which columns are.
        own: the columns that the output has of its own.

    """
    if record.cells is None:
        return record.problem
    problem = _problem(record.cells, asked)
    if problem:
        return problem
    text = str(record.cells[asked.text_column])
    names = record.cells if asked.keep == ALL else asked.keep
    others = (
        {asked.id_column: as_text(record.cells.get(asked.id_column))} if asked.id_column else {}
    )
    for name in names:
        if name not in others:
            others[name] = as_text(record.cells.get(name))
    if both := own & others.keys():
        return f"has a column {min(both)!r}, where the output puts what was found"
    return Selected(text, others)


def _problem(cells: Cells, asked: Asked) -> str:
    """Return why there is no text that can be scored, or an empty text."""
    if asked.text_column not in cells:
        return f"expected the column {asked.text_column!r}, found none"
    text = cells[asked.text_column]
    if not isinstance(text, str):
        gap = "none (null)" if text is None else "NaN" if text != text else ""  # noqa: PLR0124
        return f"expected a text, found {gap or type(text).__name__}"
    if not text.strip():
        return "expected a text, found an empty one"
    most = asked.most_characters
    if len(text) > most:
        return f"expected at most {most:,} characters in a text, found {len(text):,}"
    return ""
