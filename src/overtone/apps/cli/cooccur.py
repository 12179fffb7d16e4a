"""`overtone cooccur`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from overtone.apps.cli.options import (
    DataDir,
    DataSettings,
    JsonTo,
    ScoredSplit,
    data_settings,
    needs,
    write_json,
)
from overtone.apps.cli.own_file import OwnFile, takes_own_file
from overtone.errors import InputError


@takes_own_file
def cooccur(
    *,
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL|SCORED",
            help="The folder of a run or a bundle; or, without --dataset, what overtone score or "
            "predict wrote.",
        ),
    ],
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            metavar="NAME|FILE",
            help="As `overtone data list` shows them, or a table with labels.",
        ),
    ] = None,
    data_dir: DataDir = None,
    split: ScoredSplit = None,
    own: OwnFile,
    settings: DataSettings = None,
    most: Annotated[
        int, typer.Option("--mixed", min=0, help="Texts with mixed feelings that are listed.")
    ] = 50,
    show_texts: Annotated[
        bool,
        typer.Option(
            "--show-texts",
            help="Show the beginnings of these texts, addresses and numbers hidden; of SCORED, "
            "those in the column text or --text-column.",
        ),
    ] = False,
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
    """Say which labels come together, in the truth and as a model says, or in scored texts."""
    with needs("train", "cooccur"):
        from overtone.apps.reports import together as page
        from overtone.apps.summary.together import cooccur_scored
        from overtone.experiment import cooccur as experiment
    from overtone.apps.cli.show_cooccurrence import show_cooccurrence, write_csv

    if dataset is None:
        given = {
            "labels": own.labels, "label_column": own.label_column, "separator": own.separator,
            "split": split, "group_column": own.group_column, "set": settings,
            "soft_labels": own.soft_labels or None,
        }  # fmt: skip
        _check_scored(model, [name for name, value in given.items() if value is not None])
        found = cooccur_scored(
            model,
            most=most,
            id_column=own.id_column,
            text_column=(own.text_column or "text") if show_texts else None,
        )
    else:
        options = own.options(dataset)
        found = experiment.cooccur(
            model,
            dataset,
            split=split,
            data_dir=data_dir,
            data={**options, **data_settings(settings or ())},
            most=most,
            texts=show_texts,
        )
    if csv is not None:
        write_csv(found, csv)
    if html is not None:
        page.write(found, html)
    if json_to is None:
        show_cooccurrence(found)
    else:
        write_json(json_to, found.to_json())


def _check_scored(path: str, given: list[str]) -> None:
    """Refuse what is no scoring, and options that are about a dataset.

    Raises:
        InputError: it is a model, or there are such options.

    """
    from overtone import bundle

    try:
        bundle.locate(path)
    except InputError:
        is_model = False
    else:
        is_model = True
    if is_model:
        raise InputError(
            f"{path} is a model: name the dataset with --dataset, or, in its place, what overtone "
            "score or predict --output wrote"
        )
    if given:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise InputError(
            f"expected --dataset with {options}, found none: scored texts have no such options"
        )
