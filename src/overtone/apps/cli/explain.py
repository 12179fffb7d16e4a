"""`overtone explain`: which words of a text pushed the model towards an emotion or away from it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from overtone.apps.cli import asked_labels
from overtone.apps.cli.asked_labels import AskedLabels
from overtone.apps.cli.options import JsonTo, Model, write_json


def explain(
    model: Model,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The text.")],
    labels: AskedLabels = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", help="Explain this one; repeatable. By default those that are on."),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            help="integrated_gradients, leave_one_out or attention; auto takes the most faithful "
            "one that works with the model.",
        ),
    ] = "auto",
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page.", dir_okay=False),
    ] = None,
    json_to: JsonTo = None,
) -> None:
    """Say which words pushed for and against each emotion."""
    from overtone.apps.cli.printable import printable
    from overtone.inference.predictor import load
    from overtone.insight.explain import explain as explain_text

    # Bytes of the command line that are no UTF-8 arrive as lone surrogates, which can't be printed.
    whole = text.encode("utf-8", "replace").decode()
    predictor = load(model, labels=asked_labels.names(labels))
    if predictor.asked:
        asked_labels.say_what_to_expect(
            predictor.labels,
            predictor.bundle.manifest,
            None if label else "--label explains one that isn't on",
        )
    found = explain_text(predictor, whole, labels=label, method=method)
    if not found.labels:
        likeliest, p = max(found.prediction.probabilities.items(), key=lambda pair: pair[1])
        name = printable(likeliest)
        typer.echo(
            f"note: no emotion is on; the likeliest is {name} ({p:.2f}), which "
            f"--label {shlex.quote(name)} explains",
            err=True,
        )
    if html is not None:
        from overtone.apps.reports import explanation as page

        page.write(found, model, html)
        typer.echo(f"wrote {html}", err=True)
    if json_to is not None:
        write_json(json_to, found.to_json())
    if html is None and json_to is None and found.labels:
        from overtone.apps.cli.show_explanation import show_explanation

        show_explanation(found)
