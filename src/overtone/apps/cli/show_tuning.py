"""Shows a search in a terminal: its best trials, what mattered, and what its score is worth."""

from __future__ import annotations

import shlex
from collections import Counter

from rich.console import Console
from rich.table import Table
from rich.text import Text

from overtone.apps.cli.printable import printable
from overtone.study.search.found import Tuned
from overtone.study.search.trial import shown

MOST = 5
"""Trials in the table."""
NAMES = {"f1_micro": "micro F1", "f1_macro": "macro F1"}
"""How scores are called that are not called by their own names."""


def show_tuning(found: Tuned, console: Console | None = None) -> None:
    """Print what a search has found."""
    console = console or Console()
    if found.complete:
        console.print(_best(found))
    if found.importance:
        shares = (f"{name} {share:.0%}" for name, share in found.importance.items())
        _print(console, f"importance: {', '.join(shares)}")
    _print(console, _counted(found))
    if found.best is None:
        _print(console, "no trial is complete, so there is no best one")
        return
    run = found.path(found.best)
    _print(
        console,
        f"best: trial {found.best.number}, dev {_name(found)} {found.best.value:.4f}; its recipe "
        f"is {found.folder / 'best.toml'}, its model {run}",
        style="bold",
    )
    _print(
        console,
        f"it was chosen out of {len(found.complete)} by that very score, which is therefore too "
        "good: score it once on texts that had no say, such as",
    )
    command = ["overtone", "evaluate", str(run), "--dataset", found.dataset, "--split", "test"]
    _print(console, f"  {shlex.join(command)}")


def _best(found: Tuned) -> Table:
    """Return the table of the best trials, a column each: keys are long, and values short."""
    rows = found.complete[:MOST]
    table = Table(title=Text(f"The best {len(rows)} of {len(found.complete)} complete trials"))
    table.add_column("trial")
    for row in rows:
        table.add_column(str(row.number), justify="right", style="bold" if row is rows[0] else "")
    table.add_row(f"dev {_name(found)}", *(f"{row.value:.4f}" for row in rows))
    table.add_row("epochs", *(str(row.epochs or "") for row in rows))
    table.add_row(
        "seconds", *("" if row.seconds is None else _seconds(row.seconds) for row in rows)
    )
    table.add_section()
    for parameter in found.parameters:
        values = (row.values.get(parameter.name, "") for row in rows)
        table.add_row(
            Text(printable(parameter.name)), *(Text(printable(shown(each))) for each in values)
        )
    return table


def _seconds(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"  # noqa: PLR2004


def _counted(found: Tuned) -> str:
    """Return how the trials ended."""
    states = Counter(row.state for row in found.rows if row.counts)
    ended = [f"{states[state]} {state}" for state in ("complete", "pruned", "failed")]
    said = f"{found.ended} trials have ended: {', '.join(ended)}"
    if states["failed"]:
        said += f" ({found.folder / 'trials.csv'} says why)"
    if others := sum(row.state == "running" for row in found.rows):
        said += f"; other workers are at {others} more"
    return said


def _name(found: Tuned) -> str:
    return NAMES.get(found.metric, found.metric)


def _print(console: Console, text: str, style: str = "") -> None:
    console.print(Text(printable(text), style=style), soft_wrap=True)
