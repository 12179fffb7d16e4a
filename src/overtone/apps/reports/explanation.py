"""The page of an explanation: which words push for and against each emotion."""

from __future__ import annotations

import math
from pathlib import Path

from overtone.insight.explain import Explanation
from overtone.report import frame

SHOWN = 0.1
"""Of the strongest push: words that push less have no number above them."""
SHORT = 24
"""Characters of a word that fits into any line."""
DEEPEST = 45
"""Per cent of colour behind the word that pushes most; ink stays readable on it."""


def write(explanation: Explanation, model: str, path: Path) -> None:
    """Write the page.

    Args:
        explanation: what it shows.
        model: what the page calls the model.
        path: the file.

    """
    frame.write(
        Path(__file__).with_suffix(".html"), path,
        title="Why these emotions",
        model=model,
        explanation=explanation,
        cards=[(label, _parts(explanation, label)) for label in explanation.labels],
    )  # fmt: skip


def _parts(explanation: Explanation, label: str) -> list[tuple[str, str, int, str]]:
    """Return the text in parts: what each says, how it is marked, how much, and its push."""
    text, place, parts = explanation.text, 0, []
    most = max((abs(word.push[label]) for word in explanation.words), default=0.0) or 1.0
    # Two digits of the strongest push: rounded to 0.00, the others would say nothing.
    digits = min(6, max(2, 1 - math.floor(math.log10(most))))
    for word in explanation.words:
        push = word.push[label]
        if abs(push) >= SHOWN * most:
            mark = "for" if push > 0 else "against"
            # A line may end within a word that is longer than the line, and in no other.
            mark += " short" if len(word.text) <= SHORT else ""
            much = round(DEEPEST * abs(push) / most)
            parts.append((text[place : word.start], "", 0, ""))
            parts.append((word.text, mark, much, f"{push:+.{digits}f}"))
            place = word.end
    return [*parts, (text[place:], "", 0, "")]
