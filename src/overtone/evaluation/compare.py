"""Whether two models differ: a paired bootstrap over texts and, where there are some, over seeds.

Sources: the test over texts is that of Berg-Kirkpatrick, Burkett & Klein, An Empirical
Investigation of Statistical Significance in NLP (EMNLP 2012), section 2, made two-sided; the
intervals are percentiles of the same draws. That a comparison should let seeds vary, too:
Bouthillier et al., Accounting for Variance in Machine Learning Benchmarks (MLSys 2021). Texts and
seeds are crossed, since every seed's model sees every text, so both are drawn, each on its own:
Owen, The Pigeonhole Bootstrap (Annals of Applied Statistics 1, 2007). Its intervals are a little
too wide where a recipe's models err on different texts, and too narrow where few seeds differ more
than texts do: no way of drawing makes three seeds say how far seeds vary.

P-values of labels are corrected for their number: Holm, A Simple Sequentially Rejective Multiple
Test Procedure (Scandinavian Journal of Statistics 6, 1979); as Dror et al., The Hitchhiker's Guide
to Testing Statistical Significance in Natural Language Processing (ACL 2018) advise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overtone.evaluation import bootstrap
from overtone.evaluation.bootstrap import LEVEL, SCORES, Floats, Interval

RESAMPLES = 10_000
"""More than for an interval: a corrected p-value has to come out small if there are many labels."""

ROUNDING = 1e-12
"""Differences that are this close are the same."""


@dataclass(frozen=True)
class Difference(Interval):
    """How much better the first of two models is on the same texts."""

    p_value: float
    """How often chance alone would make them differ by at least as much, either way."""

    @property
    def sign(self) -> int:
        """Return 1 where the interval says that the first is better, -1 the second, else 0."""
        return int(self.low > 0) - int(self.high < 0)


@dataclass(frozen=True)
class LabelDifference(Difference):
    """The same of one label's F1."""

    p_holm: float
    """The p-value, corrected for the number of labels."""


@dataclass(frozen=True)
class Differences:
    """The scores' differences and those of each label's F1, in the order of the columns."""

    scores: dict[str, Difference]
    per_label: tuple[LabelDifference, ...]


def compare(
    targets: NDArray[np.float32],
    one: Sequence[NDArray[np.bool_]],
    other: Sequence[NDArray[np.bool_]],
    *,
    seeds_paired: bool = False,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> Differences:
    """Compare two models, each trained once or under several seeds: the first less the other.

    A model's score is the mean of its seeds' scores. On every draw of texts all are scored on the
    same ones, so what makes a text hard for both cancels out; and of each model's seeds as many are
    drawn, with replacement, as it has. With one seed each this is the paired bootstrap over texts.

    The p-value is the share of draws whose difference is at least as far from the one found as that
    is from 0, with the one found counted in: (k + 1) / (resamples + 1), which is never 0.

    Args:
        targets: (n, C), as for `metrics.score`: NaN where not annotated.
        one: the first model's decisions, (n, C) a seed.
        other: the other model's.
        seeds_paired: whether the two have the same seeds in the same order, which are then drawn
            together.
        resamples: how often texts and seeds are drawn.
        seed: of the draws.
        level: the share of the draws that an interval holds, half of the rest on either side.

    Raises:
        ValueError: the arrays differ in shape, no cell is annotated, seeds that are paired differ
            in number, or an option is out of bounds.

    """
    if seeds_paired and len(one) != len(other):
        raise ValueError(f"expected pairs of seeds, found {len(one)} and {len(other)}")
    scores, drawn = bootstrap.draw(targets, [*one, *other], resamples=resamples, seed=seed)
    rng = np.random.default_rng([seed, 1])  # apart from that of the texts
    weights = _weights(len(one), resamples, rng)
    others = weights if seeds_paired else _weights(len(other), resamples, rng)
    differences = _means(weights, drawn[: len(one)]) - _means(others, drawn[len(one) :])
    found = scores[: len(one)].mean(axis=0) - scores[len(one) :].mean(axis=0)  # (5 + C,)
    # What is equal but for rounding counts as equal: draws of few texts often repeat a difference.
    as_far = np.abs(differences - found) >= np.abs(found) - ROUNDING  # (resamples, 5 + C)
    p_values = (as_far.sum(axis=0) + 1) / (resamples + 1)
    all_ = [
        Difference(float(value), *bound, float(p_value))
        for value, bound, p_value in zip(
            found, bootstrap.bounds(differences, level), p_values, strict=True
        )
    ]
    labels = all_[len(SCORES) :]
    corrected = holm([label.p_value for label in labels])
    return Differences(
        dict(zip(SCORES, all_, strict=False)),
        tuple(
            LabelDifference(**vars(label), p_holm=p_value)
            for label, p_value in zip(labels, corrected, strict=True)
        ),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number, so that all together err as one would.

    The smallest is multiplied by their number, the next by one less, and so on; none ends below one
    that was smaller, nor above 1.
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values)[order] * np.arange(len(order), 0, -1)
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return [float(value) for value in corrected]


def _weights(seeds: int, resamples: int, rng: np.random.Generator) -> Floats:
    """Return the share that each seed has in each draw of seeds, (resamples, seeds)."""
    drawn = rng.integers(seeds, size=(resamples, seeds))
    return np.stack([(drawn == place).mean(axis=1) for place in range(seeds)], axis=1)


def _means(weights: Floats, drawn: Floats) -> Floats:
    """Return a model's scores on each draw, (resamples, K), from its seeds', (S, resamples, K)."""
    means: Floats = np.einsum("rs,srk->rk", weights, drawn)
    return means
