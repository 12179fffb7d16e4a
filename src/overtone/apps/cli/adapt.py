"""`overtone adapt`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from overtone.apps.cli.options import DataDir, Settings, needs, quieten_libraries, says_how_to_go_on
from overtone.apps.cli.training_options import Encoder, Resume, Seed


def adapt(
    output: Annotated[
        Path, typer.Option("--output", help="The run's folder, made here.", file_okay=False)
    ],
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset", metavar="NAME|FILE", help="Its train split is learnt from, without labels."
        ),
    ] = None,
    texts: Annotated[
        list[str] | None,
        typer.Option(
            "--texts",
            metavar="NAME|FILE",
            help="Texts besides: a dataset, FILE or FILE:COLUMN; repeatable.",
        ),
    ] = None,
    data_dir: DataDir = None,
    encoder: Encoder = None,
    config: Annotated[str | None, typer.Option("--config", help="A TOML file.")] = None,
    settings: Settings = None,
    seed: Seed = None,
    resume: Resume = False,
) -> None:
    """Adapt an encoder to texts without labels; then train with --encoder OUTPUT."""
    with needs("train", "adapt"):
        from overtone.experiment import adapt as experiment
        from overtone.training.ranks import is_first_process

        quieten_libraries()
    with says_how_to_go_on():
        run = experiment.adapt(
            dataset,
            output,
            data_dir=data_dir,
            config=config,
            encoder=encoder,
            texts=texts or (),
            seed=seed,
            settings=settings or (),
            resume=resume,
        )
    if is_first_process():
        typer.echo(
            f"saved {run.encoder}: loss on texts held out {run.loss:.4f}, perplexity "
            f"{math.exp(run.loss):.1f}; {len(run.history)} epochs in "
            f"{sum(entry['seconds'] for entry in run.history):.0f} s; go on with: overtone train "
            f"--encoder {run.path}"
        )
