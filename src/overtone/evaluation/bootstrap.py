"""The bootstrap: scores' intervals, and a test of two models' difference, from texts drawn again.

Source: Efron & Tibshirani, An Introduction to the Bootstrap (1993): percentile intervals, chapter
13. The test of a difference is that of Berg-Kirkpatrick, Burkett & Klein, An Empirical
Investigation of Statistical Significance in NLP (EMNLP 2012), section 2, made two-sided.

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

ROUNDING = 1e-12
"""Differences that are this close are the same."""


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


@dataclass(frozen=True)
class Difference(Interval):
    """How much better the first of two models is on the same texts."""

    p_value: float
    """How often chance alone would make them differ by at least as much, either way."""


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
    texts = _per_text(targets, decided)
    (found,), (drawn,) = _found_and_drawn([texts], resamples, seed)
    bounds = _bounds(drawn, level)
    return {
        name: Interval(float(value), *bound)
        for name, value, bound in zip(SCORES, found, bounds, strict=True)
    }


def paired(
    targets: NDArray[np.float32],
    decided: NDArray[np.bool_],
    other: NDArray[np.bool_],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> dict[str, Difference]:
    """Compare two models' decisions on the same texts: the first one's scores less the other's.

    Both models are scored on the same draws, so what makes a text hard for both cancels out. The
    p-value is the share of draws whose difference is at least as far from the one found as that is
    from 0, with the one found counted in: (k + 1) / (resamples + 1), which is never 0.

    Args:
        targets: (n, C), as for `metrics.score`: NaN where not annotated.
        decided: (n, C), the first model's decisions.
        other: (n, C), the other model's.
        resamples: how often n texts are drawn from the n, with replacement.
        seed: of the draws.
        level: the share of the draws that an interval holds, half of the rest on either side.

    Raises:
        ValueError: the arrays differ in shape, no cell is annotated, or an option is out of bounds.

    """
    models = [_per_text(targets, decided), _per_text(targets, other)]
    (one, two), (one_drawn, two_drawn) = _found_and_drawn(models, resamples, seed)
    found, drawn = one - two, one_drawn - two_drawn  # (5,), (resamples, 5)
    # What is equal but for rounding counts as equal: draws of few texts often repeat a difference.
    as_far = np.abs(drawn - found) >= np.abs(found) - ROUNDING
    p_values = (as_far.sum(axis=0) + 1) / (resamples + 1)
    return {
        name: Difference(float(value), *bound, float(p_value))
        for name, value, bound, p_value in zip(
            SCORES, found, _bounds(drawn, level), p_values, strict=True
        )
    }


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


def _found_and_drawn(
    models: Sequence[Floats], resamples: int, seed: int
) -> tuple[list[Floats], list[Floats]]:
    """Return each model's scores on the texts, (5,), and on every draw of them, (resamples, 5)."""
    if resamples < 1:
        raise ValueError(f"expected at least one resample, found {resamples}")
    n = len(models[0])
    found = [_scores(texts.sum(axis=0, keepdims=True), n)[0] for texts in models]
    drawn: list[list[Floats]] = [[] for _ in models]
    for counts in _counts(n, resamples, seed):
        for blocks, texts in zip(drawn, models, strict=True):
            blocks.append(_scores(counts @ texts, n))
    return found, [np.concatenate(blocks) for blocks in drawn]


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
    """Return the scores, (draws, 5), from the sums over n texts, (draws, 2C + 3)."""
    labels = sums.shape[1] // 2 - 1
    hits, marks = sums[:, :labels], sums[:, labels : 2 * labels]  # (draws, C)
    micro = hits.sum(axis=1) / np.maximum(marks.sum(axis=1), 1)
    macro = (hits / np.maximum(marks, 1)).mean(axis=1)
    return np.column_stack([micro, macro, sums[:, 2 * labels :] / n])


def _bounds(drawn: Floats, level: float) -> list[tuple[float, float]]:
    """Return the percentile interval of each column."""
    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1, such as 0.95, found {level}")
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))
