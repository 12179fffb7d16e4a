"""`overtone compress`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from overtone.apps.cli.options import (
    DataDir,
    Model,
    Settings,
    needs,
    quieten_libraries,
    says_how_to_go_on,
)
from overtone.apps.cli.own_file import OwnTable, takes_own_file
from overtone.apps.cli.training_options import Dev, DryRun, Output, Resume, Seed, Track, needed
from overtone.errors import InputError

if TYPE_CHECKING:
    from overtone.experiment.fit import Run


@takes_own_file
def compress(
    *,
    model: Model,
    output: Output = None,
    layers: Annotated[
        int | None,
        typer.Option("--layers", min=1, help="How many layers to keep, the first ones."),
    ] = None,
    keep_layers: Annotated[
        str | None,
        typer.Option("--keep-layers", metavar="0,2,5", help="Which to keep instead; 0 is first."),
    ] = None,
    vocabulary_from: Annotated[
        list[str] | None,
        typer.Option(
            "--vocabulary-from",
            metavar="NAME|FILE",
            help="Keep only word pieces that occur there: a dataset, FILE or FILE:COLUMN; "
            "repeatable. Without it all are kept.",
        ),
    ] = None,
    min_count: Annotated[
        int | None,
        typer.Option("--min-count", min=1, help="How often a piece must occur; by default once."),
    ] = None,
    vocabulary_size: Annotated[
        int | None,
        typer.Option("--vocabulary-size", min=1, help="Keep at most so many, the most frequent."),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            metavar="NAME|FILE",
            help="What to learn from; by default what the model was trained on.",
        ),
    ] = None,
    texts: Annotated[
        list[str] | None,
        typer.Option(
            "--texts",
            metavar="NAME|FILE",
            help="Texts that only the model labels: a dataset, FILE or FILE:COLUMN; repeatable.",
        ),
    ] = None,
    teacher: Annotated[
        list[Path] | None,
        typer.Option(
            "--teacher", help="Whom to learn from in place of MODEL, a run or bundle; repeatable."
        ),
    ] = None,
    data_dir: DataDir = None,
    dev: Dev = None,
    own: OwnTable,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Most epochs.")] = None,
    settings: Settings = None,
    seed: Seed = None,
    resume: Resume = False,
    track: Track = None,
    dry_run: DryRun = False,
) -> None:
    """Train a smaller model to say what a model says: fewer layers, fewer word pieces."""
    options = own.options(dataset, dev=dev)
    given: dict[str, Any] = {
        "dataset": dataset,
        "data": options,
        "layers": layers,
        "keep_layers": _numbers(keep_layers),
        "vocabulary_from": vocabulary_from or (),
        "min_count": min_count,
        "vocabulary_size": vocabulary_size,
        "teachers": teacher or (),
        "texts": texts or (),
        "epochs": epochs,
        "seed": seed,
        "settings": settings or (),
    }
    with needs("train", "compress"):
        from overtone.experiment import compress as experiment
        from overtone.experiment import train as training
        from overtone.training.ranks import is_first_process

        quieten_libraries()
    if dry_run:
        typer.echo(training.dry_run(experiment.recipe(model, **given), data_dir))
        return
    with says_how_to_go_on():
        run = experiment.compress(
            model,
            needed(output, "compress"),
            data_dir=data_dir,
            resume=resume,
            track=track,
            **given,
        )
    if is_first_process():
        _show(run, model)


def _numbers(given: str | None) -> list[int]:
    """Return the layers that --keep-layers names."""
    try:
        return [int(word) for word in given.split(",")] if given else []
    except ValueError as error:
        raise InputError(
            f"--keep-layers takes numbers with commas between, such as 0,2,5, found {given!r}"
        ) from error


def _show(run: Run, model: str) -> None:
    """Print how small the student is, and how good both are."""
    from overtone import bundle
    from overtone.experiment.compress import size

    before = bundle.load(bundle.locate(model))
    for name, found in (("before", before), ("after", run.bundle)):
        parameters, weight = size(found)
        scores = found.manifest.metrics["dev"]
        typer.echo(
            f"{name}: {parameters / 1e6:.2f} M parameters, {weight / 1e6:.1f} MB "
            f"(about {parameters / 1e6:.1f} MB of weights in int8), dev jaccard "
            f"{scores['jaccard']:.4f}, micro F1 {scores['f1_micro']:.4f}, macro F1 "
            f"{scores['f1_macro']:.4f}"
        )
    typer.echo(f"saved {run.path / 'bundle'}; for int8: overtone export {run.path}")
