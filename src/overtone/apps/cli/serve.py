"""`overtone serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from overtone.apps.cli import asked_labels
from overtone.apps.cli.asked_labels import AskedLabels
from overtone.apps.cli.options import Model, needs
from overtone.config import override, parse
from overtone.errors import InputError

BACKEND = "auto"
"""What computes where nothing else is said."""


def serve(
    model: Model,
    host: Annotated[
        str, typer.Option("--host", help="The address to listen at; 0.0.0.0 is all.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.", min=0, max=65535)] = (
        8000
    ),
    backend: Annotated[str, typer.Option("--backend", help="What computes.")] = BACKEND,
    labels: AskedLabels = None,
    workers: Annotated[
        int, typer.Option("--workers", help="Processes, which share the cores.", min=1, max=64)
    ] = 1,
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            "--api-key-file",
            help="A file of API keys, one a line; beside those in OVERTONE_API_KEYS.",
            dir_okay=False,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A limit, such as server.texts=64 or server.deadline_seconds=5; repeatable.",
        ),
    ] = None,
) -> None:
    """Answer over HTTP: an API, and a page at /."""
    from overtone import bundle as bundles
    from overtone.apps.server.settings import Settings
    from overtone.inference.predictor import check_labels

    with needs("serve", "serve"):
        from overtone.apps.server.keys import read_keys
        from overtone.apps.server.run import Served, serve

    asked = asked_labels.names(labels)
    table = override({}, settings or ())
    if other := sorted(table.keys() - {"server"}):
        raise InputError(f"expected --set server.KEY=VALUE, found one of {other[0]}")
    if asked is not None:  # what is wrong with them is said once, and here
        bundle = bundles.load(bundles.locate(model))
        asked_labels.say_what_to_expect(
            check_labels(asked, bundle), bundle.manifest, "threshold in a request sets another"
        )
    served = Served(
        model=model,
        backend=backend,
        labels=None if asked is None else tuple(asked),
        keys=read_keys(api_key_file),
        settings=parse(Settings, table.get("server", {}), where="server"),
    )
    serve(served, host=host, port=port, workers=workers)
