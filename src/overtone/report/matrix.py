"""A chart of shares by label and label, such as which labels come together."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from overtone.report.charts import COLOURS, Chart, chart, short

MOST_LABELS = 40


def matrix(
    shares: NDArray[np.float64], labels: tuple[str, ...], name: str, head: str, said: str
) -> Chart:
    """Return shares (C, C) as a matrix of shaded cells, at most so many labels of it."""
    few = labels[:MOST_LABELS]

    def draw(axes: Axes) -> None:
        for row in range(len(few)):
            for column in range(len(few)):
                share = shares[row, column]
                if row == column or np.isnan(share):
                    continue
                axes.add_patch(
                    Rectangle(
                        (column - 0.5, row - 0.5), 1, 1, facecolor=COLOURS[1], alpha=float(share),
                        linewidth=0,
                    )
                )  # fmt: skip
                if len(few) <= 12 and share >= 0.005:  # noqa: PLR2004 - room for two digits
                    axes.text(
                        column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=7
                    )
        axes.set(xlim=(-0.5, len(few) - 0.5), ylim=(len(few) - 0.5, -0.5), aspect="equal")
        axes.set_xticks(range(len(few)), [short(label, 14) for label in few], rotation=90)
        axes.set_yticks(range(len(few)), [short(label, 14) for label in few])
        axes.tick_params(labelsize=8)
        axes.grid(visible=False)
        axes.set_title(head)

    return chart(draw, name, said, size=(4.4, 4.4))
