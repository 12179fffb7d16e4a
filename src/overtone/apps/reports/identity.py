"""The page of an identity test: which names for people set off a label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from overtone.insight.identity import IdentityTest, Term
from overtone.report import frame
from overtone.report.charts import COLOURS, INK, Chart, chart, short
from overtone.report.frame import Table

MOST_BARS = 40
"""Terms in the chart."""
MOST_ROWS = 500
"""Terms in the table."""
POINTS = 100


def write(found: IdentityTest, model: str, path: Path) -> None:
    """Write the page.

    Args:
        found: what it shows.
        model: what the page calls the model.
        path: the file.

    """
    frame.write(
        Path(__file__).with_suffix(".html"), path,
        title="Names that set off a label",
        model=Path(model).name,
        found=found,
        largest=f"{POINTS * found.largest_gap:.0f}",
        alarms=f"{POINTS * found.false_positive_rate:.1f} %",
        hits=f"{POINTS * found.hit_rate:.1f} %",
        chart=_chart(found, found.terms[:MOST_BARS]),
        terms=_terms(found.terms[:MOST_ROWS]),
        left_out=max(0, len(found.terms) - MOST_ROWS),
    )  # fmt: skip


def _chart(found: IdentityTest, terms: Sequence[Term]) -> Chart:
    """Return how far each term's false alarms are from the mean of all terms."""

    def draw(axes: Axes) -> None:
        axes.axvline(0, color=INK, linewidth=1, alpha=0.5)
        for row, one in enumerate(terms):
            ends = [POINTS * one.low, POINTS * one.high]
            axes.plot(ends, [row, row], color=COLOURS[0], linewidth=2, alpha=0.5)
            axes.plot(POINTS * one.gap, row, "o", color=COLOURS[0], markersize=4)
        axes.set_yticks(range(len(terms)), [short(one.term, 26) for one in terms])
        axes.set(
            ylim=(len(terms) - 0.4, -0.6), xlabel="points above or below the mean of all terms"
        )
        axes.grid(visible=False, axis="y")

    rest = len(found.terms) - len(terms)
    caption = "Bars: 95 % intervals over sentences."
    if rest:
        caption += f" {rest:,} terms with fewer false alarms are left out."
    size = (4.8, max(1.8, 0.9 + 0.2 * len(terms)))
    return chart(draw, "terms", "False alarms of each term against the mean", caption, size)


def _terms(terms: Sequence[Term]) -> Table:
    heads = [("term", ""), *((name, "number") for name in (
        "false alarms", "to the mean", "mean probability", "hits"
    ))]  # fmt: skip
    rows = [
        [
            (one.term,),
            (f"{POINTS * one.false_positive_rate:.0f} %",),
            (f"{POINTS * one.gap:+.1f}", f"{POINTS * one.low:+.1f} to {POINTS * one.high:+.1f}"),
            (f"{one.probability:.3f}",),
            (f"{POINTS * one.hit_rate:.0f} %",),
        ]
        for one in terms
    ]
    return Table("False alarms and hits of each term", heads, [("", rows)])
