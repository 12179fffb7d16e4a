"""Draws reliability curves, a panel a label: what a model says against how often it is so."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from overtone.evaluation.calibration import CalibrationScores, Reliability
from overtone.evaluation.proportion import wilson
from overtone.report import picture
from overtone.report.charts import short
from overtone.report.picture import BLUE, DARK, GREY, RUST

MOST_PANELS = 48
MOST_COLUMNS = 6
PANEL = (2.5, 3.0)
"""Inches, wide and high."""
HEAD, FOOT, NARROWEST = 0.5, 0.7, 5.8
"""Inches: what stands above and below all panels, and the narrowest picture."""
LONGEST, CHARACTERS = 26, 9
"""Characters of a label that fit above a panel, and of the title into an inch."""


def write(scores: CalibrationScores, path: Path, title: str) -> None:
    """Draw the curves into a PNG or SVG file.

    Args:
        scores: what to draw: the pooled curve first, then the labels'; of very many labels those
            with most positives.
        path: the file; its ending says which kind.
        title: what stands above all, such as the model and the texts.

    Raises:
        InputError: the file's ending is of another kind.

    """
    names = sorted(scores.per_label, key=lambda name: -scores.per_label[name].positives)
    kept = set(names[: MOST_PANELS - 1])
    panels = [(name, one, BLUE) for name, one in scores.per_label.items() if name in kept]
    if len(panels) > 1:
        panels.insert(0, ("all labels", scores.pooled, RUST))
    columns = min(MOST_COLUMNS, math.ceil(math.sqrt(len(panels))))
    rows = math.ceil(len(panels) / columns)
    width = max(PANEL[0] * columns, NARROWEST)
    height = PANEL[1] / PANEL[0] * width / columns * rows + HEAD + FOOT
    with picture.drawn(path, (width, height)) as figure:
        free = (0, FOOT / height, 1, 1 - (FOOT + 0.05) / height)
        figure.set_layout_engine("constrained", rect=free, hspace=0.0, wspace=0.05)
        grid = figure.add_gridspec(rows, columns)
        for place, (name, one, colour) in enumerate(panels):
            parts = grid[divmod(place, columns)].subgridspec(2, 1, height_ratios=(5, 1))
            above = figure.add_subplot(parts[0])
            _panel(above, figure.add_subplot(parts[1], sharex=above), name, one, colour)
        title = short(title, int(CHARACTERS * width))
        figure.suptitle(title, fontsize=11, weight="bold")
        figure.text(0.5, 0.5 / height, "what the model says", fontsize=9, ha="center")
        figure.supylabel("how often it is so", fontsize=9)
        caption = _caption(scores, len(kept))
        figure.text(0.5, 0.07 / height, caption, fontsize=7, ha="center", color=DARK)


def _panel(above: Axes, below: Axes, name: str, one: Reliability, colour: str) -> None:
    """Draw one label: its curve, and below it how many texts each point stands for."""
    said = "not annotated" if one.ece is None else f"ECE {one.ece:.3f}"
    said += f" · {one.positives:,.0f} of {one.n:,}"
    above.set_title(short(name, LONGEST), loc="left", weight="bold", color=colour, pad=15)
    above.annotate(
        said, (0, 1), (0, 4), xycoords="axes fraction", textcoords="offset points", color=DARK
    )
    above.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    above.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    above.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    above.tick_params(bottom=False, labelbottom=False)
    below.set(yscale="log")
    below.set_yticks([1, 100, 10_000], ["1", "100", "10k"])
    below.set_ylim(0.6, 2 * max(one.n, 1))
    below.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    below.minorticks_off()
    if one.curve:
        _curve(above, below, one, colour)


def _curve(above: Axes, below: Axes, one: Reliability, colour: str) -> None:
    """Draw the bins' rates with their intervals, and their counts."""
    probability = np.array([each.probability for each in one.curve])
    rate = np.array([each.rate for each in one.curve])
    count = np.array([each.count for each in one.curve])
    above.plot(probability, rate, color=colour, linewidth=0.8, alpha=0.4)
    above.vlines(probability, *wilson(rate, count), color=colour, alpha=0.3, linewidth=2)
    # A point grows with its texts, so that the eye doesn't take one text for a finding.
    above.scatter(probability, rate, s=4 + 60 * np.sqrt(count / one.n), color=colour, zorder=3)
    below.vlines(probability, 0.6, count, color=colour, alpha=0.6, linewidth=4)


def _caption(scores: CalibrationScores, drawn: int) -> str:
    """Return what one must know to read the picture."""
    bins = "equally many texts each" if scores.equal_mass else "equal width"
    left_out = len(scores.per_label) - drawn
    rest = f" {left_out} labels with fewer texts are left out." if left_out > 0 else ""
    return (
        "On the dashed line probabilities come true as often as they say; below it the model says "
        f"too much.\n{scores.bins} bins of {bins}; bars: 95 % intervals; below each curve: texts "
        f"in a bin, on a log scale.{rest}"
    )
