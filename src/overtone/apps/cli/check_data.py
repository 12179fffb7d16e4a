"""`overtone data check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from overtone.apps.cli.options import DataDir, JsonTo, needs, write_json
from overtone.apps.cli.own_file import OWN, IdColumn, OwnTable, takes_own_file
from overtone.errors import InputError


@takes_own_file
def check(
    *,
    file: Annotated[
        str | None, typer.Argument(metavar="[NAME|FILE]", help="The dataset, or a table.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", metavar="NAME|FILE", help="The same.")
    ] = None,
    data_dir: DataDir = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            help="Look for likely label errors: by the folder of overtone crossvalidate, or by a "
            "model that was not trained on these texts.",
        ),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option("--only", metavar="A,B", help="Kinds of findings, such as duplicates."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KIND.KEY=VALUE",
            help="Such as near_duplicates.similarity=0.9; repeatable.",
        ),
    ] = None,
    json_to: JsonTo = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page.", dir_okay=False)
    ] = None,
    show_texts: Annotated[
        bool,
        typer.Option(
            "--show-texts",
            help="Show the beginnings of texts everywhere, addresses and numbers hidden.",
        ),
    ] = False,
    dev: Annotated[
        str | None, typer.Option("--dev", metavar="FILE", help="Its dev file.", rich_help_panel=OWN)
    ] = None,
    test: Annotated[
        str | None,
        typer.Option("--test", metavar="FILE", help="Its test file.", rich_help_panel=OWN),
    ] = None,
    own: OwnTable,
    id_column: IdColumn = None,
) -> None:
    """Look for faults in a dataset's texts and labels."""
    given = [name for name in (file, dataset) if name is not None]
    if len(given) != 1:
        raise InputError(
            f"expected one dataset or file, found {len(given)}: overtone data check NAME, or "
            "--dataset NAME"
        )
    options = own.options(given[0], id_column=id_column, dev=dev, test=test)
    from overtone.apps.cli.show_findings import show_findings, show_work
    from overtone.config import override
    from overtone.experiment.check_data import check_data

    with needs("check", "data check"), show_work() as tell:
        found = check_data(
            given[0],
            data_dir=data_dir,
            data=options,
            model=model,
            only=[name.strip() for name in (only or "").split(",") if name.strip()],
            settings=override({}, settings or []),
            tell=tell,
        )
    if html:
        from overtone.apps.reports import data_check as page

        page.write(found, html, texts=show_texts)
    if json_to is not None:
        write_json(json_to, found.to_json(texts=show_texts))
    if json_to != "-":
        show_findings(found, texts=show_texts)
