"""Pictures in files of their own, PNG or SVG, in one style.

No display is needed, and no global state of matplotlib's is used or left behind.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from overtone import atomic
from overtone.errors import InputError

KINDS = (".png", ".svg")
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
BLUE, RUST, GREY, DARK = "#0072b2", "#b34700", "#999999", "#444444"
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


@contextmanager
def drawn(path: Path, size: tuple[float, float]) -> Iterator[Figure]:
    """Give a picture to draw on; on leaving without an error it is written.

    Args:
        path: the file; its ending says which kind.
        size: inches, wide and high.

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
        figure = Figure(size)
        yield figure
        figure.savefig(beside, format=kind, dpi=150)
