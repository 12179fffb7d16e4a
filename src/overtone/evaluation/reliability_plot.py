"""Draws reliability curves, a panel a label: what a model says against how often it is so.

No display is needed, and no global state of matplotlib's is used or left behind.
"""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overtone import atomic
from overtone.errors import InputError
from overtone.evaluation.calibration import CalibrationScores, Reliability
from overtone.evaluation.proportion import wilson

KINDS = (".png", ".svg")
MOST_PANELS = 48
MOST_COLUMNS = 6
PANEL = (2.5, 3.0)
"""Inches, wide and high."""
HEAD, FOOT, NARROWEST = 0.5, 0.7, 5.8
"""Inches: what stands above and below all panels, and the narrowest picture."""
LONGEST, CHARACTERS = 26, 9
"""Characters of a label that fit above a panel, and of the title into an inch."""

STYLE: Any = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "text.parse_math": False,  # a $ in a label is a $
    "svg.fonttype": "none",  # text stays text: it can be read aloud, and shows any script
}
LABEL, POOLED, GREY, DARK = "#0072b2", "#b34700", "#999999", "#444444"
"""Colours that the colour-blind can tell apart."""


def check(path: Path) -> None:
    """Refuse a file that is no picture of a known kind.

    Raises:
        InputError: it isn't.

    """
    if path.suffix.lower() not in KINDS:
        raise InputError(
            f"expected a file that ends in {' or '.join(KINDS)} for the plot, found {path}"
        )


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
    check(path)
    kind = path.suffix.lower().removeprefix(".")
    with mpl.rc_context(), warnings.catch_warnings(), atomic.file(path) as beside:
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        # A script that the font lacks is drawn as boxes in a PNG; an SVG leaves it to the viewer.
        warnings.filterwarnings("ignore", message="Glyph")
        _figure(scores, title).savefig(beside, format=kind, dpi=150)


def _figure(scores: CalibrationScores, title: str) -> Figure:
    """Return the whole picture."""
    names = sorted(scores.per_label, key=lambda name: -scores.per_label[name].positives)
    kept = set(names[: MOST_PANELS - 1])
    panels = [(name, one, LABEL) for name, one in scores.per_label.items() if name in kept]
    if len(panels) > 1:
        panels.insert(0, ("all labels", scores.pooled, POOLED))
    columns = min(MOST_COLUMNS, math.ceil(math.sqrt(len(panels))))
    rows = math.ceil(len(panels) / columns)
    width = max(PANEL[0] * columns, NARROWEST)
    height = PANEL[1] / PANEL[0] * width / columns * rows + HEAD + FOOT
    figure = Figure((width, height))
    free = (0, FOOT / height, 1, 1 - (FOOT + 0.05) / height)
    figure.set_layout_engine("constrained", rect=free, hspace=0.0, wspace=0.05)
    grid = figure.add_gridspec(rows, columns)
    for place, (name, one, colour) in enumerate(panels):
        parts = grid[divmod(place, columns)].subgridspec(2, 1, height_ratios=(5, 1))
        above = figure.add_subplot(parts[0])
        _panel(above, figure.add_subplot(parts[1], sharex=above), name, one, colour)
    title = _plain(title, int(CHARACTERS * width))
    figure.suptitle(title, fontsize=11, weight="bold")
    figure.text(0.5, 0.5 / height, "what the model says", fontsize=9, ha="center")
    figure.supylabel("how often it is so", fontsize=9)
    caption = _caption(scores, len(kept))
    figure.text(0.5, 0.07 / height, caption, fontsize=7, ha="center", color=DARK)
    return figure


def _panel(above: Axes, below: Axes, name: str, one: Reliability, colour: str) -> None:
    """Draw one label: its curve, and below it how many texts each point stands for."""
    said = "not annotated" if one.ece is None else f"ECE {one.ece:.3f}"
    said += f" · {one.positives:,.0f} of {one.n:,}"
    above.set_title(_plain(name, LONGEST), loc="left", weight="bold", color=colour, pad=15)
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


def _plain(text: str, longest: int) -> str:
    """Return a text on one line, without control characters, cut where it is too long."""
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= longest else text[: longest - 1] + "…"
