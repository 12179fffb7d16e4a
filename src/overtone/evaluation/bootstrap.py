"""The bootstrap: the intervals of a model's scores, from texts drawn again.

Source: Efron & Tibshirani, An Introduction to the Bootstrap (1993): percentile intervals, chapter
13.

The texts are what is drawn, so the intervals speak of other texts of the same kind, not of other
seeds of the same training; and they take the texts to be independent of each other. Where labels
are rare, macro F1 is drawn too low, since a label that no text of a draw has counts 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SCORES = ("f1_micro", "f1_macro", "jaccard", "jaccard_zero", "exact_match")
"""Those of `metrics.Scores` that have intervals."""

RESAMPLES = 1000
LEVEL = 0.95

CELLS = 4_000_000
"""Most drawn texts in memory at a time; how draws are cut into blocks changes no figure."""


@dataclass(frozen=True)
class Interval:
    """A score, and where it would be on other texts of the same kind."""

    value: float
    """The score itself, as `metrics.score` has it."""
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        """Return the interval as JSON values."""
        return asdict(self)


def intervals(
    targets: NDArray[np.float32],
    decided: NDArray[np.bool_],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> dict[str, Interval]:
    """Return percentile intervals of micro and macro F1, both Jaccards and exact match.

    Args:
        targets: (n, C), as for `metrics.score`: NaN where not annotated.
        decided: (n, C), the model's decisions.
        resamples: how often n texts are drawn from the n, with replacement.
        seed: of the draws.
        level: the share of the draws that an interval holds, half of the rest on either side.

    Raises:
        ValueError: the arrays differ in shape, no cell is annotated, or an option is out of bounds.

    """
    (found,), (drawn,) = draw(targets, [decided], resamples=resamples, seed=seed)
    whole = slice(len(SCORES))  # without the labels' F1
    return {
        name: Interval(float(value), *bound)
        for name, value, bound in zip(
            SCORES, found[whole], bounds(drawn[:, whole], level), strict=True
        )
    }


def draw(
    targets: NDArray[np.float32],
    models: Sequence[NDArray[np.bool_]],
    *,
    resamples: int,
    seed: int,
) -> tuple[Floats, Floats]:
    """Score models on the texts, and on texts drawn from them again, the same ones for all models.

    Args:
        targets: (n, C), as for `metrics.score`: NaN where not annotated.
        models: M models' decisions, (n, C) each.
        resamples: how often n texts are drawn from the n, with replacement.
        seed: of the draws.

    Returns:
        Scores as found, (M, 5 + C), and on every draw, (M, resamples, 5 + C): those of `SCORES`,
        then each label's F1.

    Raises:
        ValueError: the arrays differ in shape, no cell is annotated, or there are no draws.

    """
    if resamples < 1:
        raise ValueError(f"expected at least one resample, found {resamples}")
    each = [_per_text(targets, decided) for decided in models]
    n = len(each[0])
    found = [_scores(texts.sum(axis=0, keepdims=True), n)[0] for texts in each]
    drawn: list[list[Floats]] = [[] for _ in each]
    for counts in _counts(n, resamples, seed):
        for blocks, texts in zip(drawn, each, strict=True):
            blocks.append(_scores(counts @ texts, n))
    return np.stack(found), np.stack([np.concatenate(blocks) for blocks in drawn])


def bounds(drawn: Floats, level: float) -> list[tuple[float, float]]:
    """Return the percentile interval of each column of draws, (resamples, K).

    Raises:
        ValueError: the level is no share.

    """
    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1, such as 0.95, found {level}")
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def _per_text(targets: NDArray[np.float32], decided: NDArray[np.bool_]) -> Floats:
    """Return what each text adds to the scores, (n, 2C + 3), texts without a truth left out.

    A column a label of hits times two, one a label of truth plus decision (F1 is the ratio of their
    sums); then the overlap with empty on empty as 1, with it as 0, and whether all cells are right.
    """
    if targets.ndim != 2 or targets.shape != decided.shape:  # noqa: PLR2004
        raise ValueError(
            f"expected two arrays (n, C) of one shape, found {targets.shape} and {decided.shape}"
        )
    annotated = ~np.isnan(targets)
    rows = annotated.any(axis=1)
    if not rows.any():
        raise ValueError("expected truth to score against, found no annotated cell")
    truth = np.nan_to_num(targets[rows]) > 0.5  # noqa: PLR2004
    decided = decided[rows] & annotated[rows]
    both, either = truth & decided, truth | decided
    overlap = both.sum(axis=1) / np.maximum(either.sum(axis=1), 1)
    empty = ~either.any(axis=1)
    right = (truth == decided).all(axis=1)
    columns = (2 * both, truth.astype(int) + decided, overlap + empty, overlap, right)
    return np.column_stack(columns).astype(np.float64)


def _counts(n: int, resamples: int, seed: int) -> Iterator[Floats]:
    """Yield how often each of n texts is in each draw, (draws of a block, n)."""
    rng = np.random.default_rng(seed)
    most = max(1, CELLS // n)
    for first in range(0, resamples, most):
        draws = min(most, resamples - first)
        rows = rng.integers(n, size=(draws, n)) + n * np.arange(draws)[:, None]
        counts = np.bincount(rows.ravel(), minlength=draws * n)
        yield counts.reshape(draws, n).astype(np.float64)


def _scores(sums: Floats, n: int) -> Floats:
    """Return scores and labels' F1, (draws, 5 + C), from sums over n texts, (draws, 2C + 3)."""
    labels = sums.shape[1] // 2 - 1
    hits, marks = sums[:, :labels], sums[:, labels : 2 * labels]  # (draws, C)
    micro = hits.sum(axis=1) / np.maximum(marks.sum(axis=1), 1)
    f1 = hits / np.maximum(marks, 1)
    return np.column_stack([micro, f1.mean(axis=1), sums[:, 2 * labels :] / n, f1])
