"""`overtone train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from overtone.apps.cli.options import (
    OWN,
    DataDir,
    DatasetOrFile,
    GroupColumn,
    IdColumn,
    LabelColumn,
    LabelColumns,
    Separator,
    Settings,
    SoftLabels,
    TextColumn,
    needs,
    own_file,
    quieten_libraries,
    says_how_to_go_on,
)
from overtone.config import plugin_names, preset_names
from overtone.errors import InputError

RECIPES = [name for name in preset_names() if not name.startswith("tune/")]


def train(
    output: Annotated[
        Path | None, typer.Option("--output", help="The run's folder, made here.", file_okay=False)
    ] = None,
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
    dev: Annotated[
        str | None,
        typer.Option(
            "--dev",
            metavar="FILE",
            help="What chooses the best epoch; without it, a part of the file.",
            rich_help_panel=OWN,
        ),
    ] = None,
    text_column: TextColumn = None,
    labels: LabelColumns = None,
    label_column: LabelColumn = None,
    separator: Separator = None,
    soft_labels: SoftLabels = False,
    group_column: GroupColumn = None,
    id_column: IdColumn = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help=f"The family: {', '.join(plugin_names('overtone.models'))}."),
    ] = None,
    init: Annotated[
        Path | None,
        typer.Option("--init", help="A run or bundle to start from; its labels may be others."),
    ] = None,
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
    encoder: Annotated[
        str | None,
        typer.Option("--encoder", help="minilm, a folder, or a name on the Hugging Face hub."),
    ] = None,
    config: Annotated[
        str | None,
        typer.Option("--config", help=f"A TOML file or a preset: {', '.join(RECIPES)}."),
    ] = None,
    settings: Settings = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Of everything random.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was stopped.")
    ] = False,
    track: Annotated[
        str | None,
        typer.Option(
            "--track",
            metavar="NAME",
            help="Send losses and scores to tensorboard, mlflow or wandb.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check config, data and model; train nothing.")
    ] = False,
) -> None:
    """Train a model on a dataset's train split and keep what is best on its dev split."""
    options = own_file(
        dataset,
        labels=labels,
        soft_labels=soft_labels,
        dev=dev,
        text_column=text_column,
        label_column=label_column,
        separator=separator,
        group_column=group_column,
        id_column=id_column,
    )
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
    if output is None:
        raise InputError("train needs --output FOLDER, where the run goes (or --dry-run)")
    with says_how_to_go_on():
        run = experiment.train(
            dataset,
            output,
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
    if half := run.metrics.get("at_half"):
        typer.echo(
            f"decided by {run.bundle.manifest.decision['name']} (cross-fitted); a threshold of 0.5 "
            f"would have jaccard {half['jaccard']:.4f}, micro F1 {half['f1_micro']:.4f}, macro F1 "
            f"{half['f1_macro']:.4f}"
        )
