"""`overtone train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from overtone.apps.cli.options import (
    DataDir,
    DatasetOrFile,
    Settings,
    needs,
    quieten_libraries,
    says_how_to_go_on,
)
from overtone.apps.cli.own_file import OwnFile, takes_own_file
from overtone.apps.cli.training_options import (
    Config,
    Dev,
    DryRun,
    Encoder,
    Family,
    Init,
    Output,
    Resume,
    Seed,
    Track,
    needed,
)


@takes_own_file
def train(
    *,
    output: Output = None,
    dataset: Annotated[str | None, DatasetOrFile] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--also",
            metavar="NAME|FILE",
            help="Another dataset to learn at the same time, with its own labels; repeatable.",
        ),
    ] = None,
    data_dir: DataDir = None,
    dev: Dev = None,
    own: OwnFile,
    model: Family = None,
    init: Init = None,
    teacher: Annotated[
        list[Path] | None,
        typer.Option("--teacher", help="A run or bundle to learn from as well; repeatable."),
    ] = None,
    teacher_texts: Annotated[
        list[str] | None,
        typer.Option(
            "--teacher-texts",
            metavar="NAME|FILE",
            help="Texts that only the teachers label: a dataset, FILE or FILE:COLUMN; repeatable.",
        ),
    ] = None,
    encoder: Encoder = None,
    config: Config = None,
    settings: Settings = None,
    seed: Seed = None,
    resume: Resume = False,
    track: Track = None,
    dry_run: DryRun = False,
) -> None:
    """Train a model on a dataset's train split and keep what is best on its dev split."""
    options = own.options(dataset, dev=dev)
    with needs("train", "train"):
        from overtone.experiment import train as experiment
        from overtone.experiment.recipe import compose
        from overtone.training.ranks import is_first_process

        quieten_libraries()
    given: dict[str, Any] = {
        "data": options,
        "also": also or (),
        "model": model,
        "encoder": encoder,
        "init": init,
        "teachers": teacher or (),
        "teacher_texts": teacher_texts or (),
        "seed": seed,
        "settings": settings or (),
    }
    if dry_run:
        recipe = compose(config, dataset=dataset, **given)
        typer.echo(experiment.dry_run(recipe, data_dir))
        return
    with says_how_to_go_on():
        run = experiment.train(
            dataset,
            needed(output, "train"),
            data_dir=data_dir,
            config=config,
            resume=resume,
            track=track,
            **given,
        )
    if not is_first_process():
        return
    scores, cost = run.metrics["dev"], run.metrics["cost"]
    typer.echo(
        f"saved {run.path / 'bundle'}: dev jaccard {scores['jaccard']:.4f}, micro F1 "
        f"{scores['f1_micro']:.4f}, macro F1 {scores['f1_macro']:.4f}; {cost['epochs']} epochs in "
        f"{cost['seconds']:.0f} s"
    )
    if run.bundle.manifest.config["training"].get("learn_dev"):
        typer.echo(
            "dev was learnt, too: each of its texts is scored by a training that had not learnt it"
        )
    if half := run.metrics.get("at_half"):
        typer.echo(
            f"decided by {run.bundle.manifest.decision['name']} (cross-fitted); a threshold of 0.5 "
            f"would have jaccard {half['jaccard']:.4f}, micro F1 {half['f1_micro']:.4f}, macro F1 "
            f"{half['f1_macro']:.4f}"
        )
