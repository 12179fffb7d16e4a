"""Shows the scores of parts of the texts in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.table import Table
from rich.text import Text

from overtone.apps.cli.printable import printable
from overtone.evaluation.bootstrap import Interval
from overtone.insight.slices import SMALL, Slice

POINTS = 100
NOTE = (
    f"brackets: 95 % bootstrap intervals; small: fewer than {SMALL} texts, whose macro F1 says "
    "little; to the rest: jaccard here less that of all other texts, in points, * where 0 is "
    "outside its interval (of many slices, one in twenty by chance)"
)


def slices_table(found: Sequence[Slice]) -> Table:
    """Return the table of slices."""
    table = Table()
    table.add_column("slice")
    for name in ("texts", "jaccard", "micro F1", "macro F1", "to the rest"):
        table.add_column(name, justify="right")
    for by, those in groupby(found, key=lambda one: one.by):
        table.add_section()
        for one in those:
            table.add_row(
                Text(printable(f"{by}: {one.value}")),
                f"{one.n:,}{' small' if one.small else ''}",
                *(_score(one.scores[name]) for name in ("jaccard", "f1_micro", "f1_macro")),
                _difference(one.difference, small=one.small),
            )
    return table


def _score(one: Interval) -> str:
    return f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"


def _difference(one: Interval | None, *, small: bool) -> str:
    if one is None:
        return "n/a"
    value, low, high = (f"{POINTS * each:+.1f}" for each in (one.value, one.low, one.high))
    mark = "" if small or one.low <= 0 <= one.high else " *"
    return f"{value} ({low} to {high}){mark}"
