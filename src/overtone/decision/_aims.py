"""What a decision can be fitted for: the scores of evaluation/metrics.py, as functions of cuts.

The field's scores, again, because this package is read where scikit-learn is absent, and because a
threshold is found by asking for a score at every cut at once, not at one.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

Aim = Literal["jaccard", "jaccard_zero", "f1_micro", "f1_macro"]


def truth_of(targets: NDArray[np.float32]) -> tuple[Bools, Bools]:
    """Return which labels are present and which cells are annotated, both (n, C)."""
    annotated = ~np.isnan(targets)
    return np.nan_to_num(targets) > 0.5, annotated  # noqa: PLR2004


def score(aim: str, truth: Bools, decided: Bools) -> float:
    """Return a score of decisions (n, C), cells that aren't annotated off in both arrays."""
    if aim in {"jaccard", "jaccard_zero"}:
        both, either = (truth & decided).sum(axis=1), (truth | decided).sum(axis=1)
        return float(_overlap(both, either, empty=aim == "jaccard").mean())
    axis = 0 if aim == "f1_macro" else None
    hits, marks = (
        2 * (truth & decided).sum(axis=axis),
        truth.sum(axis=axis) + decided.sum(axis=axis),
    )
    return float(np.mean(hits / np.maximum(marks, 1)))


def gains(aim: str, truth: Bools, decided: Bools, label: int, order: NDArray[np.int64]) -> Floats:
    """Return a score for every cut of one label, the other labels' decisions being as they are.

    Args:
        aim: the score.
        truth: (n, C), cells that aren't annotated off.
        decided: (n, C), likewise.
        label: its column; what `decided` has there doesn't count.
        order: the label's annotated rows, (m,), most probable first.

    Returns:
        (m + 1,), the score where the label is on in the first k rows of `order`, less what is the
        same for every k or times a factor that is.

    """
    mine = truth[order, label]
    on = np.arange(len(order) + 1)
    hits = np.concatenate([[0], np.cumsum(mine)])
    if aim == "f1_macro":
        return np.asarray(2 * hits / np.maximum(mine.sum() + on, 1))
    others = decided.copy()
    others[:, label] = False
    if aim == "f1_micro":
        marks = truth.sum() + others.sum() + on
        return np.asarray(2 * ((truth & others).sum() + hits) / np.maximum(marks, 1))
    both, either = (truth & others)[order].sum(axis=1), (truth | others)[order].sum(axis=1)
    empty = aim == "jaccard"
    off = _overlap(both, either, empty=empty)
    # Where the truth has the label, `either` counts it already.
    gain = _overlap(both + mine, either + ~mine, empty=empty) - off
    return np.concatenate([[0.0], np.cumsum(gain)])


def _overlap(both: NDArray[np.int64], either: NDArray[np.int64], *, empty: bool) -> Floats:
    """Return each text's Jaccard, (n,): 1 where there is nothing, if that is the convention."""
    return np.where(either == 0, float(empty), both / np.maximum(either, 1))
