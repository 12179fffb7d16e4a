"""The page of which labels come together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from overtone.experiment.cooccur import Found
from overtone.insight.cooccurrence import CoOccurrence
from overtone.insight.mixed_feelings import Mixed
from overtone.insight.pairs import LEAST, Pair, Together
from overtone.report import frame
from overtone.report.charts import COLOURS, INK, Chart, chart, log_scale, short
from overtone.report.frame import Table
from overtone.report.matrix import matrix

MOST_PAIRS = 20
"""In the chart; the table has all."""


def write(found: Found, path: Path) -> None:
    """Write the page."""
    about = found.cooccurrence
    pairs = about.first.surprising()
    where = ", ".join(filter(None, (Path(found.dataset).name, found.split)))
    sides = [("said", "as the model says", about.said)]
    if about.truth is not None:
        sides.insert(0, ("truth", "in the truth", about.truth))
    frame.write(
        Path(__file__).with_suffix(".html"),
        path,
        title="Labels together",
        said=f"{where}: {about.n:,} texts." + frame.sentences(found.notes),
        truth=about.truth is not None,
        least=LEAST,
        matrices=[
            matrix(
                _shares(together), together.labels, f"together-{name}", head,
                f"Which labels come together {head}",
            )
            for name, head, together in sides
        ],
        lifts=_lifts(about, pairs[:MOST_PAIRS]) if pairs else None,
        pairs=_pairs(about, pairs),
        mixed=_mixed(about.mixed, "Texts whose true labels rarely meet"),
        mixed_said=_mixed(about.mixed_said, "Texts of which a model says labels that rarely meet"),
    )  # fmt: skip


def _shares(together: Together) -> np.ndarray:
    """Return the share of each label's texts that carry each other one, (C, C)."""
    places = {name: place for place, name in enumerate(together.labels)}
    found = np.full((len(places), len(places)), np.nan)
    for one in together.conditionals:
        found[places[one.given], places[one.then]] = one.value
    return found


def _lifts(about: CoOccurrence, pairs: Sequence[Pair]) -> Chart:
    """Return the lift of pairs, in the truth and as said."""

    def draw(axes: Axes) -> None:
        axes.axvline(1, color=INK, linewidth=1, alpha=0.5)
        for row, pair in enumerate(pairs):
            sides = _sides(about, pair)
            places = (row - 0.15, row + 0.15) if len(sides) > 1 else (row,)
            for one, at, colour, mark in zip(sides, places, COLOURS, "os", strict=False):
                axes.plot([one.low, one.high], [at, at], color=colour, linewidth=1.5, alpha=0.5)
                axes.plot(one.lift, at, mark, color=colour, markersize=4)
        log_scale(axes)
        axes.set_yticks(range(len(pairs)), [short(f"{pair.a}, {pair.b}", 34) for pair in pairs])
        axes.set(ylim=(len(pairs) - 0.4, -0.6), xlabel="lift (log)")
        axes.grid(visible=False, axis="y")

    caption = "Bars: 95 % intervals."
    if about.truth is not None:
        caption = f"Circles: in the truth. Squares: as the model says. {caption}"
    size = (4.8, max(1.6, 0.9 + 0.26 * len(pairs)))
    return chart(draw, "lifts", "Lift of surprising pairs", caption, size)


def _sides(about: CoOccurrence, pair: Pair) -> list[Pair]:
    """Return a pair, and, where it is the truth's, what the model says of it."""
    return [pair] if about.truth is None else [pair, about.said.pair(pair.a, pair.b)]


def _pairs(about: CoOccurrence, pairs: Sequence[Pair]) -> Table:
    heads = [
        ("labels", ""), ("texts with both", "number"), ("by chance", "number"), ("lift", "number"),
        *([("lift as said", "number")] if about.truth is not None else []),
    ]  # fmt: skip
    rows = [
        [
            (f"{pair.a}, {pair.b}",),
            (f"{pair.together:,}",),
            (f"{pair.expected:,.1f}",),
            *(
                (f"{one.lift:.2f}", f"{one.low:.2f} to {one.high:.2f}")
                for one in _sides(about, pair)
            ),
        ]
        for pair in pairs
    ]
    rare = sum(not pair.enough for pair in about.first.pairs)
    notes = [f"Of {len(about.first.pairs):,} pairs, {rare:,} are too rare for anything to be said."]
    return Table("Surprising pairs", heads, [("", rows)], notes)


def _mixed(found: Sequence[Mixed], title: str) -> Table:
    shown = any(one.text is not None for one in found)
    heads = [("row", ""), ("rarely meet", ""), ("lift", "number"), ("all labels", ""),
             *([("text", "prose")] if shown else [])]  # fmt: skip
    rows = [
        [
            (one.id,),
            (f"{one.a}, {one.b}", f"in {one.together:,} text{'s' * (one.together != 1)}"),
            (f"{one.lift:.2f}",),
            (", ".join(one.labels),),
            *([(one.text or "",)] if shown else []),
        ]
        for one in found
    ]
    return Table(title, heads, [("", rows)])
