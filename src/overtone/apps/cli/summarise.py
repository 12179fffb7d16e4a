"""`overtone summarise`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from overtone.apps.cli.options import JsonTo, needs, write_json


class Every(StrEnum):
    """The periods."""

    day = "day"
    week = "week"
    month = "month"


def summarise(
    scored: Annotated[
        Path, typer.Argument(metavar="SCORED", help="What overtone score wrote: folder or file.")
    ],
    output: Annotated[
        Path,
        typer.Option("--output", help="A folder for shares.csv and summary.html.", file_okay=False),
    ],
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by", metavar="COLUMN", help="Texts with the same there are a group; repeatable."
        ),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            "--time", metavar="COLUMN", help="Times: ISO 8601, or seconds since 1970; in UTC."
        ),
    ] = None,
    every: Annotated[Every, typer.Option("--every", help="The periods.")] = Every.day,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            help="The run or bundle that scored the texts: its known errors correct the shares.",
        ),
    ] = None,
    errors_from: Annotated[
        Path | None,
        typer.Option(
            "--errors-from",
            metavar="SCORED",
            help="Instead: texts scored alike that have a column of 0 and 1 for each label, too.",
        ),
    ] = None,
    json_to: JsonTo = None,
) -> None:
    """Say how common each label is among scored texts, by group and over time."""
    with needs("train", "summarise"):
        from overtone.apps.reports import summary as page  # noqa: F401 - is it installed?
        from overtone.apps.summary.summarise import summarise as sum_up
    found = sum_up(
        scored,
        output,
        by=by or (),
        time=time,
        every=every.value,
        model=model,
        errors_from=errors_from,
    )
    if json_to is not None:
        write_json(json_to, found.to_json())
        return
    from overtone.apps.cli.show_summary import show_summary

    show_summary(found, output)
