"""The labels' joint distribution given a text: each label's logit, corrected by the other labels.

For label sets y in {0, 1}^C and a model's logits x (C,):

    P(y | x) proportional to exp(sum_i y_i (a_i x_i + b_i) + sum_{i<j} w_ij y_i y_j)

With a = 1 and b = w = 0 the labels are independent and have the model's probabilities. a and b are
Platt's scaling; w says how much more often two labels come together than the model's probabilities
make it seem (above 0), or how much less (below).

Fitted by pseudo-likelihood (Besag, Statistical Analysis of Non-Lattice Data, 1975): each label's
probability given the text and the true other labels. Its sum over labels and texts is concave.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

OWN = 3.0
"""The prior of a and b: normal around 1 and 0 with variance 1 / OWN."""
STEPS = 50
"""Most steps of Newton's method; five to ten do."""
EDGE = 1e-7
"""How near to 0 or 1 a probability is taken at most."""


@dataclass(frozen=True, eq=False)
class Joint:
    """The distribution's numbers."""

    scale: Floats
    """a, (C,)."""
    bias: Floats
    """b, (C,)."""
    pairs: Floats
    """w, (C, C), symmetric with a diagonal of 0."""

    def single(self, probabilities: NDArray[np.float32]) -> Floats:
        """Return a_i x_i + b_i, (n, C), for a model's probabilities (n, C)."""
        return self.scale * logits(probabilities) + self.bias


def independent(labels: int) -> Joint:
    """Return the distribution that takes a model's probabilities as they are."""
    return Joint(np.ones(labels), np.zeros(labels), np.zeros((labels, labels)))


def logits(probabilities: NDArray[np.float32]) -> Floats:
    """Return the logits of probabilities, those of 0 and 1 finite."""
    inside = np.clip(probabilities.astype(np.float64), EDGE, 1 - EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def fit(probabilities: NDArray[np.float32], targets: NDArray[np.float32], strength: float) -> Joint:
    """Fit the distribution.

    Args:
        probabilities: (n, C).
        targets: (n, C) in [0, 1], NaN where not annotated; there the probability stands for it.
        strength: of the prior of w: w_ij is normal around 0 with variance 1 / strength. Infinite
            where labels are to be independent, given the text.

    """
    annotated = ~np.isnan(targets)
    y = np.where(annotated, targets, probabilities).astype(np.float64)
    return _Data(logits(probabilities), y, annotated.astype(np.float64)).fitted(strength)


@dataclass(frozen=True, eq=False)
class _Data:
    """What a distribution is fitted on: logits, truth, and 1 where it is annotated; all (n, C)."""

    x: Floats
    y: Floats
    known: Floats

    def loss(self, joint: Joint) -> float:
        """Return the negative log pseudo-likelihood."""
        u = joint.scale * self.x + joint.bias + self.y @ joint.pairs
        return float((self.known * (np.logaddexp(0, u) - self.y * u)).sum())

    def fitted(self, strength: float) -> Joint:
        """Return the best distribution under a prior, by Newton's method."""
        labels = self.x.shape[1]
        prior = _prior(labels, strength)
        start = _flat(independent(labels), prior)
        numbers, value = start, self.loss(_joint(start, labels))
        for _ in range(STEPS):
            gradient, curvature = self._derivatives(numbers, len(prior))
            gradient += prior * (numbers - start)
            step = np.linalg.solve(curvature + np.diag(prior), gradient)
            size = 1.0
            # Shorter until it helps: the full step may overshoot where the curve is flat.
            while size > 1e-6:  # noqa: PLR2004
                tried = numbers - size * step
                penalty = 0.5 * float(prior @ (tried - start) ** 2)
                new = self.loss(_joint(tried, labels)) + penalty
                if new < value:
                    break
                size /= 2
            else:
                break
            numbers, gained, value = tried, value - new, new
            if gained < 1e-9 * max(value, 1.0):
                break
        return _joint(numbers, labels)

    def _derivatives(self, numbers: Floats, size: int) -> tuple[Floats, Floats]:
        """Return the loss's gradient, (size,), and second derivatives, (size, size)."""
        labels = self.x.shape[1]
        joint = _joint(numbers, labels)
        u = joint.scale * self.x + joint.bias + self.y @ joint.pairs
        p = 1 / (1 + np.exp(-np.clip(u, -700, 700)))
        gradient, curvature = np.zeros(size), np.zeros((size, size))
        ones = np.ones((len(self.x), 1))
        for label, places in enumerate(_places(labels, paired=size > 2 * labels)):
            others = np.delete(self.y, label, axis=1) if size > 2 * labels else self.y[:, :0]
            columns = np.hstack([self.x[:, [label]], ones, others])  # what multiplies the numbers
            known = self.known[:, label]
            gradient[places] += columns.T @ (known * (p[:, label] - self.y[:, label]))
            weights = known * p[:, label] * (1 - p[:, label])
            curvature[np.ix_(places, places)] += columns.T @ (weights[:, None] * columns)
        return gradient, curvature


def _prior(labels: int, strength: float) -> Floats:
    """Return each number's strength; pairs are left out where theirs is infinite."""
    own = np.full(2 * labels, OWN)
    if np.isinf(strength):
        return own
    return np.concatenate([own, np.full(labels * (labels - 1) // 2, strength)])


def _flat(joint: Joint, prior: Floats) -> Floats:
    """Return a distribution's numbers in a row: scales, biases, pairs."""
    upper = joint.pairs[np.triu_indices(len(joint.scale), 1)]
    return np.concatenate([joint.scale, joint.bias, upper])[: len(prior)]


def _joint(numbers: Floats, labels: int) -> Joint:
    """Return the distribution of a row of numbers; without pairs where there are none."""
    pairs = np.zeros((labels, labels))
    if len(numbers) > 2 * labels:
        pairs[np.triu_indices(labels, 1)] = numbers[2 * labels :]
    return Joint(numbers[:labels], numbers[labels : 2 * labels], pairs + pairs.T)


def _places(labels: int, *, paired: bool) -> Iterator[NDArray[np.int64]]:
    """Yield where each label's numbers stand in the row: scale, bias, its pairs in order."""
    place = np.zeros((labels, labels), dtype=np.int64)
    place[np.triu_indices(labels, 1)] = 2 * labels + np.arange(labels * (labels - 1) // 2)
    place += place.T
    for label in range(labels):
        pairs = np.delete(place[label], label) if paired else place[label, :0]
        yield np.concatenate([[label, labels + label], pairs])
