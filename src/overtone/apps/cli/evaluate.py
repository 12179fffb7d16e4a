"""`overtone evaluate`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overtone.apps.cli import asked_labels
from overtone.apps.cli.options import (
    DataDir,
    DatasetOrFile,
    DataSettings,
    JsonTo,
    Model,
    ScoredSplit,
    Thresholds,
    data_settings,
    needs,
    thresholds,
    write_json,
)
from overtone.apps.cli.own_file import OWN, ScoredFile, takes_own_file

if TYPE_CHECKING:
    from overtone.experiment.evaluate import Evaluation


@takes_own_file
def evaluate(
    *,
    model: Model,
    dataset: Annotated[str, DatasetOrFile],
    data_dir: DataDir = None,
    split: ScoredSplit = None,
    own: ScoredFile,
    settings: DataSettings = None,
    intervals: Annotated[
        bool, typer.Option("--intervals", help="Add 95 % intervals, by drawing the texts again.")
    ] = False,
    threshold: Thresholds = None,
    calibration: Annotated[
        bool, typer.Option("--calibration", help="Add ECE, Brier score and log loss.")
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw reliability curves: .png or .svg."),
    ] = None,
    slice_by: Annotated[
        list[str] | None,
        typer.Option(
            "--slice",
            metavar="COLUMN",
            help="Score texts with the same there apart; repeatable.",
            rich_help_panel=OWN,
        ),
    ] = None,
    slices: Annotated[
        bool,
        typer.Option(
            "--slices", help="Score by length, emoji, negation, hashtags and words in capitals."
        ),
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page.", dir_okay=False)
    ] = None,
    json_to: JsonTo = None,
) -> None:
    """Score a model on a dataset's split, or on a file of your own."""
    options = replace(own, labels=None).options(dataset)
    with needs("train", "evaluate"):
        from overtone import data
        from overtone.experiment import evaluate as experiment
        from overtone.inference import any_labels
        from overtone.inference.predictor import load
        from overtone.labels import Labels
    if plot is not None:
        with needs("train", "evaluate --plot"):
            from overtone.evaluation import reliability_plot
            from overtone.report import picture
        picture.check(plot)
    if html is not None:
        with needs("train", "evaluate --html"):
            from overtone.apps.reports import scores as page
    # What is wrong with these is found before a model is loaded.
    data.splits(dataset)
    asked = own.asked()
    named = None if asked is None else Labels.of(*any_labels.words(asked))
    loaded = load(model)
    found = experiment.evaluate(
        loaded,
        dataset,
        split=split,
        data_dir=data_dir,
        data={**options, **data_settings(settings or ())},
        intervals=intervals,
        threshold=thresholds(threshold or (), named or loaded.labels),
        calibration=calibration or plot is not None,
        slice_by=slice_by or (),
        slices=slices,
        labels=asked,
    )
    if plot is not None and found.calibration is not None:
        fitted = ", cross-fitted" if found.cross_fitted else ""
        title = f"{Path(model).resolve().name} on {Path(dataset).name}, {found.split}{fitted}"
        reliability_plot.write(found.calibration, plot, title)
    if html is not None:
        page.write(found, model, html)
    if found.asked is not None:
        labels = Labels.of(*found.asked.labels)
        asked_labels.say_what_to_expect(labels, loaded.bundle.manifest, None)
    if json_to is None:
        _show(found)
        return
    write_json(json_to, found.to_json())


def _show(found: Evaluation) -> None:
    """Print the scores as two tables."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from overtone.apps.cli.printable import printable

    scores = found.scores
    whole = Table(title=Text(printable(f"{found.dataset}, {found.split}: {scores.n} texts")))
    for name in (
        "micro F1",
        "macro F1",
        "jaccard",
        "jaccard_zero",
        "exact match",
        "Hamming loss",
        "LRAP",
    ):
        whole.add_column(name, justify="right")
    values = (
        scores.f1_micro, scores.f1_macro, scores.jaccard, scores.jaccard_zero, scores.exact_match,
        scores.hamming_loss, scores.lrap,
    )  # fmt: skip
    whole.add_row(*(f"{value:.4f}" for value in values))
    if found.intervals is not None:
        whole.add_row(*(f"{one.low:.4f}\nto {one.high:.4f}" for one in found.intervals.values()))
    labels = Table()
    labels.add_column("label")
    for name in ("precision", "recall", "F1", "average precision", "ROC AUC", "texts"):
        labels.add_column(name, justify="right")
    for name, label in scores.per_label.items():
        ranking = (label.average_precision, label.roc_auc)
        labels.add_row(
            Text(printable(name)),
            *(f"{value:.3f}" for value in (label.precision, label.recall, label.f1)),
            *("n/a" if value is None else f"{value:.3f}" for value in ranking),
            str(label.support),
        )
    console = Console()
    console.print(whole)
    console.print(labels)
    if found.calibration is not None:
        from overtone.apps.cli.show_calibration import calibration_table

        console.print(calibration_table(found.calibration))
    if found.slices:
        from overtone.apps.cli.show_slices import NOTE, slices_table

        console.print(slices_table(found.slices))
        console.print(NOTE, highlight=False)
    if found.asked is not None:
        console.print(printable(found.asked.in_words()), markup=False, highlight=False)
    if found.intervals is not None:
        console.print(
            "below the scores: 95 % bootstrap intervals, for other texts of the same kind (other "
            "seeds of training are not in them)",
            highlight=False,
        )
    for note in found.notes:
        console.print(note, highlight=False)
    console.print(
        "jaccard scores an empty prediction on an empty truth 1, jaccard_zero scores it 0; "
        f"{found.seconds:.1f} s, {found.texts_per_second:.0f} texts/s",
        highlight=False,
    )
