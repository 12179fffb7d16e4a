"""`overtone decide`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from overtone.apps.cli.options import DataDir, DatasetOrFile, Model, needs
from overtone.apps.cli.own_file import OwnTable, takes_own_file
from overtone.config import override, plugin_names
from overtone.errors import InputError

if TYPE_CHECKING:
    from overtone.experiment.decide import Refitted

SECTIONS = ("decision", "calibration", "data")


@takes_own_file
def decide(
    *,
    model: Model,
    dataset: Annotated[str, DatasetOrFile],
    output: Annotated[
        Path, typer.Option("--output", help="The new model's folder.", file_okay=False)
    ],
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            help=f"The decision: {', '.join(plugin_names('overtone.decision'))}. By default the "
            "model's own.",
        ),
    ] = None,
    calibration: Annotated[
        str | None,
        typer.Option(
            "--calibration",
            help=f"{', '.join(plugin_names('overtone.calibration'))}. By default the model's own.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Such as decision.aim=f1_micro; of decision, calibration or data; repeatable.",
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="What to fit on: dev, its default; of a file all."),
    ] = None,
    out_of_fold: Annotated[
        Path | None,
        typer.Option(
            "--out-of-fold",
            help="Fit on what this cross-validation of the same recipe says of the train split; "
            "--split is only scored then.",
            file_okay=False,
        ),
    ] = None,
    data_dir: DataDir = None,
    own: OwnTable,
) -> None:
    """Give a model another decision or calibration, fitted on a dataset; nothing is trained."""
    options = own.options(dataset)
    table: dict[str, Any] = override({}, settings or ())
    if other := sorted(table.keys() - set(SECTIONS)):
        raise InputError(
            f"expected --set with decision, calibration or data, found one of {other[0]}: what a "
            "model was trained with can't be changed now"
        )
    with needs("train", "decide"):
        from overtone.experiment import decide as experiment
    found = experiment.decide(
        model,
        dataset,
        output,
        decision=_asked(kind, table.get("decision")),
        calibration=_asked(calibration, table.get("calibration")),
        split=split,
        data_dir=data_dir,
        data={**options, **table.get("data", {})},
        out_of_fold=out_of_fold,
    )
    _show(found)
    typer.echo(f"saved {found.bundle.path}")


def _asked(name: str | None, options: dict[str, object] | None) -> dict[str, object] | None:
    """Return what is asked of a section; None where nothing is."""
    asked = {**({} if name is None else {"name": name}), **(options or {})}
    return asked or None


def _show(found: Refitted) -> None:
    """Print what the new decision gains and what it costs."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from overtone.apps.cli.printable import printable

    table = Table(title=Text(printable(f"{found.split}: {found.texts} texts")))
    table.add_column("decision")
    for name in ("micro F1", "macro F1", "jaccard", "jaccard_zero", "exact match"):
        table.add_column(name, justify="right")
    for way, scores in found.scores.items():
        table.add_row(way, *(f"{value:.4f}" for value in scores.values()))
    console = Console()
    console.print(table)
    for note in found.notes:
        console.print(note, highlight=False)
    console.print(
        "jaccard scores an empty prediction on an empty truth 1, jaccard_zero 0",
        highlight=False,
    )
