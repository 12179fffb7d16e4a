"""Charts as inline SVG whose ink is the page's: they are right on a light page and on a dark one.

A chart is small, so that its words can be read on a phone; the page sets several side by side.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

INK = "#010203"
"""Stands for the page's text colour, which takes its place."""
SIZE = (4.4, 3.1)
"""Inches."""
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#b3589a", "#b07d00", "#3d9bd1", "#7d7d7d")
"""Okabe and Ito's, some of them darker: the colour-blind can tell them apart on either page."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": INK,
    "grid.alpha": 0.15,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": False,
    "text.parse_math": False,  # a $ in a name is a $
    "svg.fonttype": "none",  # text stays text
    "figure.constrained_layout.use": True,
}


@dataclass(frozen=True)
class Chart:
    """A drawn chart."""

    svg: Markup
    caption: str


def chart(
    draw: Callable[[Axes], None],
    name: str,
    said: str,
    caption: str = "",
    size: tuple[float, float] = SIZE,
) -> Chart:
    """Draw a chart.

    Args:
        draw: draws into axes.
        name: of no other chart on the page.
        said: what those hear who don't see it.
        caption: what stands below it.
        size: inches, wide and high.

    """
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update({**STYLE, "svg.hashsalt": name})
        figure = Figure(size)
        draw(figure.add_subplot())
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return Chart(_inline(file.getvalue(), said), caption)


def log_scale(axes: Axes) -> None:
    """Give the x-axis a log scale, with plain numbers below it."""
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def short(text: str, longest: int = 30) -> str:
    """Return a name as a chart has room for it: on one line, without control characters, cut."""
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def colour(place: int) -> str:
    """Return the colour of what stands at a place in a legend."""
    return COLOURS[place % len(COLOURS)]


def marker(place: int) -> str:
    """Return the marker of what stands at a place in a legend."""
    return MARKERS[place % len(MARKERS)]


def swatches(titles: Sequence[str], places: Sequence[int]) -> list[tuple[str, str, str]]:
    """Return what a legend shows of each line: its title, its colour, its sign."""
    signs = dict(zip(MARKERS, "●■▲◆▼✚✖", strict=True))
    return [
        (title, colour(place), signs[marker(place)])
        for title, place in zip(titles, places, strict=True)
    ]


def _inline(svg: str, said: str) -> Markup:
    """Return an SVG document as an element of a page."""
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    head, rest = svg.split(">", 1)
    found = re.search(r'viewBox="[^"]*"', head)
    assert found  # noqa: S101 - matplotlib writes one
    # Matplotlib escapes what it writes; the words here are escaped now.
    opening = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        '{} role="img" aria-label="{}">'
    ).format(Markup(found[0]), escape(said))  # noqa: S704
    return opening + Markup(rest)  # noqa: S704
