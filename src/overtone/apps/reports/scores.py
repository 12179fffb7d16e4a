"""The page of an evaluation: a model's scores, each label's, and those of parts of the texts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from matplotlib.axes import Axes

from overtone.evaluation.bootstrap import Interval
from overtone.experiment.evaluate import Evaluation
from overtone.insight.slices import SMALL, Slice
from overtone.report import frame
from overtone.report.charts import COLOURS, INK, Chart, chart, short
from overtone.report.frame import Table

WHOLE = (
    ("micro F1", "f1_micro"), ("macro F1", "f1_macro"), ("jaccard", "jaccard"),
    ("jaccard_zero", "jaccard_zero"), ("exact match", "exact_match"),
    ("Hamming loss", "hamming_loss"), ("LRAP", "lrap"),
)  # fmt: skip
POINTS = 100


def write(found: Evaluation, model: str, path: Path) -> None:
    """Write the page.

    Args:
        found: what it shows.
        model: what the page calls the model.
        path: the file.

    """
    groups = [(by, list(those)) for by, those in groupby(found.slices, key=lambda one: one.by)]
    frame.write(
        Path(__file__).with_suffix(".html"), path,
        title="Scores",
        said=f"{Path(model).name} on {Path(found.dataset).name}, {found.split}: "
        f"{found.scores.n:,} texts." + frame.sentences(found.notes),
        asked=found.asked,
        intervals=found.intervals is not None,
        small=SMALL,
        whole=_whole(found),
        labels=_labels(found),
        charts=[
            _chart(f"slices-{place}", by, those, found.scores.jaccard)
            for place, (by, those) in enumerate(groups)
        ],
        slices=_slices(groups) if groups else None,
    )  # fmt: skip


def _whole(found: Evaluation) -> Table:
    heads = [(title, "number") for title, _ in WHOLE]
    intervals = found.intervals or {}
    row = [
        (f"{getattr(found.scores, name):.4f}", _between(intervals.get(name))) for _, name in WHOLE
    ]
    return Table("Scores", heads, [("", [row])])


def _labels(found: Evaluation) -> Table:
    heads = [("label", ""), *((name, "number") for name in (
        "precision", "recall", "F1", "average precision", "ROC AUC", "texts"
    ))]  # fmt: skip
    rows = [
        [
            (name,),
            *((f"{value:.3f}",) for value in (one.precision, one.recall, one.f1)),
            *(
                ("n/a" if value is None else f"{value:.3f}",)
                for value in (one.average_precision, one.roc_auc)
            ),
            (f"{one.support:,}",),
        ]
        for name, one in found.scores.per_label.items()
    ]
    return Table("Scores of each label", heads, [("", rows)])


def _chart(name: str, by: str, those: Sequence[Slice], whole: float) -> Chart:
    """Return a chart with the jaccard of each slice of one kind."""

    def draw(axes: Axes) -> None:
        axes.axvline(whole, color=INK, linewidth=1, alpha=0.5)
        for row, one in enumerate(those):
            score = one.scores["jaccard"]
            axes.plot([score.low, score.high], [row, row], color=COLOURS[0], alpha=0.5)
            fill = "none" if one.small else "full"
            axes.plot(score.value, row, "o", color=COLOURS[0], fillstyle=fill, clip_on=False)
        axes.set_yticks(range(len(those)), [f"{short(one.value, 26)} ({one.n:,})" for one in those])
        axes.set(ylim=(len(those) - 0.5, -0.5), xlim=(0, 1), xlabel="jaccard")
        axes.grid(visible=False, axis="y")
        axes.set_title(short(by, 40))

    size = (4.4, max(1.6, 1.0 + 0.24 * len(those)))
    return chart(draw, name, f"Jaccard by {by}, with intervals", size=size)


def _slices(groups: Sequence[tuple[str, Sequence[Slice]]]) -> Table:
    heads = [("slice", ""), *((name, "number") for name in (
        "texts", "jaccard", "micro F1", "macro F1", "jaccard to the rest"
    ))]  # fmt: skip
    rows = [
        (
            by,
            [
                [
                    (one.value,),
                    (f"{one.n:,}", "small" if one.small else ""),
                    *(
                        (f"{one.scores[name].value:.3f}", _between(one.scores[name], 3))
                        for name in ("jaccard", "f1_micro", "f1_macro")
                    ),
                    _difference(one),
                ]
                for one in those
            ],
        )
        for by, those in groups
    ]
    return Table("Scores of parts of the texts", heads, rows)


def _difference(one: Slice) -> tuple[str, str]:
    if one.difference is None:
        return "n/a", ""
    value, low, high = (
        f"{POINTS * each:+.1f}"
        for each in (one.difference.value, one.difference.low, one.difference.high)
    )
    clear = not one.small and not one.difference.low <= 0 <= one.difference.high
    return f"{value}{' *' if clear else ''}", f"{low} to {high}"


def _between(one: Interval | None, digits: int = 4) -> str:
    return "" if one is None else f"{one.low:.{digits}f} to {one.high:.{digits}f}"
