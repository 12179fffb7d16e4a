"""Shows a comparison in a terminal: two tables, what they mean, and the verdict last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.table import Table
from rich.text import Text

from overtone.apps.cli.printable import printable
from overtone.evaluation.compare import Difference, LabelDifference
from overtone.experiment.compare import POINTS, Comparison, Side, Tell
from overtone.progress_bar import Bar

NAMES = {"f1_micro": "micro F1", "f1_macro": "macro F1", "exact_match": "exact match"}
"""How scores are called that are not called by their own names."""
NOTES = (
    "jaccard scores an empty prediction on an empty truth 1, jaccard_zero scores it 0",
    "A - B is in points, hundredths of a score; p: how often chance differs as much",
    "*: 0 is outside the interval; **: also at 5 % over all labels together (Holm)",
)
"""What stands below the tables."""
SURE = 0.05
"""A corrected p-value that is not above it holds for all labels together."""
LEAST = 0.001
"""P-values below it are not told apart."""


@contextmanager
def show_work() -> Iterator[Tell]:
    """Give a function that shows which model is scored, on standard error, where anybody looks."""
    what = TextColumn("scoring {task.description}", markup=False)  # it names a folder
    columns = (what, BarColumn(), MofNCompleteColumn())
    with Bar(*columns) as shown:
        task = shown.add_task("", total=None)

        def tell(done: int, models: int, name: str) -> None:
            shown.update(task, completed=done, total=models, description=printable(name))

        yield tell


def show_comparison(found: Comparison, console: Console | None = None) -> None:
    """Print a comparison."""
    console = console or Console()
    for side, what in (("A", found.a), ("B", found.b)):
        console.print(Text(f"{side}: {_described(what)}"))
    console.print(_scores(found))
    console.print(_labels(found))
    for line in (*NOTES, f"{found.scope}; {found.resamples:,} draws"):
        console.print(line, highlight=False)
    console.print(found.verdict, highlight=False, style="bold")


def _described(side: Side) -> str:
    """Return where a side's model is and which seeds it has."""
    if len(side.runs) == 1:
        return printable(side.model)
    return printable(f"{side.model}: the mean of seeds {', '.join(map(str, side.seeds))}")


def _scores(found: Comparison) -> Table:
    """Return the table of the scores."""
    table = _table(f"{found.dataset}, {found.split}: {found.n:,} texts", "score", "A", "B")
    _add_difference(table, "p")
    for name, one in found.differences.items():
        values = (f"{side.scores[name]:.4f}" for side in (found.a, found.b))
        table.add_row(NAMES.get(name, name), *values, *_points(one, 2), _p(one.p_value))
    return table


def _labels(found: Comparison) -> Table:
    """Return the table of the labels' F1."""
    table = _table("F1 of each label", "label", "texts", "A", "B")
    _add_difference(table, "p (Holm)")
    for name, one in found.per_label.items():
        table.add_row(
            Text(printable(name)),
            f"{found.support[name]:,}",
            *(f"{side.f1[name]:.3f}" for side in (found.a, found.b)),
            *_points(one, 1),
            f"{_p(one.p_holm)} {_mark(one)}",
            style="bold" if one.sign else "",
        )
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=Text(printable(title)))
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _add_difference(table: Table, p: str) -> None:
    table.add_column("A - B", justify="right")
    table.add_column("95 % interval", justify="right")
    table.add_column(p)


def _points(one: Difference, digits: int) -> tuple[str, str]:
    """Return a difference and its interval, in points."""
    value, low, high = (f"{POINTS * bound:+.{digits}f}" for bound in (one.value, one.low, one.high))
    return value, f"{low} to {high}"


def _p(value: float) -> str:
    return f"<{LEAST}" if value < LEAST else f"{value:.3f}"


def _mark(one: LabelDifference) -> str:
    """Return how sure the difference of a label is."""
    if not one.sign:
        return ""
    return "**" if one.p_holm <= SURE else "*"
