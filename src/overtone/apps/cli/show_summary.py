"""Shows a summary in a terminal: the table of all texts, and where the rest is."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from overtone.apps.cli.printable import printable
from overtone.apps.summary.summarise import PAGE, SHARES, Summary


def show_summary(found: Summary, output: Path) -> None:
    """Print a summary."""
    console = Console()
    table = Table(title=f"{found.texts:,} texts")
    table.add_column("label")
    for name in ("share", "95 % interval", "said"):
        table.add_column(name, justify="right")
    table.add_column("")
    shares = found.shares(found.counts.whole())
    for name, one in sorted(shares.items(), key=lambda item: -item[1].value):
        table.add_row(
            Text(printable(name)),
            f"{100 * one.value:.1f} %",
            f"{100 * one.low:.1f} to {100 * one.high:.1f} %",
            f"{100 * one.said_share:.1f} %",
            "" if one.corrected else "not corrected",
        )
    console.print(table)
    if any(one.corrected for one in shares.values()):
        console.print(
            "corrected for the model's known errors, whose own uncertainty is in the intervals; "
            "said: of how many texts the model says it",
            highlight=False,
        )
    rest = [f"{len(found.counts.by_group()):,} groups"] if found.by else []
    rest += [f"{len(found.counts.by_period()):,} {found.every}s"] if found.every else []
    console.print(
        Text(
            printable(f"{' and '.join([*rest, 'all shares'])}: {output / SHARES}, {output / PAGE}")
        ),
        soft_wrap=True,
    )
