"""Shows the models that ship in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from overtone.apps.cli.printable import printable

SCORES = {"jaccard": "jaccard", "jaccard_zero": "jaccard_zero", "f1_micro": "micro F1",
          "f1_macro": "macro F1"}  # fmt: skip
NOTE = (
    "scores on dev, of the labels that a model was trained on; where calibration and decision were "
    "fitted on these texts, too, each fifth of them is scored by a fit on the other four; below: "
    "95 % bootstrap intervals; jaccard scores an empty prediction on an empty truth 1, "
    "jaccard_zero scores it 0"
)


def show_models(found: Sequence[dict[str, Any]], console: Console | None = None) -> None:
    """Print a table of models, and what stands behind each.

    Args:
        found: as `overtone models list --json` has them.
        console: where to.

    """
    console = console or Console()
    table = Table()
    table.add_column("model", no_wrap=True, min_width=max(len(one["name"]) for one in found))
    for name in ("MB", "labels", *SCORES.values()):
        table.add_column(name, justify="right")
    for one in found:
        table.add_row(
            Text(printable(one["name"]) + ("\nEXPERIMENTAL" if one["experimental"] else "")),
            f"{one['megabytes']:.1f}",
            str(len(one["labels"])),
            *(_score(one["scores"][name]) for name in SCORES),
        )
    console.print(table)
    for one in found:
        title = f"{one['name']}: {one['title']}; {one['dataset']}, {one['texts']:,} texts of dev"
        console.print(Text(printable(title), style="bold"))
        if one["experimental"]:
            console.print(Text(printable(f"  EXPERIMENTAL: {one['experimental']}")))
        console.print(Text(printable(f"  licence of the weights: {one['licence']}")))
        console.print(Text(printable(f"  learnt from: {one['data']}")))
    console.print(NOTE, highlight=False)
    console.print("overtone models show NAME prints a model's card", highlight=False)


def _score(one: dict[str, float]) -> str:
    return f"{one['value']:.4f}\n{one['low']:.3f} to {one['high']:.3f}"
