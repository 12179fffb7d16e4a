"""`overtone evaluate`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overtone import atomic
from overtone.apps.cli.options import DataDir, JsonTo, Model, needs

if TYPE_CHECKING:
    from overtone.experiment.evaluate import Evaluation


def evaluate(
    model: Model,
    dataset: Annotated[str, typer.Option("--dataset", help="As `overtone data list` shows them.")],
    data_dir: DataDir = None,
    split: Annotated[str, typer.Option("--split", help="train, dev or test.")] = "test",
    json_to: JsonTo = None,
) -> None:
    """Score a model on a dataset's split."""
    with needs("train", "evaluate"):
        from overtone.experiment import evaluate as experiment
    found = experiment.evaluate(model, dataset, split=split, data_dir=data_dir)
    if json_to is None:
        _show(found)
        return
    text = json.dumps(found.to_json(), indent=2, ensure_ascii=False) + "\n"
    if json_to == "-":
        sys.stdout.write(text)
    else:
        atomic.write_text(Path(json_to), text)


def _show(found: Evaluation) -> None:
    """Print the scores as two tables."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    scores = found.scores
    whole = Table(title=Text(f"{found.dataset}, {found.split}: {scores.n} texts"))
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
    labels = Table()
    labels.add_column("label")
    for name in ("precision", "recall", "F1", "average precision", "ROC AUC", "texts"):
        labels.add_column(name, justify="right")
    for name, label in scores.per_label.items():
        ranking = (label.average_precision, label.roc_auc)
        labels.add_row(
            Text(name),
            *(f"{value:.3f}" for value in (label.precision, label.recall, label.f1)),
            *("n/a" if value is None else f"{value:.3f}" for value in ranking),
            str(label.support),
        )
    console = Console()
    console.print(whole)
    console.print(labels)
    console.print(
        "jaccard scores an empty prediction on an empty truth 1, jaccard_zero scores it 0; "
        f"{found.seconds:.1f} s, {found.texts_per_second:.0f} texts/s",
        highlight=False,
    )
