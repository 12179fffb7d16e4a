"""`overtone crossvalidate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

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
    needed,
)

if TYPE_CHECKING:
    from overtone.experiment.crossvalidate import CrossValidation


@takes_own_file
def crossvalidate(
    *,
    output: Output = None,
    dataset: Annotated[str | None, DatasetOrFile] = None,
    folds: Annotated[int, typer.Option("--folds", min=2, help="How many.")] = 5,
    data_dir: DataDir = None,
    dev: Dev = None,
    own: OwnFile,
    model: Family = None,
    init: Init = None,
    encoder: Encoder = None,
    config: Config = None,
    settings: Settings = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Of everything random, and of the folds.")
    ] = None,
    resume: Resume = False,
    dry_run: DryRun = False,
) -> None:
    """Train a model for each fold of the train split, and score it on what it has not seen."""
    options = own.options(dataset, dev=dev)
    given: dict[str, Any] = {
        "dataset": dataset,
        "data": options,
        "model": model,
        "encoder": encoder,
        "init": init,
        "seed": seed,
        "settings": settings or (),
    }
    with needs("train", "crossvalidate"):
        from overtone.experiment import crossvalidate as experiment
        from overtone.experiment.recipe import compose

        quieten_libraries()
    if dry_run:
        typer.echo(experiment.dry_run(compose(config, **given), data_dir, folds))
        return
    with says_how_to_go_on():
        found = experiment.crossvalidate(
            output=needed(output, "crossvalidate"),
            folds=folds,
            data_dir=data_dir,
            config=config,
            resume=resume,
            **given,
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
