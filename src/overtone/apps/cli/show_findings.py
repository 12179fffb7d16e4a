"""Shows what a data check found: a table of kinds, then the first findings of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

from overtone.apps.cli.printable import printable
from overtone.insight.data_check import Finding, Found
from overtone.insight.data_check.report import Report, counts

FIRST = 3
"""Findings of a kind that are shown."""
ROWS = 4
"""Rows of a finding that are named."""
STYLES = {"problem": "red", "warning": "yellow", "note": ""}


@contextmanager
def show_work() -> Iterator[Callable[[str], None]]:
    """Give a function that shows what is looked for, on standard error, where anybody looks."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("") as status:
        yield lambda what: status.update(Text(what))


def show_findings(report: Report, *, texts: bool, console: Console | None = None) -> None:
    """Print a summary.

    Args:
        report: the finished check.
        texts: whether the texts' beginnings are printed, personal data hidden.
        console: where to.

    """
    console = console or Console()
    console.print(_summary(report))
    for kind in report.found:
        if kind.findings:
            _show_kind(report, kind, console, texts=texts)
    if any(len(kind.findings) > FIRST for kind in report.found):
        console.print("All findings with their rows: --json FILE or --html FILE", highlight=False)


def _summary(report: Report) -> Table:
    sizes = ", ".join(f"{split.name} {len(split):,}" for split in report.corpus.splits)
    table = Table(title=Text(printable(f"{report.dataset}: {sizes} rows")))
    table.add_column("kind", no_wrap=True)
    table.add_column("level")
    table.add_column("findings", justify="right")
    table.add_column("rows", justify="right")
    table.add_column("of these")
    for kind in report.found:
        if kind.missing:
            table.add_row(kind.title, "", "not checked", "", Text(kind.missing, style="dim"))
        elif not kind.findings:
            table.add_row(kind.title, "", "none", "", "")
        else:
            table.add_row(
                kind.title,
                Text(kind.level, style=STYLES[kind.level]),
                f"{len(kind.findings):,}",
                f"{kind.size:,}",
                ", ".join(f"{what} {n:,}" for what, n in counts(kind.findings).items()),
            )
    return table


def _show_kind(report: Report, kind: Found, console: Console, *, texts: bool) -> None:
    console.print()
    console.print(Text(kind.title, style="bold"), Text(kind.advice, style="dim"), sep=": ")
    for finding in kind.findings[:FIRST]:
        console.print(Text(f"  {printable(_line(report, finding))}"))
        for text in report.texts(finding, ROWS) if texts else ():
            console.print(Text(f"      {printable(text)}", style="italic"))
    if len(kind.findings) > FIRST:
        console.print(f"  and {len(kind.findings) - FIRST:,} more", highlight=False)


def _line(report: Report, finding: Finding) -> str:
    places = report.places(finding)
    rows = ", ".join(f"{place.split} {place.id}" for place in places[:ROWS])
    more = f" and {len(places) - ROWS:,} more" if len(places) > ROWS else ""
    parts = (finding.what, ", ".join(finding.labels), finding.said, f"{rows}{more}")
    return "; ".join(part for part in parts if part)
