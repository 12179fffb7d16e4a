"""`overtone models`: those that ship with overtone, and what a model's card says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from overtone.apps.cli.options import JsonTo, Model, write_json

app = typer.Typer(no_args_is_help=True, help="Models that ship: list them, or show a card.")


@app.command("list")
def list_models(json_to: JsonTo = None) -> None:
    """List the models that ship: size, scores on dev, licence, terms."""
    from overtone import shipped

    found = [_entry(shipped.HERE / name) for name in shipped.names()]
    if json_to is not None:
        write_json(json_to, found)
        return
    from overtone.apps.cli.show_models import show_models

    show_models(found)


@app.command()
def show(model: Model) -> None:
    """Print a model's card, Markdown: what it is for, how good it is, limits, terms."""
    from overtone import bundle
    from overtone.apps.cli.printable import printable

    for line in bundle.load(bundle.locate(model)).card().splitlines():
        typer.echo(printable(line))


def _entry(folder: Path) -> dict[str, Any]:
    """Return what a list says of a model, every file of it checked."""
    from overtone import bundle

    found = bundle.load(folder)
    manifest = found.manifest
    size = sum(file.stat().st_size for file in folder.iterdir())
    return {
        "name": folder.name,
        **{key: manifest.terms[key] for key in ("title", "licence", "data", "notice")},
        "megabytes": round(size / 1e6, 1),
        "labels": list(manifest.labels.names),
        "language": manifest.labels.language,
        "experimental": manifest.terms.get("experimental", ""),
        "dataset": manifest.config["data"]["name"],
        "split": "dev",
        "texts": manifest.metrics["dev"]["n"],
        "scores": manifest.metrics["intervals"],
        "calibration": manifest.metrics["calibration"],
        "sha256": found.digest,
    }
