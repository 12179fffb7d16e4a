"""Charts of labels: F1 bars, precision and recall, reliability, which labels come together."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from overtone.evaluation import calibration
from overtone.labels import Labels
from overtone.report.charts import INK, Chart, chart, colour, short
from overtone.report.matrix import matrix
from overtone.study.results import Group, Results, Spread

BAR = 0.11
"""Inches a bar."""
MOST_LABELS = 40
MOST_POINTS = 300
"""Of a curve: more are no clearer and only make the file larger."""


def bars(results: Results, dataset: str) -> Chart | None:
    """Return each label's F1 on test by each model, most frequent labels first."""
    groups = results.groups(dataset)
    if not groups:
        return None
    per_label = groups[0].results[0].test["per_label"]
    names = sorted(per_label, key=lambda name: -per_label[name]["support"])[:MOST_LABELS]
    places = [list(results.plan.models).index(group.model) for group in groups]

    def draw(axes: Axes) -> None:
        high = 0.8 / len(groups)
        for number, (group, place) in enumerate(zip(groups, places, strict=True)):
            spreads = [
                Spread(tuple(one.test["per_label"][name]["f1"] for one in group.results))
                for name in names
            ]
            at = np.arange(len(names)) + (number - (len(groups) - 1) / 2) * high
            axes.barh(
                at, [spread.mean for spread in spreads], high * 0.9, color=colour(place),
                xerr=[spread.sd or 0 for spread in spreads],
                error_kw={"ecolor": INK, "elinewidth": 0.7},
            )  # fmt: skip
        axes.set_yticks(
            range(len(names)), [f"{short(name)} ({per_label[name]['support']})" for name in names]
        )
        axes.set(xlim=(0, 1), ylim=(len(names) - 0.4, -0.6), xlabel="F1 on test")
        axes.grid(visible=False, axis="y")
        axes.set_title(short(results.plan.dataset_title(dataset), 48))

    left_out = len(per_label) - len(names)
    rest = f" {left_out} rarer labels are left out." if left_out else ""
    height = max(2.0, 0.9 + len(names) * (BAR * len(groups) + 0.08))
    return chart(
        draw,
        f"labels-{dataset}",
        f"F1 of each label on {dataset}, by model",
        f"Texts that carry a label in brackets. Bars: standard deviation over seeds.{rest}",
        (4.6, height),
    )


def precision_recall(results: Results, dataset: str) -> Chart | None:
    """Return precision against recall over all labels together, a curve a model."""
    groups = results.groups(dataset)
    if not groups:
        return None

    def draw(axes: Axes) -> None:
        for group in groups:
            truth, probabilities = _cells(group)
            precision, recall, _ = precision_recall_curve(truth, probabilities)
            few = np.unique(np.linspace(0, len(recall) - 1, MOST_POINTS).astype(int))
            axes.plot(recall[few], precision[few], color=_colour(results, group), linewidth=1.3)
        axes.set(xlim=(0, 1.01), ylim=(0, 1.01), xlabel="recall", ylabel="precision")
        axes.set_title(f"Precision and recall: {short(results.plan.dataset_title(dataset))}")

    return chart(
        draw,
        f"precision-{dataset}",
        f"Precision against recall on {dataset}, by model",
        "All labels together on test, the first seed of each model.",
    )


def reliability(results: Results, dataset: str) -> Chart | None:
    """Return how often what is said with some probability is so, a curve a model."""
    groups = results.groups(dataset)
    if not groups:
        return None

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color="#808080", linestyle="--", linewidth=1)
        for group in groups:
            found = group.results[0].predictions
            scores = calibration.measure(
                found.truth, found.probabilities, Labels.of(*found.labels), equal_mass=True
            )
            curve = scores.pooled.curve
            axes.plot(
                [each.probability for each in curve], [each.rate for each in curve],
                color=_colour(results, group), marker="o", markersize=3, linewidth=1.3,
            )  # fmt: skip
        axes.set(
            xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel="what the model says",
            ylabel="how often it is so",
        )  # fmt: skip
        axes.set_title(f"Reliability: {short(results.plan.dataset_title(dataset))}")

    return chart(
        draw,
        f"reliability-{dataset}",
        f"Reliability on {dataset}, by model",
        "On the dashed line probabilities come true as often as they say; 15 bins of equally many "
        "forecasts, the first seed of each model.",
    )


def together(results: Results, group: Group) -> list[Chart]:
    """Return which labels come together, in the truth and in what a model says."""
    found = group.results[0].predictions
    known = ~np.isnan(found.truth)
    dataset = group.dataset
    title = results.plan.model_title(group.model)
    return [
        matrix(
            _shares(on), found.labels, f"together-{dataset}-{name}", head,
            f"Which labels come together on {dataset}: {head}",
        )
        for name, head, on in (
            ("truth", "in the truth", np.nan_to_num(found.truth) > 0.5),  # noqa: PLR2004
            ("said", short(f"by {title}", 40), found.decided & known),
        )
    ]  # fmt: skip


def _shares(on: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the share of each label's texts that carry each other one, (C, C)."""
    numbers = on.astype(np.float64)
    both, count = numbers.T @ numbers, numbers.sum(axis=0)[:, None]
    return np.where(count > 0, both / np.maximum(count, 1), np.nan)


def _cells(group: Group) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Return all annotated cells of the first seed as forecasts of one kind."""
    found = group.results[0].predictions
    known = ~np.isnan(found.truth)
    return found.truth[known] > 0.5, found.probabilities[known]  # noqa: PLR2004


def _colour(results: Results, group: Group) -> str:
    return colour(list(results.plan.models).index(group.model))
