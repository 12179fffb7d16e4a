"""`overtone.cooccur_scored`: which labels are said together of scored texts.

Memory grows with the different sets of labels, not with the texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import nsmallest
from pathlib import Path
from typing import NamedTuple

import numpy as np

from overtone.apps.summary.scored import ScoredFiles, open_scored
from overtone.data.quotes import quoted
from overtone.errors import InputError
from overtone.experiment.cooccur import Found
from overtone.insight.cooccurrence import CoOccurrence
from overtone.insight.mixed_feelings import MOST, Mixed, Rarest, named, rarest
from overtone.insight.pairs import Bools, Together, together
from overtone.labels import Labels

PLACE = ("source_file", "source_row")
"""The columns in which overtone score says where a row is from."""


def cooccur_scored(
    scored: str | Path,
    *,
    most: int = MOST,
    id_column: str | None = None,
    text_column: str | None = None,
) -> Found:
    """Return which labels a model says together of texts that it scored.

    Nothing is known of the truth, so what is found is about the texts and the model's errors alike.

    Args:
        scored: the folder that `overtone score` wrote, or one file as it or `overtone predict`
            writes them.
        most: texts with mixed feelings that are kept.
        id_column: what names them; without it, where they are from: the source's file and row, or
            the line.
        text_column: their texts, whose beginnings are kept then, personal data hidden.

    Raises:
        InputError: it is no such file or folder, has no rows or no such column.
        DataError: a row can't be read.

    """
    files = open_scored(scored)
    sets = _read(files, most, id_column, text_column)
    texts = sum(one.texts for one in sets.values())
    if not texts:
        raise InputError(f"expected scored texts, found none in {scored}")
    on: Bools = np.zeros((len(sets), len(files.labels)), bool)
    for row, places in enumerate(sets):
        on[row, list(places)] = True
    times = np.array([one.texts for one in sets.values()], np.int64)
    found = together(on, np.ones_like(on), Labels.of(*files.labels), times)
    said = _mixed(on, list(sets.values()), found, most)
    about = CoOccurrence(texts, None, found, (), tuple(said))
    return Found("", str(scored), "", cross_fitted=False, out_of_fold=0, cooccurrence=about)


class _Text(NamedTuple):
    """A text of a set; only what is needed to name it."""

    number: int
    name: str
    text: str | None


@dataclass
class _Set:
    """The texts of which the same labels are said."""

    texts: int = 0
    first: list[_Text] = field(default_factory=list)
    """The first of them, where there is more than one label."""


def _read(
    files: ScoredFiles, most: int, id_column: str | None, text_column: str | None
) -> dict[tuple[int, ...], _Set]:
    """Return the sets of labels that are said, by the labels' places."""
    columns = files.columns()
    names = [id_column] if id_column else [name for name in PLACE if name in columns]
    wanted = [*names, *([text_column] if text_column else [])]
    if missing := [name for name in wanted if name not in columns]:
        raise InputError(
            f"{files.files[0]}: expected the column {missing[0]!r}, found {quoted(columns)}; score "
            f"again with --keep {missing[0]}, or name another one"
        )
    found: dict[tuple[int, ...], _Set] = {}
    for number, row in enumerate(files.rows(wanted)):
        places = tuple(sorted(set(row.on)))
        one = found.setdefault(places, _Set())
        one.texts += 1
        if len(places) > 1 and len(one.first) < most:
            name = ", row ".join(row.cells[: len(names)]) or row.where.removeprefix(
                f"{files.path}, "
            )
            one.first.append(_Text(number, name, row.cells[-1] if text_column else None))
    return found


def _mixed(on: Bools, sets: list[_Set], found: Together, most: int) -> list[Mixed]:
    """Return the texts of the sets whose labels meet most rarely, in the order of the rows."""

    def texts() -> Iterator[tuple[float, _Text, Rarest]]:
        for one in rarest(on, found):
            for text in sets[one.row].first:
                yield one.lift, text, one

    chosen = nsmallest(most, texts(), key=lambda each: (each[0], each[1].number))
    return [named(one, on[one.row], text.name, found, text.text) for _, text, one in chosen]
