"""`overtone cooccur`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from overtone.apps.cli.options import (
    DataDir,
    DatasetOrFile,
    DataSettings,
    GroupColumn,
    IdColumn,
    JsonTo,
    LabelColumn,
    LabelColumns,
    Model,
    ScoredSplit,
    Separator,
    SoftLabels,
    TextColumn,
    data_settings,
    needs,
    own_file,
    write_json,
)


def cooccur(
    model: Model,
    dataset: Annotated[str, DatasetOrFile],
    data_dir: DataDir = None,
    split: ScoredSplit = None,
    text_column: TextColumn = None,
    labels: LabelColumns = None,
    label_column: LabelColumn = None,
    separator: Separator = None,
    soft_labels: SoftLabels = False,
    group_column: GroupColumn = None,
    id_column: IdColumn = None,
    settings: DataSettings = None,
    most: Annotated[
        int, typer.Option("--mixed", min=0, help="Texts with mixed feelings that are listed.")
    ] = 50,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write the pairs as CSV.", dir_okay=False),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page with plots.", dir_okay=False),
    ] = None,
    json_to: JsonTo = None,
) -> None:
    """Say which labels come together, in the truth and as a model says."""
    options = own_file(
        dataset,
        labels=labels,
        soft_labels=soft_labels,
        text_column=text_column,
        label_column=label_column,
        separator=separator,
        group_column=group_column,
        id_column=id_column,
    )
    with needs("train", "cooccur"):
        from overtone.apps.reports import together as page
        from overtone.experiment import cooccur as experiment
    from overtone.apps.cli.show_cooccurrence import show_cooccurrence, write_csv

    found = experiment.cooccur(
        model,
        dataset,
        split=split,
        data_dir=data_dir,
        data={**options, **data_settings(settings or ())},
        most=most,
    )
    if csv is not None:
        write_csv(found, csv)
    if html is not None:
        page.write(found, html)
    if json_to is None:
        show_cooccurrence(found)
    else:
        write_json(json_to, found.to_json())
