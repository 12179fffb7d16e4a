"""The card of a model that ships, by a template (ship.md): what it is, how good, on whose terms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from overtone.bundle import Manifest

FOLDER = Path(__file__).parent
TEMPLATE = "ship.md"
"""Where a recipe names none."""
SCORES = {
    "jaccard": "jaccard",
    "jaccard_zero": "jaccard_zero",
    "f1_micro": "micro F1",
    "f1_macro": "macro F1",
    "exact_match": "exact match",
}


def write(name: str, manifest: Manifest, recipe: dict[str, Any], parity: dict[str, Any]) -> str:
    """Return the card, Markdown.

    Args:
        name: the model's.
        manifest: of the bundle that ships.
        recipe: its table in ship.toml.
        parity: what the export found.

    """
    # Markdown, not HTML: nothing is to be escaped.
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    template = environment.from_string(
        (FOLDER / recipe.get("card", TEMPLATE)).read_text(encoding="utf-8")
    )
    return template.render(
        name=name,
        manifest=manifest,
        recipe=recipe,
        parity=parity,
        found=manifest.metrics,
        scores=SCORES,
    )
