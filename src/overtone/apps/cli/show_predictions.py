"""Shows predictions in a terminal: the labels that are on, and every probability as a bar."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from overtone.apps.cli.printable import printable
from overtone.inference.predictor import Prediction

COLOURS = (
    "red", "cyan", "green", "magenta", "yellow", "bright_red", "bright_blue", "bright_black",
    "blue", "bright_magenta", "bright_cyan",
)  # fmt: skip
"""By the label's place, so that a label has one colour throughout."""
WIDTH = 16
MOST_SHOWN = 5
"""Labels a text whose bars are shown: those that are on, filled up with the next likely."""


def show_predictions(
    texts: Sequence[str], predictions: Sequence[Prediction], console: Console | None = None
) -> None:
    """Print a table with one row a text."""
    table = Table(show_lines=True, expand=False)
    table.add_column("text", ratio=3, overflow="fold")
    table.add_column("labels")
    table.add_column("probabilities", no_wrap=True)
    for text, prediction in zip(texts, predictions, strict=True):
        names = list(prediction.probabilities)
        colour = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}
        on = Text("\n").join(
            Text(printable(name), style=f"bold {colour[name]}") for name in prediction.labels
        ) or Text("none", style="dim")
        table.add_row(Text(printable(text)), on, _bars(prediction, colour))
    (console or Console()).print(table)


def _bars(prediction: Prediction, colour: dict[str, str]) -> Text:
    likely = sorted(prediction.probabilities.items(), key=lambda pair: -pair[1])
    width = max(map(len, colour))
    lines = []
    for name, value in likely[: max(MOST_SHOWN, len(prediction.labels))]:
        line = Text()
        line.append(
            f"{printable(name):<{width}} ", style="" if name in prediction.labels else "dim"
        )
        line.append("█" * round(value * WIDTH), style=colour[name])
        line.append("░" * (WIDTH - round(value * WIDTH)), style="dim")
        line.append(f" {value:.2f}")
        lines.append(line)
    return Text("\n").join(lines)
