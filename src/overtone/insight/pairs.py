"""Pairs of labels: how often they meet, and whether that is more or less often than by chance.

Lift is how many times as often two labels meet as they would if one had nothing to do with the
other; its intervals come from the delta method on the logarithm, with half a text added to each
cell of the pair's table (Haldane), so that a pair that never met has one, too. Pointwise mutual
information is the logarithm of lift: Church & Hanks (Computational Linguistics 16, 1990).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from overtone.evaluation.proportion import Z, wilson
from overtone.labels import Labels

Bools = NDArray[np.bool_]

HALF = 0.5
LEVEL = 0.05
"""Chance that any pair at all is called surprising where none is."""
LEAST = 5
"""Texts in which a pair must meet, or would meet by chance, for anything to be said of it."""


@dataclass(frozen=True)
class Conditional:
    """How often one label is there where another one is, with a 95 % interval (Wilson)."""

    given: str
    then: str
    value: float
    low: float
    high: float
    n: int
    """Texts with the label that is given."""


@dataclass(frozen=True)
class Pair:
    """Two labels in some texts."""

    a: str
    b: str
    texts: int
    """Those in which both are known."""
    with_a: int
    with_b: int
    together: int
    expected: float
    """In how many they would meet by chance."""
    lift: float
    """How many times as often they meet as by chance; half a text is added to each cell."""
    low: float
    high: float
    """The ends of a 95 % interval of lift."""
    enough: bool
    """Whether they meet, or would by chance, in enough texts for anything to be said."""
    surprising: bool
    """Whether chance is out of the question, all pairs taken together (Bonferroni)."""

    @property
    def pmi(self) -> float:
        """Pointwise mutual information, in bits."""
        return float(np.log2(self.lift))


@dataclass(frozen=True)
class Together:
    """All pairs of labels in some texts."""

    labels: tuple[str, ...]
    pairs: tuple[Pair, ...]
    conditionals: tuple[Conditional, ...]
    """Each way round; of labels that are nowhere there are none."""

    def pair(self, a: str, b: str) -> Pair:
        """Return the pair of two labels, in either order."""
        return next(pair for pair in self.pairs if {pair.a, pair.b} == {a, b})

    def surprising(self) -> list[Pair]:
        """Return the surprising pairs, those farthest from chance first."""
        found = [pair for pair in self.pairs if pair.surprising]
        return sorted(found, key=lambda pair: -abs(pair.pmi))


def together(
    on: Bools, known: Bools, labels: Labels, times: NDArray[np.int64] | None = None
) -> Together:
    """Return all pairs of labels that are on, (n, C), where they are known, (n, C).

    Args:
        on: (n, C), on only where known.
        known: (n, C).
        labels: the columns.
        times: (n,) for how many texts each row stands; one where None.

    """
    numbers, there = on.astype(np.int64), known.astype(np.int64)
    many = (np.ones(len(on), np.int64) if times is None else times)[:, None]
    both, of_either, texts = (
        numbers.T @ (numbers * many), numbers.T @ (there * many), there.T @ (there * many),
    )  # fmt: skip
    places = list(combinations(range(len(labels)), 2))
    strict = NormalDist().inv_cdf(1 - LEVEL / 2 / max(1, len(places)))
    names = labels.names
    pairs = [
        _pair(
            (names[a], names[b]),
            (int(texts[a, b]), int(of_either[a, b]), int(of_either[b, a]), int(both[a, b])),
            strict,
        )
        for a, b in places
    ]
    conditionals = []
    for a in range(len(labels)):
        for b in range(len(labels)):
            if a == b or not (n := int(of_either[a, b])):
                continue
            rate = both[a, b] / n
            low, high = wilson(np.array([rate]), np.array([n]))[:, 0]
            conditionals.append(
                Conditional(names[a], names[b], float(rate), float(low), float(high), n)
            )
    return Together(names, tuple(pairs), tuple(conditionals))


def _pair(names: tuple[str, str], counts: tuple[int, int, int, int], strict: float) -> Pair:
    """Return a pair from how many texts there are, have a, have b, and have both."""
    texts, with_a, with_b, both = counts
    cells = np.array([both, with_a - both, with_b - both, texts - with_a - with_b + both]) + HALF
    n = cells.sum()
    p = cells / n
    p_a, p_b = p[0] + p[1], p[0] + p[2]
    log_lift = np.log(p[0] / (p_a * p_b))
    # How the logarithm changes with each cell's share.
    slope = np.array([1 / p[0] - 1 / p_a - 1 / p_b, -1 / p_a, -1 / p_b, 0.0])
    deviation = float(np.sqrt(((p * slope**2).sum() - (p * slope).sum() ** 2) / n))
    expected = with_a * with_b / texts if texts else 0.0
    enough = max(both, expected) >= LEAST
    return Pair(
        *names, texts, with_a, with_b, both, expected, float(np.exp(log_lift)),
        float(np.exp(log_lift - Z * deviation)), float(np.exp(log_lift + Z * deviation)),
        enough, enough and abs(float(log_lift)) > strict * deviation,
    )  # fmt: skip
