"""Shows a dataset in a terminal: label counts, labels a text, and which labels come together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text

from overtone.apps.cli.printable import printable
from overtone.data import Split, truth

MOST_IN_GRID = 12
"""More labels than this make a grid that no terminal is wide enough for."""
COMPANIONS = 3
"""Of each label, where there is no grid."""
ON = 0.5
"""Above it a text carries a label; NaN, not annotated, is not above it."""


def label_counts(name: str, found: dict[str, Split]) -> Table:
    """Return how many texts carry each label, split by split, and their share of the annotated."""
    table = Table(title=Text(printable(name)))
    table.add_column("label", no_wrap=True)
    for split in found:
        table.add_column(split, justify="right")
    table.add_row("texts", *(f"{len(loaded):,}" for loaded in found.values()), end_section=True)
    names = next(iter(found.values())).labels.names
    for column, label in enumerate(names):
        cells = []
        for loaded in found.values():
            if loaded.targets is None:
                cells.append("?")
            else:
                count = int((loaded.targets[:, column] > ON).sum())
                annotated = int((~np.isnan(loaded.targets[:, column])).sum())
                cells.append(f"{count:,} ({count / max(annotated, 1):.0%})")
        table.add_row(Text(printable(label)), *cells)
    return table


def labels_a_text(found: dict[str, Split]) -> Table:
    """Return how many texts carry how many labels."""
    counts = {
        split: np.bincount((loaded.targets > ON).sum(axis=1))
        for split, loaded in found.items()
        if loaded.targets is not None
    }
    table = Table(title="labels a text")
    table.add_column("labels")
    for split in counts:
        table.add_column(split, justify="right")
    for number in range(max(map(len, counts.values()), default=0)):
        cells = [f"{c[number]:,}" if number < len(c) else "0" for c in counts.values()]
        table.add_row(str(number), *cells)
    return table


def together(split: str, loaded: Split) -> Table:
    """Return how often each label comes with each other one, of the texts that carry the first.

    Where labels are many, only with those that it comes with most.
    """
    on = truth(loaded) > ON
    pairs = on.T.astype(int) @ on  # (C, C)
    if len(pairs) > MOST_IN_GRID:
        return _companions(split, loaded.labels.names, pairs)
    table = Table(title=f"{split}: of the texts with the label on the left, % that carry the other")
    table.add_column("", no_wrap=True)
    for name in loaded.labels.names:
        table.add_column(Text(printable(name[:3])), justify="right", no_wrap=True)
    for row, name in enumerate(loaded.labels.names):
        total = max(int(pairs[row, row]), 1)
        table.add_row(
            Text(printable(name)),
            *("" if row == c else f"{100 * pairs[row, c] / total:.0f}" for c in range(len(pairs))),
        )
    return table


def _companions(split: str, names: tuple[str, ...], pairs: NDArray[np.int64]) -> Table:
    """Return which labels come with each one most often, given how often pairs come, (C, C)."""
    table = Table(title=f"{split}: of the texts with the label on the left, % that carry others")
    table.add_column("label", no_wrap=True)
    table.add_column("comes with")
    for row, name in enumerate(names):
        most = [c for c in np.argsort(-pairs[row], kind="stable") if c != row and pairs[row, c]]
        shares = [
            f"{printable(names[c])} {pairs[row, c] / pairs[row, row]:.0%}"
            for c in most[:COMPANIONS]
        ]
        table.add_row(Text(printable(name)), Text(", ".join(shares)))
    return table
