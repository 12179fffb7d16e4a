"""`overtone crossvalidate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from overtone.apps.cli.options import (
    DataDir,
    DatasetOrFile,
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

if TYPE_CHECKING:
    from overtone.experiment.crossvalidate import CrossValidation


def crossvalidate(
    output: Annotated[
        Path, typer.Option("--output", help="The folder, made here.", file_okay=False)
    ],
    dataset: Annotated[str | None, DatasetOrFile] = None,
    folds: Annotated[int, typer.Option("--folds", min=2, help="How many.")] = 5,
    data_dir: DataDir = None,
    text_column: TextColumn = None,
    labels: LabelColumns = None,
    label_column: LabelColumn = None,
    separator: Separator = None,
    soft_labels: SoftLabels = False,
    model: Annotated[
        str | None,
        typer.Option("--model", help=f"The family: {', '.join(plugin_names('overtone.models'))}."),
    ] = None,
    init: Annotated[
        Path | None,
        typer.Option("--init", help="A run or bundle to start from; its labels may be others."),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option("--encoder", help="minilm, a folder, or a name on the Hugging Face hub."),
    ] = None,
    config: Annotated[
        str | None,
        typer.Option("--config", help=f"A TOML file or a preset: {', '.join(preset_names())}."),
    ] = None,
    settings: Settings = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Of everything random, and of the folds.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with one that was stopped.")
    ] = False,
) -> None:
    """Train a model for each fold of the train split, and score it on what it has not seen."""
    options: dict[str, Any] = own_file(
        dataset,
        labels=labels,
        soft_labels=soft_labels,
        text_column=text_column,
        label_column=label_column,
        separator=separator,
    )
    with needs("train", "crossvalidate"):
        from overtone.experiment import crossvalidate as experiment

        quieten_libraries()
    with says_how_to_go_on():
        found = experiment.crossvalidate(
            dataset,
            output,
            folds=folds,
            data_dir=data_dir,
            data=options,
            config=config,
            model=model,
            encoder=encoder,
            init=init,
            seed=seed,
            settings=settings or (),
            resume=resume,
        )
    _show(found)
    typer.echo(f"saved {found.path / experiment.PROBABILITIES}")


def _show(found: CrossValidation) -> None:
    """Print each fold's scores, and those of all texts together."""
    from rich.console import Console
    from rich.table import Table

    from overtone.experiment.deciding import main

    table = Table(title=f"{found.texts} texts, each scored by a model that has not seen it")
    table.add_column("texts")
    for name in ("micro F1", "macro F1", "jaccard", "jaccard_zero", "exact match"):
        table.add_column(name, justify="right")
    rows = [(f"fold {number}", scores) for number, scores in enumerate(found.by_fold)]
    for name, scores in (*rows, ("all", main(found.scores)), ("all, at 0.5", found.at_half)):
        table.add_row(name, *(f"{value:.4f}" for value in scores.values()))
    console = Console()
    console.print(table)
    console.print(
        "what the recipe fits (calibration, decision) is cross-fitted over all texts; jaccard "
        "scores an empty prediction on an empty truth 1, jaccard_zero 0",
        highlight=False,
    )
