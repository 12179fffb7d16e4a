"""`overtone identity`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overtone.apps.cli.options import (
    JsonTo,
    Model,
    Thresholds,
    needs,
    thresholds,
    write_json,
)

if TYPE_CHECKING:
    from overtone.insight.identity import IdentityTest

MOST = 12
"""Terms that are listed: those with most false alarms."""


def identity(
    model: Model,
    label: Annotated[
        str, typer.Option("--label", help="The one that names must not set off, such as toxic.")
    ],
    terms: Annotated[
        Path | None,
        typer.Option(
            "--terms",
            metavar="FILE",
            help="Terms of your own, one a line: English adjectives for people.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    threshold: Thresholds = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page.", dir_okay=False)
    ] = None,
    json_to: JsonTo = None,
) -> None:
    """Say which names for people set off a label in sentences that don't deserve it."""
    with needs("train", "identity"):
        if html is not None:
            from overtone.apps.reports import identity as page
        from overtone.experiment.identity import identity_test
        from overtone.inference.predictor import load
    from overtone.errors import InputError
    from overtone.insight.identity import TERMS

    words: list[str] = list(TERMS)
    if terms is not None:
        try:
            words = terms.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise InputError(f"{terms}: expected UTF-8, found something else") from error
    loaded = load(model)
    found = identity_test(
        loaded, label, terms=words, threshold=thresholds(threshold or (), loaded.labels)
    )
    if html is not None:
        page.write(found, model, html)
    if json_to is None:
        _show(found)
    else:
        write_json(json_to, found.to_json())


def _show(found: IdentityTest) -> None:
    """Print the terms with most false alarms, and the gap."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from overtone.apps.cli.printable import printable

    console = Console()
    title = f"{found.label}: {found.templates} neutral and {found.toxic_templates} toxic templates"
    table = Table(title=Text(printable(title)))
    table.add_column("term")
    for name in ("false alarms", "to the mean", "95 % interval", "probability", "hits"):
        table.add_column(name, justify="right")
    for one in found.terms[:MOST]:
        table.add_row(
            Text(printable(one.term)),
            f"{100 * one.false_positive_rate:.0f} %",
            f"{100 * one.gap:+.1f}",
            f"{100 * one.low:+.1f} to {100 * one.high:+.1f}",
            f"{one.probability:.3f}",
            f"{100 * one.hit_rate:.0f} %",
        )
    console.print(table)
    if len(found.terms) > MOST:
        console.print(
            f"and {len(found.terms) - MOST} terms with fewer; --json and --html have more"
        )
    console.print(
        f"all terms: {100 * found.false_positive_rate:.1f} % false alarms, "
        f"{100 * found.hit_rate:.1f} % hits; largest gap between two terms "
        f"{100 * found.largest_gap:.0f} points",
        highlight=False,
    )
