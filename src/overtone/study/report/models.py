"""Charts of whole models: quality against cost, and learning by epoch and by amount of data."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from overtone.report.charts import Chart, chart, colour, log_scale, marker, short
from overtone.study.results import Group, Results

SCORE = "jaccard"
TITLE = 48
"""Characters of a title."""


def pareto(results: Results, dataset: str) -> Chart | None:
    """Return test quality against the seconds of training; None where nothing is done."""
    groups = results.groups(dataset)
    if not groups:
        return None
    points = [
        (group, group.of("cost", "seconds").mean, group.of("test", SCORE)) for group in groups
    ]
    front = _front([(seconds, score.mean) for _, seconds, score in points])

    def draw(axes: Axes) -> None:
        axes.plot(*zip(*front, strict=True), color="#808080", linestyle="--", linewidth=1, zorder=1)
        for group, seconds, score in points:
            place = _place(results, group)
            axes.errorbar(
                seconds, score.mean, yerr=score.sd or 0, fmt=marker(place), color=colour(place),
                capsize=3, markersize=7,
            )  # fmt: skip
        log_scale(axes)
        axes.set(xlabel="seconds of training (log)", ylabel=f"test {SCORE}")
        axes.set_title(short(results.plan.dataset_title(dataset), TITLE))

    best = ", ".join(
        results.plan.model_title(group.model)
        for group, seconds, score in points
        if (seconds, score.mean) in front
    )
    return chart(
        draw,
        f"pareto-{dataset}",
        f"Test {SCORE} against seconds of training on {dataset}",
        f"Nothing is both better and cheaper than {best} (dashed).",
    )


def epochs(results: Results, dataset: str) -> Chart | None:
    """Return dev quality by epoch, the mean over seeds; None where nothing is done."""
    groups = [group for group in results.groups(dataset) if len(group.results[0].history) > 1]
    if not groups:
        return None

    def draw(axes: Axes) -> None:
        for group in groups:
            place = _place(results, group)
            # The first training only, where several are averaged.
            curves = [
                [e["dev"][SCORE] for e in result.history if e.get("training", 1) == 1]
                for result in group.results
            ]
            for curve in curves:
                axes.plot(
                    range(1, len(curve) + 1), curve, color=colour(place), alpha=0.3, linewidth=0.8
                )
            middle = _mean_curve(curves)
            axes.plot(
                range(1, len(middle) + 1), middle, color=colour(place), marker=marker(place),
                markersize=4,
            )  # fmt: skip
        axes.set(xlabel="epoch", ylabel=f"dev {SCORE}")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_title(short(results.plan.dataset_title(dataset), TITLE))

    return chart(
        draw,
        f"epochs-{dataset}",
        f"Dev {SCORE} by epoch on {dataset}",
        "At a threshold of 0.5. Thin: single seeds; a mean ends with the seed that stopped first.",
    )


def fractions(results: Results, dataset: str) -> Chart | None:
    """Return test quality by amount of data; None where it isn't planned or done."""
    asked = sorted(results.plan.grid.fractions)
    curves = []
    for model in results.plan.models:
        found = [
            (100 * fraction, group.of("test", SCORE))
            for fraction in asked
            if (group := results.group(dataset, model, fraction))
        ]
        if len(found) > 1:
            curves.append((list(results.plan.models).index(model), found))
    if not curves:
        return None

    def draw(axes: Axes) -> None:
        for place, found in curves:
            axes.errorbar(
                [share for share, _ in found], [score.mean for _, score in found],
                yerr=[score.sd or 0 for _, score in found], color=colour(place),
                marker=marker(place), markersize=4, capsize=3,
            )  # fmt: skip
        ticks = [100 * fraction for fraction in asked]
        log_scale(axes)
        axes.set(xlabel="% of train (log)", ylabel=f"test {SCORE}")
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        axes.set_title(short(results.plan.dataset_title(dataset), TITLE))

    name = f"Test {SCORE} by amount of training data on {dataset}"
    return chart(draw, f"fractions-{dataset}", name, "Bars: standard deviation over seeds.")


def _front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points than which none is both cheaper and better, by cost."""
    found: list[tuple[float, float]] = []
    for cost, score in sorted(points, key=lambda point: (point[0], -point[1])):
        if not found or score > found[-1][1]:
            found.append((cost, score))
    return found


def _mean_curve(curves: Sequence[Sequence[float | None]]) -> list[float]:
    """Return the mean over seeds of each epoch that all have."""
    return [
        mean(value for value in values if value is not None)
        for values in zip(*curves, strict=False)
        if None not in values
    ]


def _place(results: Results, group: Group) -> int:
    return list(results.plan.models).index(group.model)
