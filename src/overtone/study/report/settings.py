"""Charts of single settings that were changed, one at a time."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from overtone.report.charts import COLOURS, Chart, chart, log_scale
from overtone.study.detail import own_value
from overtone.study.results import Results, Spread

SCORES = (("dev", "jaccard"), ("test", "jaccard"), ("test", "f1_macro"))
SIZE = (3.6, 2.7)
WIDE = 10.0
"""Values that are so many times apart get a log scale."""

Point = tuple[object, list[Spread], bool]


def charts(results: Results, dataset: str, model: str) -> list[Chart]:
    """Return a chart for each setting of a model on a dataset."""
    found = []
    for key in results.plan.sensitivity.values:
        points: list[Point] = [
            (value, [group.of(*score) for score in SCORES], False)
            for value, group in results.changed(dataset, model, key)
        ]
        own = own_value(results, dataset, model, key)
        if points and own is not None:
            points.append((own[0], [own[1].of(*score) for score in SCORES], True))
        if points:
            found.append(_chart(points, key, f"settings-{dataset}-{model}-{key}"))
    return found


def _chart(points: list[Point], key: str, name: str) -> Chart:
    numbers = all(isinstance(value, int | float) for value, _, _ in points)
    if numbers:
        points = sorted(points, key=lambda point: float(point[0]))  # type: ignore[arg-type]
    xs: list[Any] = [point[0] for point in points] if numbers else list(range(len(points)))

    def draw(axes: Axes) -> None:
        for place, (where, score) in enumerate(SCORES):
            means = [point[1][place].mean for point in points]
            axes.plot(xs, means, marker="o", markersize=4, color=COLOURS[place])
            for x, y, point in zip(xs, means, points, strict=True):
                if point[2]:
                    axes.plot(
                        x, y, marker="o", markersize=9, fillstyle="none", color=COLOURS[place],
                        linestyle="none", label=f"{where} {score}",
                    )  # fmt: skip
        if numbers and min(xs) > 0 and max(xs) / min(xs) >= WIDE:
            log_scale(axes)
            axes.minorticks_off()
        axes.set_xticks(xs, [_said(point[0]) for point in points])
        axes.set(xlabel=key)

    return chart(draw, name, f"Scores by {key}", size=SIZE)


def _said(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def legend() -> list[tuple[str, str, str]]:
    """Return what the lines are."""
    return [
        (f"{where} {score.replace('f1_macro', 'macro F1')}", COLOURS[place], "●")
        for place, (where, score) in enumerate(SCORES)
    ]
