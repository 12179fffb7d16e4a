"""Draws a search: its trials in their order, and what each key had to do with their scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from overtone.report import picture
from overtone.report.charts import short
from overtone.report.picture import BLUE, DARK, GREY, RUST
from overtone.study.search.found import LEAST, Row, Tuned
from overtone.study.search.space import Parameter

NAMES = {"f1_micro": "micro F1", "f1_macro": "macro F1"}
"""How scores are called that are not called by their own names."""
COLUMNS = 3
WIDTH, PANEL, BAR, HEAD, FOOT = 8.0, 2.2, 0.26, 0.55, 0.5
"""Inches: the picture's width, a panel's and a bar's height, and what stands above and below."""
CHARACTER = 0.073
"""Inches of a name's character."""
LONGEST = 26
"""Characters of a choice that fit below a panel, over all choices."""


def write_history(found: Tuned, path: Path) -> None:
    """Draw every trial's score on dev in the order of trials, and the best one so far."""
    with picture.drawn(path, (WIDTH, 4.0)) as figure:
        figure.set_layout_engine("constrained", rect=(0, 0.1, 1, 0.9))
        axes = figure.subplots()
        _draw_history(axes, found)
        _title(figure, f"Trials: {_score(found)} on dev")
        figure.text(0.5, 0.025, _caption(found), fontsize=7, ha="center", color=DARK)


def write_importance(found: Tuned, path: Path) -> None:
    """Draw how much each key had to do with a good score, and the scores by its value."""
    names = list(found.importance) or [each.name for each in found.parameters]
    known = {each.name: each for each in found.parameters}
    columns = min(COLUMNS, len(names))
    rows = math.ceil(len(names) / columns)
    bars = BAR * len(names) + 0.25 if found.importance else 0.4
    height = HEAD + bars + PANEL * rows + FOOT
    with picture.drawn(path, (WIDTH, height)) as figure:
        # Each part has margins of its own, for names stand beside the bars.
        left = CHARACTER * max(map(len, names)) + 0.2 if found.importance else 0.2
        foot = (FOOT + PANEL * rows + 0.1) / height
        corner = (left / WIDTH, foot, (WIDTH - left - 0.2) / WIDTH, (bars - 0.1) / height)
        _draw_bars(figure.add_axes(corner), found)
        grid = figure.add_gridspec(
            rows, columns, left=0.085, right=0.98, bottom=(FOOT + 0.35) / height,
            top=(FOOT + PANEL * rows - 0.35) / height, wspace=0.14, hspace=0.5,
        )  # fmt: skip
        for place, axes in enumerate(grid.subplots(sharey=True, squeeze=False).flat):
            if place >= len(names):
                axes.set_axis_off()
                continue
            _draw_slice(axes, found, known[names[place]])
            if place % columns == 0:
                axes.set_ylabel(f"{_score(found)} on dev")
        _title(figure, f"What mattered for {_score(found)} on dev")
        caption = (
            "Importance: how far the best trials' values differ from all trials' (PED-ANOVA); with "
            "few trials mostly chance.\nBelow: each complete trial by its value; ticks at the foot "
            "are pruned trials; the best one is ringed."
        )
        figure.text(0.5, 0.09 / height, caption, fontsize=7, ha="center", color=DARK)


