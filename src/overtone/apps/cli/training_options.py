"""Options that the commands which train share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from overtone.apps.cli.own_file import OWN
from overtone.config import plugin_names, preset_names
from overtone.errors import InputError

Output = Annotated[
    Path | None, typer.Option("--output", help="The run's folder, made here.", file_okay=False)
]
Dev = Annotated[
    str | None,
    typer.Option(
        "--dev",
        metavar="FILE",
        help="What chooses the best epoch; without it, a part of the file.",
        rich_help_panel=OWN,
    ),
]
Family = Annotated[
    str | None,
    typer.Option("--model", help=f"The family: {', '.join(plugin_names('overtone.models'))}."),
]
Init = Annotated[
    Path | None,
    typer.Option("--init", help="A run or bundle to start from; its labels may be others."),
]
Encoder = Annotated[
    str | None,
    typer.Option("--encoder", help="minilm, a folder, or a name on the Hugging Face hub."),
]
Config = Annotated[
    str | None,
    typer.Option("--config", help=f"A TOML file or a preset: {', '.join(preset_names())}."),
]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Of everything random.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")]
Track = Annotated[
    str | None,
    typer.Option(
        "--track", metavar="NAME", help="Send losses and scores to tensorboard, mlflow or wandb."
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Check config, data and model; train nothing.")
]


def needed(output: Path | None, command: str) -> Path:
    """Return the folder of a run that isn't dry.

    Raises:
        InputError: there is none.

    """
    if output is None:
        raise InputError(f"{command} needs --output FOLDER, where the run goes (or --dry-run)")
    return output
