"""Other words for labels: what a label may be called besides its name, written for overtone."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from overtone.labels import Labels

FILE = Path(__file__).parent / "files" / "label-words.toml"
LANGUAGE = "en"


@cache
def words() -> dict[str, tuple[str, ...]]:
    """Return other words by label name; no word stands under two names."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: tuple(found) for name, found in table.items()}


def others(labels: Labels) -> tuple[tuple[str, ...], ...]:
    """Return the other words of each label, (C,); none for a name or language that has none.

    A word that prompts for another of the labels is left out.
    """
    if labels.language != LANGUAGE:
        return ((),) * len(labels)
    taken = {prompt.casefold() for prompt in labels.prompts}
    return tuple(
        tuple(word for word in words().get(name, ()) if word.casefold() not in taken)
        for name in labels.names
    )