def _draw_history(axes: Axes, found: Tuned) -> None:
    complete = [row for row in found.rows if row.state == "complete" and row.value is not None]
    pruned = [row for row in found.rows if row.state == "pruned" and row.value is not None]
    failed = [row for row in found.rows if row.state == "failed"]
    if complete:
        numbers, values = _points(complete)
        best = (np.maximum if found.maximizes else np.minimum).accumulate(values)
        last = max(row.number for row in found.rows)
        axes.step(
            [*numbers, last], [*best, best[-1]], where="post", color=RUST, linewidth=1.2,
            label="best so far",
        )  # fmt: skip
        axes.scatter(numbers, values, s=22, color=BLUE, zorder=3, label="complete")
    if pruned:
        axes.scatter(
            *_points(pruned), s=22, facecolors="white", edgecolors=GREY, zorder=2,
            label="pruned (its last epoch)",
        )  # fmt: skip
    if failed:
        axes.scatter(
            [row.number for row in failed], [0.02] * len(failed), s=24, marker="x", color=DARK,
            transform=axes.get_xaxis_transform(), clip_on=False, label="failed",
        )  # fmt: skip
    if found.best is not None and found.best.value is not None:
        axes.annotate(
            f"trial {found.best.number}: {found.best.value:.4f}",
            (found.best.number, found.best.value), (0, 7 if found.maximizes else -13),
            textcoords="offset points", ha="center", color=RUST, weight="bold",
        )  # fmt: skip
    axes.margins(y=0.12)
    axes.set(xlabel="trial", ylabel=f"{_score(found)} on dev")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if axes.has_data():
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _draw_bars(axes: Axes, found: Tuned) -> None:
    """Draw importance, or say why there is none to draw."""
    if not found.importance:
        axes.set_axis_off()
        axes.text(
            0.5, 0.5,
            f"Importance needs {LEAST} trials with a score, half of them complete; there are "
            f"{len(_scored(found))}, of which {len(found.complete)} complete.",
            ha="center", va="center", color=DARK, transform=axes.transAxes,
        )  # fmt: skip
        return
    names = list(found.importance)[::-1]
    shares = [found.importance[name] for name in names]
    axes.barh(names, shares, color=BLUE, height=0.6)
    for place, share in enumerate(shares):
        axes.annotate(
            f"{share:.0%}", (share, place), (4, 0), textcoords="offset points", va="center"
        )
    axes.set(xlim=(0, 1.1 * max(shares)))
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(left=False, labelcolor="black")


def _draw_slice(axes: Axes, found: Tuned, parameter: Parameter) -> None:
    """Draw complete trials' scores by the value that they had for one key."""
    name = parameter.name
    axes.set_title(name, loc="left", weight="bold", fontsize=8, color=BLUE)
    complete = [row for row in found.complete if name in row.values]
    pruned = [row for row in found.rows if row.state == "pruned" and name in row.values]
    if parameter.choices:
        places = [str(each) for each in parameter.choices]
        at = {each: place for place, each in enumerate(places)}
        axes.set_xlim(-0.5, len(places) - 0.5)
        most = max(3, LONGEST // len(places))
        axes.set_xticks(range(len(places)), [short(each, most) for each in places])
        # Beside each other, for many trials share a value.
        where = [at[str(row.values[name])] + 0.04 * (row.number % 7 - 3) for row in complete]
        foot = [at[str(row.values[name])] + 0.04 * (row.number % 7 - 3) for row in pruned]
    else:
        where = [float(row.values[name]) for row in complete]
        foot = [float(row.values[name]) for row in pruned]
        if parameter.log:
            axes.set_xscale("log")
            decades = math.log10(parameter.high / parameter.low)
            axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0) if decades <= 2 else (1.0,)))  # noqa: PLR2004
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axes.minorticks_off()
            edge = (parameter.high / parameter.low) ** 0.05
            axes.set_xlim(parameter.low / edge, parameter.high * edge)
        else:
            edge = 0.05 * (parameter.high - parameter.low)
            axes.set_xlim(parameter.low - edge, parameter.high + edge)
    values = [row.value or 0.0 for row in complete]
    if not complete:
        axes.set_yticks([])
    axes.scatter(where, values, s=14, color=BLUE, alpha=0.75, linewidths=0)
    if complete:
        axes.scatter(where[:1], values[:1], s=60, facecolors="none", edgecolors=RUST, zorder=3)
    axes.scatter(
        foot, [0.0] * len(foot), s=40, marker="|", color=GREY, transform=axes.get_xaxis_transform(),
        clip_on=False,
    )  # fmt: skip
    axes.margins(y=0.15)


def _points(rows: Sequence[Row]) -> tuple[list[int], list[float]]:
    return [row.number for row in rows], [row.value for row in rows if row.value is not None]


def _scored(found: Tuned) -> list[Row]:
    return [row for row in found.rows if row.state in {"complete", "pruned"}]


def _score(found: Tuned) -> str:
    return NAMES.get(found.metric, found.metric)


def _caption(found: Tuned) -> str:
    if found.best is None:
        return "No trial is complete yet."
    return (
        f"The best of {len(found.complete)} complete trials was chosen by this very score, which "
        "is therefore too good:\nscore it on texts that had no say before you report it."
    )


def _title(figure: Figure, text: str) -> None:
    figure.suptitle(text, fontsize=11, weight="bold")
