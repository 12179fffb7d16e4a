"""`overtone compare`."""

from __future__ import annotations

from typing import Annotated

import typer

from overtone.apps.cli.options import (
    DataDir,
    DatasetOrFile,
    DataSettings,
    JsonTo,
    ScoredSplit,
    data_settings,
    needs,
    write_json,
)
from overtone.apps.cli.own_file import OwnFile, takes_own_file

RUNS = "The folder of a run, of a bundle, or of one recipe's runs under several seeds."


@takes_own_file
def compare(
    *,
    model_a: Annotated[str, typer.Argument(metavar="MODEL_A", help=RUNS)],
    model_b: Annotated[str, typer.Argument(metavar="MODEL_B", help="The same of the other one.")],
    dataset: Annotated[str, DatasetOrFile],
    data_dir: DataDir = None,
    split: ScoredSplit = None,
    own: OwnFile,
    settings: DataSettings = None,
    resamples: Annotated[
        int | None,
        typer.Option("--resamples", min=1, help="How often texts and seeds are drawn; 10,000."),
    ] = None,
    json_to: JsonTo = None,
) -> None:
    """Say which of two models is better on a dataset's split, by how much, and how sure that is."""
    options = own.options(dataset)
    with needs("train", "compare"):
        from overtone.evaluation.compare import RESAMPLES
        from overtone.experiment import compare as experiment
    from overtone.apps.cli.show_comparison import show_comparison, show_work

    with show_work() as tell:
        found = experiment.compare(
            model_a,
            model_b,
            dataset,
            split=split,
            data_dir=data_dir,
            data={**options, **data_settings(settings or ())},
            resamples=resamples or RESAMPLES,
            tell=tell,
        )
    if json_to is None:
        show_comparison(found)
    else:
        write_json(json_to, found.to_json())
