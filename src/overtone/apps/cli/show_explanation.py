"""Shows an explanation in a terminal: the text, its words coloured, and the strongest of them."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from overtone.apps.cli.printable import printable
from overtone.insight.explain import Explanation, Word

FOR, AGAINST = "green", "red"
LEAST, STRONG = 0.1, 0.5
"""Of the strongest push: from where on a word is coloured, and from where on it is bold."""
MOST_NAMED = 8
"""Words that are named a side."""


def show_explanation(explanation: Explanation, console: Console | None = None) -> None:
    """Print each label with the text and the words that pushed most.

    Colour says nothing that the lines below the text don't say, too.
    """
    console = console or Console()
    prediction = explanation.prediction
    for label in explanation.labels:
        state = "on" if label in prediction.labels else "off"
        console.print(
            Text.assemble(
                (printable(label), "bold"), f" {prediction.probabilities[label]:.2f}, {state}"
            )
        )
        most = max((abs(word.push[label]) for word in explanation.words), default=0.0) or 1.0
        console.print(_coloured(explanation, label, most), soft_wrap=not console.is_terminal)
        ordered = sorted(explanation.words, key=lambda word: -abs(word.push[label]))
        named = [word for word in ordered if abs(word.push[label]) >= LEAST * most]
        for side, style, sign in (("for", FOR, 1), ("against", AGAINST, -1)):
            those = [word for word in named if word.push[label] * sign > 0][:MOST_NAMED]
            if those:
                line = Text(f"  {side:<8}", style=style) + _named(those, label)
                console.print(line, soft_wrap=not console.is_terminal)
        console.print()
    console.print(Text(f"method: {explanation.method}", style="dim"))


def _coloured(explanation: Explanation, label: str, most: float) -> Text:
    # A character for a character, so that the words stay where they are.
    text = Text(f"  {printable(explanation.text)}")
    for word in explanation.words:
        push = word.push[label]
        if abs(push) >= LEAST * most:
            weight = "bold " if abs(push) >= STRONG * most else ""
            style = FOR if push > 0 else f"{AGAINST} underline"
            text.stylize(f"{weight}{style}", word.start + 2, word.end + 2)
    return text


def _named(words: list[Word], label: str) -> Text:
    return Text("  ".join(f"{printable(word.text)} {word.push[label]:+.2f}" for word in words))
