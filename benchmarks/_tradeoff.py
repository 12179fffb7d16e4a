"""Draws decisions by what they gain: Jaccard against macro F1."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from overtone.report import picture

JACCARD, MACRO = 0, 3
"""Where the two stand in a row."""


def write(rows: Mapping[str, list[list[float]]], path: Path, title: str, base: str) -> None:
    """Draw each decision's mean over the runs, with a bar of a standard deviation each way.

    Args:
        rows: by decision, for each run its jaccard, jaccard_zero, micro F1 and macro F1.
        path: a PNG or SVG file.
        title: what stands above.
        base: the decision whose lines are drawn through the picture.

    """
    with picture.drawn(path, (7.2, 4.6)) as figure:
        figure.set_layout_engine("constrained")
        _draw(figure, rows, title, base)


def _draw(figure: Figure, rows: Mapping[str, list[list[float]]], title: str, base: str) -> None:
    axes = figure.add_subplot()
    means = {name: 100 * np.mean(found, axis=0) for name, found in rows.items()}
    spread = {name: 100 * np.std(found, axis=0) for name, found in rows.items()}
    axes.axvline(means[base][MACRO], color=picture.GREY, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.axhline(means[base][JACCARD], color=picture.GREY, linewidth=0.8, linestyle=(0, (4, 3)))
    taken: list[float] = []
    for name, mean in sorted(means.items(), key=lambda each: -each[1][JACCARD]):
        x, y = mean[MACRO], mean[JACCARD]
        best = not any(other[MACRO] > x and other[JACCARD] > y for other in means.values())
        colour = picture.BLUE if best else picture.GREY
        axes.errorbar(
            x, y, spread[name][JACCARD], spread[name][MACRO], "o", color=colour, markersize=4,
            elinewidth=0.8, alpha=0.9 if best else 0.6,
        )  # fmt: skip
        # Names go to the right of all points, each in a place of its own.
        place = min([y, *(other - 0.24 for other in taken)])
        taken.append(place)
        right = max(other[MACRO] for other in means.values()) + 0.6
        axes.annotate(
            name, (x, y), (right, place), va="center", color=colour if best else picture.DARK,
            arrowprops={
                "arrowstyle": "-", "color": colour, "linewidth": 0.4, "alpha": 0.6,
                "relpos": (0, 0.5),
            },
        )  # fmt: skip
    axes.margins(0.05)
    axes.set_xlabel("macro F1, points")
    axes.set_ylabel("jaccard, points")
    axes.set_title(title, loc="left", weight="bold")
    figure.supxlabel(
        "Blue: no other decision is better in both. Bars: a standard deviation over seeds each "
        "way. Cross-fitted.",
        fontsize=7, color=picture.DARK,
    )  # fmt: skip
