"""Multi-label metrics. NaN in the truth marks a cell that is not annotated; no metric sees it.

Two Jaccards stand side by side: `jaccard` scores an empty prediction on an empty truth 1, and
`jaccard_zero` scores it 0, as scikit-learn does by default and SpanEmo's code and the report do.
A figure may be compared only with one of the same convention.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    label_ranking_average_precision_score,
    roc_auc_score,
)

from overtone.labels import Labels

Bools = NDArray[np.bool_]
Floats32 = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LabelScores:
    """Scores of one label. None where a score isn't defined (no positive, or no negative)."""

    precision: float
    recall: float
    f1: float
    support: int
    """Texts that carry the label."""
    roc_auc: float | None
    average_precision: float | None


@dataclass(frozen=True)
class Scores:
    """Scores of decisions and probabilities against the truth; the mean over texts or labels."""

    n: int
    f1_micro: float
    f1_macro: float
    """The mean of the labels' F1; 0 for a label that was neither there nor predicted."""
    jaccard: float
    """Mean over texts of |truth and prediction| / |truth or prediction|; 1 where both are empty."""
    jaccard_zero: float
    """The same; 0 where both are empty."""
    exact_match: float
    hamming_loss: float
    lrap: float
    """Label ranking average precision, of the probabilities."""
    roc_auc_macro: float | None
    """Mean over the labels for which it is defined."""
    average_precision_macro: float | None
    """Mean over the labels for which it is defined."""
    per_label: dict[str, LabelScores]

    def to_json(self) -> dict[str, object]:
        """Return the scores as JSON values."""
        return asdict(self)


def score(
    targets: NDArray[np.float32],
    decided: NDArray[np.bool_],
    probabilities: NDArray[np.float32],
    labels: Labels,
) -> Scores:
    """Score decisions (n, C) and probabilities (n, C) against targets (n, C).

    A target above 0.5 counts as present. Texts without any annotated cell are left out.

    Raises:
        ValueError: the arrays differ in shape or from the labels, or no cell is annotated.

    """
    if targets.shape[1:] != (len(labels),):
        raise ValueError(f"expected {len(labels)} labels' columns, found shape {targets.shape}")
    if not targets.shape == decided.shape == probabilities.shape:
        raise ValueError(
            f"expected three arrays of one shape, found {targets.shape}, {decided.shape} and "
            f"{probabilities.shape}"
        )
    annotated = ~np.isnan(targets)
    rows = annotated.any(axis=1)
    if not rows.any():
        raise ValueError("expected truth to score against, found no annotated cell")
    annotated, decided, probabilities = annotated[rows], decided[rows], probabilities[rows]
    truth = np.nan_to_num(targets[rows]) > 0.5  # noqa: PLR2004
    decided = decided & annotated

    hit = (truth & decided).sum(axis=0)  # (C,)
    predicted, support = decided.sum(axis=0), truth.sum(axis=0)
    f1 = _ratio(2 * hit, predicted + support)
    auc, average_precision = (
        [
            _ranking(metric, truth[:, c], probabilities[:, c], annotated[:, c])
            for c in range(len(labels))
        ]
        for metric in (roc_auc_score, average_precision_score)
    )
    both = (truth & decided).sum(axis=1)  # (n,)
    either = (truth | decided).sum(axis=1)
    overlap = _ratio(both, either)
    wrong = (truth != decided) & annotated
    return Scores(
        n=int(rows.sum()),
        f1_micro=float(_ratio(2 * hit.sum(), predicted.sum() + support.sum())),
        f1_macro=float(f1.mean()),
        jaccard=float(np.where(either == 0, 1.0, overlap).mean()),
        jaccard_zero=float(overlap.mean()),
        exact_match=float((~wrong.any(axis=1)).mean()),
        hamming_loss=float(wrong.sum() / annotated.sum()),
        lrap=_lrap(truth, probabilities, annotated),
        roc_auc_macro=_mean_defined(auc),
        average_precision_macro=_mean_defined(average_precision),
        per_label={
            name: LabelScores(
                precision=float(_ratio(hit[c], predicted[c])),
                recall=float(_ratio(hit[c], support[c])),
                f1=float(f1[c]),
                support=int(support[c]),
                roc_auc=auc[c],
                average_precision=average_precision[c],
            )
            for c, name in enumerate(labels.names)
        },
    )


def _ratio(above: NDArray[np.int64], below: NDArray[np.int64]) -> Floats:
    """Return above / below, and 0 where below is 0."""
    return np.asarray(above / np.maximum(below, 1), dtype=np.float64)


def _ranking(
    metric: Callable[[Bools, Floats32], float],
    truth: Bools,
    probabilities: Floats32,
    annotated: Bools,
) -> float | None:
    """Return a ranking metric of one label's annotated cells, or None without both kinds."""
    truth = truth[annotated]
    if truth.all() or not truth.any():
        return None
    return float(metric(truth, probabilities[annotated]))


def _lrap(truth: Bools, probabilities: Floats32, annotated: Bools) -> float:
    # A gap becomes an absent label that ranks below all others: there it changes nobody's rank.
    ranked = np.where(annotated, probabilities, -1.0)
    return float(label_ranking_average_precision_score(truth, ranked))


def _mean_defined(values: list[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None
