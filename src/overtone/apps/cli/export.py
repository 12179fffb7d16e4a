"""`overtone export`."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from overtone.apps.cli.options import (
    DataDir,
    DataSettings,
    JsonTo,
    Model,
    data_settings,
    needs,
    write_json,
)
from overtone.apps.cli.own_file import OwnTable, takes_own_file
from overtone.errors import InputError

if TYPE_CHECKING:
    from overtone.experiment.export import Exported

TEXTS = 2000
"""Most texts of --input that are read."""


@takes_own_file
def export(
    *,
    model: Model,
    output: Annotated[Path, typer.Option("--output", help="The export's folder.", file_okay=False)],
    format: Annotated[  # noqa: A002 - the option's name
        Literal["onnx", "openvino", "transformers"],
        typer.Option(
            "--format",
            help="What computes it; transformers: the encoder alone, for AutoModel.",
        ),
    ] = "onnx",
    precision: Annotated[
        Literal["fp32", "fp16", "int8"],
        typer.Option("--precision", help="int8 is a quarter of the size, and the fastest."),
    ] = "fp32",
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            metavar="NAME|FILE",
            help="What model and export are compared on; by default what it was trained on, where "
            "that is here, else the sample.",
        ),
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="dev, its default, train or test; of a file all.")
    ] = None,
    input_file: Annotated[
        Path | None,
        typer.Option(
            "--input",
            help=f"Texts without labels instead: a table, whose first {TEXTS} rows count.",
            dir_okay=False,
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            min=0,
            help="The largest change of a probability; by default 0.0001 in fp32, 0.02 in fp16, "
            "any in int8.",
        ),
    ] = None,
    jaccard_tolerance: Annotated[
        float | None,
        typer.Option(
            "--jaccard-tolerance",
            min=0,
            help="The largest change of the Jaccard score, in points; 0.3.",
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep", metavar="PRODUCT", help="A product that int8 leaves in float; repeatable."
        ),
    ] = None,
    data_dir: DataDir = None,
    own: OwnTable,
    settings: DataSettings = None,
    json_to: JsonTo = None,
) -> None:
    """Make a smaller, faster form of a model that needs no torch, if it answers as the model."""
    if format == "transformers":
        asked = (dataset, split, input_file, tolerance, jaccard_tolerance, keep, json_to)
        if precision != "fp32" or any(option is not None for option in asked):
            raise InputError(
                "--format transformers copies the encoder's weights as they are: it takes MODEL "
                "and --output"
            )
        with needs("train", "export --format transformers"):
            from overtone.experiment.export_encoder import export_encoder
        typer.echo(f"saved {export_encoder(model, output)}")
        return
    if input_file is not None and dataset is not None:
        raise InputError("give --dataset or --input, not both")
    options = (own if input_file is None else replace(own, text_column=None)).options(dataset)
    texts = None if input_file is None else _read(input_file, own.text_column)
    with needs("train,export", "export"):
        from overtone.experiment import export as experiment
    found = experiment.export(
        model,
        output,
        format=format,
        precision=precision,
        dataset=dataset,
        split=split,
        data_dir=data_dir,
        data={**options, **data_settings(settings or ())},
        texts=texts,
        tolerance=tolerance,
        jaccard_tolerance=jaccard_tolerance,
        keep=keep or (),
    )
    if json_to is not None:
        parity = found.parity.to_json()
        write_json(json_to, {"megabytes": found.megabytes, "parity": parity})
    else:
        _show(found)
    typer.echo(f"saved {found.bundle.path} ({found.megabytes} MB)", err=json_to is not None)


def _read(path: Path, text_column: str | None) -> list[str]:
    """Return the texts of the first rows of a table."""
    from overtone.apps.cli.predict import read_table

    column, rows = read_table(path, text_column)
    return [row[column] for row in islice(rows, TEXTS)]


def _show(found: Exported) -> None:
    """Print how far the export is from the model."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from overtone.apps.cli.printable import printable

    parity = found.parity
    console = Console()
    table = Table(title=Text(printable(f"{parity.texts_of}: {parity.texts} texts")))
    table.add_column("largest difference", justify="right")
    table.add_column("mean", justify="right")
    table.add_column("labels flipped", justify="right")
    table.add_column("agreement", justify="right")
    table.add_row(
        f"{parity.largest_difference:.2g}",
        f"{parity.mean_difference:.2g}",
        f"{parity.labels_flipped} ({parity.share_flipped:.2%})",
        f"{parity.agreement:.4f}",
    )
    console.print(table)
    if not parity.scores:
        return
    scores = Table()
    for name in ("score", "model", "export", "change"):
        scores.add_column(name, justify="left" if name == "score" else "right")
    for name, (before, after) in parity.scores.items():
        scores.add_row(name, f"{before:.4f}", f"{after:.4f}", f"{after - before:+.4f}")
    console.print(scores)
