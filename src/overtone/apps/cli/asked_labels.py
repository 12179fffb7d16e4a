"""The option --labels of commands that ask a model for any labels, and what they say about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from overtone.errors import InputError

THRESHOLD = "--threshold sets another"

if TYPE_CHECKING:
    from overtone.bundle import Manifest
    from overtone.labels import Labels

AskedLabels = Annotated[
    str | None,
    typer.Option(
        "--labels",
        metavar="A,B,C",
        help="Ask for these labels, whether the model ever saw them or not (spanemo only; "
        "experimental).",
    ),
]


def names(given: str | None, labels_of: str | None = None) -> list[str] | None:
    """Return the labels that --labels names, None where it isn't given.

    Raises:
        InputError: --labels-of is given, too.

    """
    if given is None:
        return None
    if labels_of is not None:
        raise InputError("give --labels or --labels-of, not both")
    return given.split(",")


def say_what_to_expect(labels: Labels, manifest: Manifest, otherwise: str | None) -> None:
    """Say what a model makes of labels that it has no name for.

    Args:
        labels: those that are asked for.
        manifest: of the model.
        otherwise: what else to decide by than the model's threshold; None where the user did.

    """
    if set(labels.names).issubset(manifest.labels.names):
        return
    if not manifest.config.get("training", {}).get("random_labels"):
        typer.echo(
            "note: this model was not trained to read labels that it never saw; one that was "
            "has training.random_labels, as best/zero-shot has",
            err=True,
        )
    if otherwise is not None and not manifest.terms.get("experimental"):  # which says as much
        typer.echo(
            "note: labels that training never saw are experimental; no decision was fitted for "
            f"them, and the one threshold for all is often too high: {otherwise}",
            err=True,
        )
