"""`overtone data`: what datasets there are and what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table
from rich.text import Text

from overtone import data as datasets
from overtone.apps.cli.options import DataDir
from overtone.data import Split
from overtone.errors import MissingDataError

app = typer.Typer(no_args_is_help=True, help="Datasets: list them, look into one.")


@app.command("list")
def list_datasets(data_dir: DataDir = None) -> None:
    """List the datasets by name, and which of their splits are here."""
    for name in datasets.names():
        found, _ = _load_all(name, data_dir)
        rows = ", ".join(f"{split} {len(loaded):,}" for split, loaded in found.items())
        typer.echo(f"{name:<16} {rows or 'no files here'}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="As `overtone data list` shows them.")],
    data_dir: DataDir = None,
) -> None:
    """Show a dataset's rows, label counts, labels a row, and which labels come together."""
    from rich.console import Console  # noqa: PLC0415 - only here

    found, missing = _load_all(name, data_dir)
    if not found:
        raise missing[0]
    console = Console()
    console.print(_label_counts(name, found))
    console.print(_labels_a_text(found))
    for split, loaded in found.items():
        if loaded.targets is not None:
            console.print(_together(split, loaded))
            break
    for error in missing:
        typer.echo(f"warning: {error}", err=True)


def _load_all(name: str, data_dir: Path | None) -> tuple[dict[str, Split], list[MissingDataError]]:
    """Return the splits that are here, and why the others aren't."""
    found: dict[str, Split] = {}
    missing: list[MissingDataError] = []
    for split in datasets.splits(name):
        try:
            found[split] = datasets.load(name, split, data_dir)
        except MissingDataError as error:
            missing.append(error)
    return found, missing


def _label_counts(name: str, found: dict[str, Split]) -> Table:
    """Return how many texts carry each label, split by split."""
    table = Table(title=Text(name))
    table.add_column("label")
    for split in found:
        table.add_column(split, justify="right")
    table.add_row("texts", *(f"{len(loaded):,}" for loaded in found.values()), end_section=True)
    names = next(iter(found.values())).labels.names
    for column, label in enumerate(names):
        cells = []
        for loaded in found.values():
            if loaded.targets is None:
                cells.append("–")
            else:
                count = int(np.nansum(loaded.targets[:, column]))
                cells.append(f"{count:,} ({count / len(loaded):.0%})")
        table.add_row(Text(label), *cells)
    return table


def _labels_a_text(found: dict[str, Split]) -> Table:
    """Return how many texts carry no label, one, two …"""
    counts = {
        split: np.bincount(np.nansum(loaded.targets, axis=1).astype(int))
        for split, loaded in found.items()
        if loaded.targets is not None
    }
    table = Table(title="labels a text")
    table.add_column("labels")
    for split in counts:
        table.add_column(split, justify="right")
    for number in range(max(map(len, counts.values()), default=0)):
        cells = [f"{c[number]:,}" if number < len(c) else "0" for c in counts.values()]
        table.add_row(str(number), *cells)
    return table


def _together(split: str, loaded: Split) -> Table:
    """Return how often each label comes with each other one, of the texts that carry the first."""
    on = np.nan_to_num(datasets.truth(loaded)) > 0.5  # noqa: PLR2004
    pairs = on.T.astype(int) @ on  # (C, C)
    table = Table(title=f"{split}: of the texts with the label on the left, % that carry the other")
    table.add_column("")
    for name in loaded.labels.names:
        table.add_column(Text(name[:5]), justify="right")
    for row, name in enumerate(loaded.labels.names):
        total = max(int(pairs[row, row]), 1)
        table.add_row(
            Text(name),
            *("" if row == c else f"{100 * pairs[row, c] / total:.0f}" for c in range(len(pairs))),
        )
    return table
