"""`overtone data`: what datasets there are and what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overtone.apps.cli import check_data
from overtone.apps.cli.options import DataDir
from overtone.apps.cli.own_file import OWN, OwnTable, takes_own_file
from overtone.errors import InputError, MissingDataError

if TYPE_CHECKING:
    from overtone.data import Split

app = typer.Typer(
    no_args_is_help=True, help="Datasets: list them, look into one, check, get or split one."
)
app.command("check")(check_data.check)

NewDataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        envvar="OVERTONE_DATA_DIR",
        help="Where the files go, each dataset in its folder. By default the user's cache.",
        file_okay=False,
    ),
]


@app.command("list")
def list_datasets(data_dir: DataDir = None) -> None:
    """List the datasets by name, and which of their splits are here."""
    from overtone import data as datasets

    for name in datasets.names():
        here = [split for split in datasets.splits(name) if datasets.is_here(name, split, data_dir)]
        missing = f"no files here; overtone data fetch {name}"
        typer.echo(f"{name:<16} {', '.join(here) or missing}")


@app.command()
@takes_own_file
def show(
    *,
    name: Annotated[
        str, typer.Argument(metavar="NAME|FILE", help="As `overtone data list` shows them.")
    ],
    data_dir: DataDir = None,
    own: OwnTable,
) -> None:
    """Show a dataset's rows, label counts, labels a row, and which labels come together."""
    from rich.console import Console

    from overtone.apps.cli import show_data

    options = own.options(name)
    found, missing = _load_all(name, data_dir, options)
    if not found:
        raise missing[0]
    console = Console()
    console.print(show_data.label_counts(next(iter(found.values())).dataset, found))
    console.print(show_data.labels_a_text(found))
    for split, loaded in found.items():
        if loaded.targets is not None:
            console.print(show_data.together(split, loaded))
            break
    for error in missing:
        typer.echo(f"warning: {error}", err=True)


@app.command()
def fetch(
    name: Annotated[
        str, typer.Argument(help="A dataset, or GloVe vectors: glove.6B, glove.twitter.27B.")
    ],
    data_dir: NewDataDir = None,
    mirror: Annotated[
        str | None,
        typer.Option("--from", metavar="URL", help="A mirror's folder, for the official address."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that differ from what is expected.")
    ] = False,
) -> None:
    """Download a dataset from its official address, and check what comes."""
    from overtone.apps.cli.show_download import show_downloads
    from overtone.data import fetch as fetching

    _, sources = fetching.sources(name)
    if not sources:
        typer.echo(f"{name} ships with overtone: there is nothing to fetch")
        return
    files: list[fetching.Fetched] = []
    try:
        with show_downloads() as progress:
            files += fetching.fetch(name, data_dir, mirror=mirror, force=force, progress=progress)
    finally:  # what came before an error is here
        for file in files:
            done = "downloaded" if file.is_new else "kept"
            typer.echo(f"{done} {file.path} ({'verified' if file.verified else 'unverified'})")
    if not all(file.verified for file in files):
        typer.echo(
            "note: unverified files have no known SHA-256; the first download's is recorded, and "
            "compared with from then on",
            err=True,
        )
    for terms in dict.fromkeys(source.terms for source in sources if source.terms):
        typer.echo(f"note: terms of use: {terms}", err=True)


@app.command()
@takes_own_file
def split(
    *,
    file: Annotated[Path, typer.Argument(help="A table of your own.", dir_okay=False)],
    ratios: Annotated[
        str, typer.Option("--ratios", help="Of train, dev and test, or of train and dev.")
    ] = "0.8,0.1,0.1",
    output_dir: Annotated[
        Path | None,
        typer.Option("--output-dir", help="By default beside the file.", file_okay=False),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which rows go where.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    own: OwnTable,
    group_column: Annotated[
        str | None,
        typer.Option(
            "--group-column",
            help="Rows that have the same there stay together.",
            rich_help_panel=OWN,
        ),
    ] = None,
) -> None:
    """Divide a table into FILE-train, FILE-dev and FILE-test, stratified over its labels."""
    from rich.console import Console

    from overtone.apps.cli import show_data
    from overtone.data.divide import divide

    options = own.options(str(file), group_column=group_column)
    try:
        shares = [float(share) for share in ratios.split(",")]
    except ValueError as error:
        raise InputError(
            f"--ratios takes numbers with commas between, such as 0.8,0.1,0.1, found {ratios!r}"
        ) from error
    parts = divide(file, shares, output_dir, seed=seed, options=options, force=force)
    Console().print(
        show_data.label_counts(file.name, {part.split.name: part.split for part in parts})
    )
    for part in parts:
        typer.echo(f"wrote {part.path} ({part.rows:,} rows)")


def _load_all(
    name: str, data_dir: Path | None, options: dict[str, object]
) -> tuple[dict[str, Split], list[MissingDataError]]:
    """Return the splits that are here, and why the others aren't; of a file, the whole of it."""
    from overtone import data as datasets

    found: dict[str, Split] = {}
    missing: list[MissingDataError] = []
    is_file = datasets.named(name)["name"] == datasets.OWN_FILES
    for split in ("all",) if is_file else datasets.splits(name):
        try:
            found[split] = datasets.load(name, split, data_dir, options)
        except MissingDataError as error:
            missing.append(error)
    return found, missing
