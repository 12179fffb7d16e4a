"""Scores of a model on parts of the texts, with intervals, and how far they are from the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overtone.evaluation import bootstrap
from overtone.evaluation.bootstrap import SCORES, Interval

SMALL = 50
"""Texts below which a slice is marked."""
LEAST = 10
"""Texts below which nothing is known of a slice: values of fewer are joined, and where they are
still too few, their intervals are all that a score can be."""
MOST = 20
"""Values of one column that are told apart, the most frequent ones; the rest is one slice."""
OTHERS, EMPTY = "(all others)", "(empty)"
COMPARED = "jaccard"
"""The score whose difference to the rest is taken."""
RESAMPLES = 500


@dataclass(frozen=True)
class Slice:
    """The texts that have one value."""

    by: str
    """What is looked at: a column's name, or length, emoji …"""
    value: str
    n: int
    """Texts with an annotated label."""
    small: bool
    scores: dict[str, Interval]
    """Micro F1, macro F1, both Jaccards, exact match; with 95 % intervals."""
    difference: Interval | None
    """Jaccard here less that of all other texts; None where there are too few, here or there."""

    def to_json(self) -> dict[str, object]:
        """Return it as JSON values."""
        rest = {key: value for key, value in vars(self).items() if key != "scores"}
        rest["difference"] = None if self.difference is None else self.difference.to_json()
        return {**rest, "scores": {name: one.to_json() for name, one in self.scores.items()}}


def measure(
    by: str,
    values: Sequence[str],
    truth: NDArray[np.float32],
    decided: NDArray[np.bool_],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Slice]:
    """Return the scores of the texts with each value.

    Macro F1 of a small slice says little: a label that no text of it carries counts 0.

    Args:
        by: what the values are of.
        values: each text's, n.
        truth: (n, C), NaN where not annotated.
        decided: (n, C), the model's decisions.
        resamples: how often the texts of a slice, and of the rest, are drawn again.
        seed: of the draws.

    Raises:
        ValueError: there are not as many values as texts.

    """
    if len(values) != len(truth):
        raise ValueError(f"expected {len(truth)} values, found {len(values)}")
    scored = np.asarray((~np.isnan(truth)).any(axis=1))
    cells = [_named(value.strip()) for value in values]
    counts = Counter(cell for cell, each in zip(cells, scored.tolist(), strict=True) if each)
    kept = sorted(
        (value for value in counts if counts[value] >= LEAST),
        key=lambda value: (-counts[value], value),
    )[:MOST]
    names = np.array([cell if cell in kept else OTHERS for cell in cells], dtype=object)
    order = sorted(kept) if _are_ranges(kept) else kept
    found = []
    for value in [*order, *([OTHERS] if len(counts) > len(kept) else [])]:
        inside = (names == value) & scored
        outside = ~inside & scored
        (score,), (drawn,) = _draw(truth, decided, inside, resamples, seed)
        bounds = bootstrap.bounds(drawn, bootstrap.LEVEL)
        difference = None
        n = int(inside.sum())
        if n < LEAST:
            bounds = [(0.0, 1.0)] * len(SCORES)
        elif outside.sum() >= LEAST:
            (rest,), (rest_drawn,) = _draw(truth, decided, outside, resamples, seed + 1)
            column = SCORES.index(COMPARED)
            apart = (drawn - rest_drawn)[:, [column]]
            ((low, high),) = bootstrap.bounds(apart, bootstrap.LEVEL)
            difference = Interval(float(score[column] - rest[column]), low, high)
        scores = {name: Interval(float(score[c]), *bounds[c]) for c, name in enumerate(SCORES)}
        found.append(Slice(by, value, n, n < SMALL, scores, difference))
    return found


def _draw(
    truth: NDArray[np.float32],
    decided: NDArray[np.bool_],
    rows: NDArray[np.bool_],
    resamples: int,
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the scores of some texts, (1, 5), and on draws of them, (1, resamples, 5)."""
    found, drawn = bootstrap.draw(truth[rows], [decided[rows]], resamples=resamples, seed=seed)
    return found[:, : len(SCORES)], drawn[:, :, : len(SCORES)]


def _named(value: str) -> str:
    """Return the name of a value; one that is called as the slices made here gets quotes."""
    return f'"{value}"' if value.strip('"') in {OTHERS, EMPTY} else value or EMPTY


def _are_ranges(values: Sequence[str]) -> bool:
    """Return whether values are numbers or ranges of them, which have an order of their own."""
    return all(value.lstrip()[:1].isdigit() for value in values)
