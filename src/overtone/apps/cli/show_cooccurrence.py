"""Shows which labels come together: the surprising pairs, and texts with mixed feelings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from overtone import atomic
from overtone.apps.cli.printable import printable
from overtone.data import tables
from overtone.experiment.cooccur import Found
from overtone.insight.mixed_feelings import Mixed
from overtone.insight.pairs import Pair

MOST_PAIRS, MOST_TEXTS = 20, 10
LIFT = "lift: how many times as often two labels meet as by chance"
SAID = "as said: in what the model says of the same texts"
ONLY_SAID = "all of it is what the model says, its errors included"


def show_cooccurrence(found: Found) -> None:
    """Print the pairs that are not chance, and some texts with mixed feelings."""
    console = Console()
    about = found.cooccurrence
    pairs = about.first.surprising()
    console.print(_pairs(found, pairs[:MOST_PAIRS]))
    if len(pairs) > MOST_PAIRS:
        console.print(f"and {len(pairs) - MOST_PAIRS} more; --csv, --json and --html have all")
    console.print(f"{LIFT}; {SAID if about.truth else ONLY_SAID}", highlight=False)
    if about.truth:
        title = "mixed feelings: true labels that rarely meet"
        console.print(_texts(about.mixed[:MOST_TEXTS], title))
    else:
        title = "mixed feelings: labels are said that rarely meet"
        console.print(_texts(about.mixed_said[:MOST_TEXTS], title))
    for note in found.notes:
        console.print(note, highlight=False)


def write_csv(found: Found, path: Path) -> None:
    """Write a row for each pair each way round, in the truth and as said."""
    about = found.cooccurrence
    with atomic.file(path) as beside, tables.write(beside, ".csv") as append:
        for source, together in (("truth", about.truth), ("said", about.said)):
            if together is None:
                continue
            shares = {(one.given, one.then): one for one in together.conditionals}
            for pair in together.pairs:
                for a, b in ((pair.a, pair.b), (pair.b, pair.a)):
                    share = shares.get((a, b))
                    append(
                        {
                            "in": source,
                            "given": a,
                            "then": b,
                            "texts": str(pair.texts),
                            "with_given": str(pair.with_a if a == pair.a else pair.with_b),
                            "together": str(pair.together),
                            "expected": f"{pair.expected:.3f}",
                            "share": "" if share is None else f"{share.value:.6f}",
                            "share_low": "" if share is None else f"{share.low:.6f}",
                            "share_high": "" if share is None else f"{share.high:.6f}",
                            "lift": f"{pair.lift:.6f}",
                            "lift_low": f"{pair.low:.6f}",
                            "lift_high": f"{pair.high:.6f}",
                            "pmi_bits": f"{pair.pmi:.6f}",
                            "enough": "yes" if pair.enough else "no",
                            "surprising": "yes" if pair.surprising else "no",
                        }
                    )


def _pairs(found: Found, pairs: Iterable[Pair]) -> Table:
    about = found.cooccurrence
    where = ", ".join(filter(None, (found.dataset, found.split)))
    title = f"{where}: {about.n:,} texts, surprising pairs"
    table = Table(title=Text(printable(title)))
    table.add_column("labels")
    both = ("lift as said", "95 % interval") if about.truth else ()
    for name in ("texts", "by chance", "lift", "95 % interval", *both):
        table.add_column(name, justify="right")
    for pair in pairs:
        table.add_row(
            Text(printable(f"{pair.a}, {pair.b}")),
            f"{pair.together:,}",
            f"{pair.expected:,.0f}",
            *_lift(pair),
            *(_lift(about.said.pair(pair.a, pair.b)) if about.truth else ()),
        )
    return table


def _lift(pair: Pair) -> tuple[str, str]:
    return f"{pair.lift:.2f}", f"{pair.low:.2f} to {pair.high:.2f}"


def _texts(found: Sequence[Mixed], title: str) -> Table:
    table = Table(title=title)
    table.add_column("row")
    table.add_column("rarely meet")
    table.add_column("lift", justify="right")
    table.add_column("all labels")
    shown = any(one.text is not None for one in found)
    if shown:
        table.add_column("text")
    for one in found:
        table.add_row(
            Text(printable(one.id)),
            Text(printable(f"{one.a}, {one.b}")),
            f"{one.lift:.2f}",
            Text(printable(", ".join(one.labels))),
            *([Text(printable(one.text or ""))] if shown else ()),
        )
    return table
