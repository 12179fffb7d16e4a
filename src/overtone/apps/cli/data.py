"""`overtone data`: what datasets there are and what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overtone.apps.cli.options import DataDir
from overtone.errors import DataError, MissingDataError

if TYPE_CHECKING:
    from overtone.data import Split

app = typer.Typer(no_args_is_help=True, help="Datasets: list them, look into one.")


@app.command("list")
def list_datasets(data_dir: DataDir = None) -> None:
    """List the datasets by name, and which of their splits are here."""
    from overtone import data as datasets

    for name in datasets.names():
        here = []
        for split in datasets.splits(name):
            try:
                here.append(f"{split} {len(datasets.load(name, split, data_dir)):,}")
            except MissingDataError:
                continue
            except DataError as error:
                here.append(f"{split} damaged")
                typer.echo(f"warning: {error}", err=True)
        typer.echo(f"{name:<16} {', '.join(here) or 'no files here'}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="As `overtone data list` shows them.")],
    data_dir: DataDir = None,
) -> None:
    """Show a dataset's rows, label counts, labels a row, and which labels come together."""
    from rich.console import Console

    from overtone.apps.cli import show_data

    found, missing = _load_all(name, data_dir)
    if not found:
        raise missing[0]
    console = Console()
    console.print(show_data.label_counts(name, found))
    console.print(show_data.labels_a_text(found))
    for split, loaded in found.items():
        if loaded.targets is not None:
            console.print(show_data.together(split, loaded))
            break
    for error in missing:
        typer.echo(f"warning: {error}", err=True)


def _load_all(name: str, data_dir: Path | None) -> tuple[dict[str, Split], list[MissingDataError]]:
    """Return the splits that are here, and why the others aren't."""
    from overtone import data as datasets

    found: dict[str, Split] = {}
    missing: list[MissingDataError] = []
    for split in datasets.splits(name):
        try:
            found[split] = datasets.load(name, split, data_dir)
        except MissingDataError as error:
            missing.append(error)
    return found, missing
