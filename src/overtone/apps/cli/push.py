"""`overtone push`."""

from __future__ import annotations

from typing import Annotated

import typer

from overtone.apps.cli.options import Model


def push(
    model: Model,
    repository: Annotated[str, typer.Argument(metavar="USER/NAME", help="On the hub.")],
    private: Annotated[
        bool, typer.Option("--private", help="Nobody else may see the repository.")
    ] = False,
    revision: Annotated[
        str | None,
        typer.Option("--revision", metavar="BRANCH", help="Another branch than the main one."),
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(
            "--license",
            help="Of the weights, in the hub's words: mit, cc-by-4.0 … By default apache-2.0 where "
            "data and encoder are known to be, else unknown.",
        ),
    ] = None,
    message: Annotated[str | None, typer.Option("--message", help="What the commit says.")] = None,
    accept_terms: Annotated[
        bool,
        typer.Option(
            "--accept-terms",
            help="Push a model of SemEval-2018 data, whose terms for derived models are unclear.",
        ),
    ] = False,
) -> None:
    """Share a model on the Hugging Face hub, so that hub:USER/NAME opens it."""
    from overtone.experiment import push as experiment

    pushed = experiment.push(
        model,
        repository,
        private=private,
        revision=revision,
        licence=licence,
        message=message,
        accept_terms=accept_terms,
    )
    typer.echo(f"pushed {pushed}")
