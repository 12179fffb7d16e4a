"""`overtone tune`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from overtone.apps.cli.options import DataDir, DatasetOrFile, Settings, needs, quieten_libraries
from overtone.apps.cli.training_options import Encoder
from overtone.config import preset_names

SEARCHES = preset_names(["tune"])


def tune(
    config: Annotated[
        str,
        typer.Argument(
            metavar="CONFIG",
            help=f"A recipe with a section \\[search], a TOML file or {', '.join(SEARCHES)}.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", help="The search's folder; each trial's run goes there.", file_okay=False
        ),
    ],
    trials: Annotated[
        int,
        typer.Option("--trials", min=1, metavar="N", help="How many, by all workers together."),
    ],
    storage: Annotated[
        Path | None,
        typer.Option(
            "--storage",
            metavar="FILE",
            help="Where trials are noted: .log, also on a folder that machines share, or .db "
            "(SQLite), on one machine. By default tune.log in the search's folder.",
            dir_okay=False,
        ),
    ] = None,
    dataset: Annotated[str | None, DatasetOrFile] = None,
    data_dir: DataDir = None,
    encoder: Encoder = None,
    settings: Settings = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Of every trial, and of what is drawn.")
    ] = None,
) -> None:
    """Search for good values of a recipe's keys, by the score on dev.

    The same command goes on with a search that was stopped, even by kill -9; started several times
    at once, it is as many workers.
    """
    with needs("train", "tune"):
        from overtone.experiment import train  # noqa: F401 - the extra that everything needs

        quieten_libraries()
    with needs("study", "tune"):
        from overtone.study import tune as study
    from overtone.apps.cli.show_tuning import show_tuning

    with _says_how_to_go_on():
        found = study.tune(
            config,
            output,
            trials=trials,
            storage=storage,
            dataset=dataset,
            data_dir=data_dir,
            encoder=encoder,
            seed=seed,
            settings=settings or (),
        )
    show_tuning(found)


@contextmanager
def _says_how_to_go_on() -> Iterator[None]:
    """Turn a search that was asked to stop into the command that goes on, and its exit code."""
    from overtone.training.stopping import Interrupted

    try:
        yield
    except Interrupted as stopped:
        again = shlex.join(["overtone", *sys.argv[1:]])
        typer.echo(f"{stopped}; go on with the same command: {again}", err=True)
        raise typer.Exit(stopped.exit_code) from stopped
