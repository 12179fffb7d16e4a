"""`overtone score`: files of texts, however large, to files of labels."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from overtone.apps.cli import asked_labels
from overtone.apps.cli.asked_labels import AskedLabels
from overtone.apps.cli.options import Model, Thresholds, thresholds
from overtone.apps.cli.printable import printable

RAY = "Many workers"


class Format(StrEnum):
    """Of the output."""

    csv = "csv"
    jsonl = "jsonl"
    parquet = "parquet"


class Engine(StrEnum):
    """What scores."""

    local = "local"
    ray = "ray"


def score(
    model: Model,
    inputs: Annotated[
        list[str],
        typer.Option(
            "--input",
            metavar="FILE|PATTERN",
            help="CSV, TSV, JSONL, also .gz and .zst, or Parquet; 'data/*.csv'; repeatable.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", help="The folder; what is done there stays.", file_okay=False),
    ],
    text_column: Annotated[
        str, typer.Option("--text-column", help="The column of the texts.")
    ] = "text",
    id_column: Annotated[
        str | None, typer.Option("--id-column", help="A column that names the rows.")
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option("--keep", metavar="A,B,C|all", help="Further columns for the output."),
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="Of the output.")] = Format.csv,
    threshold: Thresholds = None,
    labels_of: Annotated[
        str | None,
        typer.Option(
            "--labels-of",
            metavar="DATASET",
            help="Which labels, where the model was trained with train --also DATASET.",
        ),
    ] = None,
    labels: AskedLabels = None,
    rows_per_shard: Annotated[
        int,
        typer.Option(
            "--rows-per-shard", min=1, help="Rows a file of the output; a killed run repeats fewer."
        ),
    ] = 50_000,
    most_characters: Annotated[
        int, typer.Option("--max-characters", min=1, help="Longer texts are rejected.")
    ] = 1_000_000,
    engine: Annotated[
        Engine, typer.Option("--engine", help="This process, or Ray.", rich_help_panel=RAY)
    ] = Engine.local,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="By default one a core.", rich_help_panel=RAY),
    ] = None,
    ray_address: Annotated[
        str | None,
        typer.Option(
            "--ray-address",
            help="Of a cluster whose machines see the same files; by default one is started here.",
            rich_help_panel=RAY,
        ),
    ] = None,
) -> None:
    """Label the texts of files of any size; stopped or killed, the same command goes on."""
    from overtone import bundle as bundles
    from overtone.apps.cli.show_scoring import Shown
    from overtone.apps.scoring.job import open_model
    from overtone.apps.scoring.score import Step
    from overtone.apps.scoring.score import score as score_files
    from overtone.inference.predictor import check_labels
    from overtone.training.stopping import StopRequests

    asked = asked_labels.names(labels, labels_of)
    by_label = None
    if asked is not None:
        bundle = bundles.load(bundles.locate(model))
        found_labels = check_labels(asked, bundle)
        asked_labels.say_what_to_expect(
            found_labels, bundle.manifest, None if threshold else asked_labels.THRESHOLD
        )
        by_label = thresholds(threshold or (), found_labels)
    elif threshold:
        by_label = thresholds(threshold, open_model(model, labels_of).labels)
    # A signal is acted on between two chunks, not wherever Python happens to be, for it drops what
    # is raised in some places. Whoever waits for Ray's workers acts at once: chunks are theirs.
    stops = StopRequests()
    with (
        _says_how_to_go_on(output),
        Shown() as shown,
        stops if engine is Engine.local else nullcontext(),
    ):

        def step(found: Step) -> None:
            if stops.received is not None:
                raise SystemExit(128 + stops.received)
            shown.step(found)

        found = score_files(
            model,
            inputs,
            output,
            text_column=text_column,
            id_column=id_column,
            keep="all" if keep == "all" else _names(keep),
            format=format_.value,
            threshold=by_label,
            labels_of=labels_of,
            labels=asked,
            rows_per_shard=rows_per_shard,
            most_characters=most_characters,
            engine=engine.value,
            workers=workers,
            ray_address=ray_address,
            progress=step,
        )
    shown.end(found)


def _names(given: str | None) -> list[str]:
    """Return names with commas between."""
    return [name for part in (given or "").split(",") if (name := part.strip())]


@contextmanager
def _says_how_to_go_on(output: Path) -> Iterator[None]:
    """Say after Ctrl-C or SIGTERM that nothing is lost, and end as shells expect."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as stopped:
        code = 130 if isinstance(stopped, KeyboardInterrupt) else stopped.code
        typer.echo(
            f"stopped; the shards in {printable(str(output))} that are done stay; go on with: "
            f"overtone {printable(shlex.join(sys.argv[1:]))}",
            err=True,
        )
        raise typer.Exit(code if isinstance(code, int) else 1) from stopped
