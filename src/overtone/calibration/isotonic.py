"""Isotonic calibration: for each label the rising curve that fits best, whatever its form.

Source: Zadrozny & Elkan, Transforming Classifier Scores into Accurate Multiclass Probability
Estimates (KDD 2002), section 3.2: texts sorted by probability, neighbours pooled until their rates
rise. The pooled texts make steps, on which all rank the same; so that ranks are kept, each step is
one point at its mean probability and rate, with straight lines between (Oron & Flournoy, Centered
Isotonic Regression, Statistics in Biopharmaceutical Research 9, 2017), and the whole leans by 1 %
of the probability itself, which ranks also what lies before the first point and after the last.

Rates are never quite 0 or 1: the targets are smoothed as Platt's are. Soft targets are averaged as
hard ones are. It takes many texts: of a label with few, platt learns more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from overtone.calibration import _logistic, _per_label
from overtone.calibration._per_label import Floats, PerLabel
from overtone.config import Share
from overtone.errors import BundleError
from overtone.labels import Labels

LEAN = 0.01
"""The share of a calibrated probability that is the model's own."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """There is nothing to choose."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Straight lines between points, from 0 to 1."""

    name: ClassVar[str] = "isotonic"
    at: tuple[Share, ...]
    """The points' probabilities, rising from 0 to 1."""
    values: tuple[Share, ...]
    """The calibrated ones; they never fall."""

    def __post_init__(self) -> None:
        """Refuse points that make no rising curve.

        Raises:
            BundleError: they don't.

        """
        if not (
            len(self.at) == len(self.values)
            and (self.at[:1], self.at[-1:]) == ((0.0,), (1.0,))
            and all(left < right for left, right in pairwise(self.at))
            and all(left <= right for left, right in pairwise(self.values))
        ):
            raise BundleError(
                "a saved isotonic calibration has points from 0 to 1 that rise, with as many "
                f"values that never fall; found {len(self.at)} points and {len(self.values)} "
                "values that don't; don't use this bundle"
            )

    def __call__(self, p: Floats) -> Floats:
        """Return the calibrated probabilities, (n,)."""
        at, values = np.asarray(self.at), np.asarray(self.values)
        left = np.clip(np.searchsorted(at, p, side="right") - 1, 0, len(at) - 2)
        slopes = np.diff(values) / np.diff(at)
        # numpy.interp may overshoot the next point by a rounding, and the curve would fall there.
        found: Floats = np.minimum(values[left] + slopes[left] * (p - at[left]), values[left + 1])
        return found


def fit_curve(p: Floats, t: Floats) -> Curve:
    """Return the points of the best rising curve, for probabilities and targets (n,)."""
    at, values = pool(p, _logistic.smooth(t))
    if at[0] > 0:
        at, values = np.append(0, at), np.append(values[0], values)
    if at[-1] < 1:
        at, values = np.append(at, 1), np.append(values, values[-1])
    leaning = (1 - LEAN) * values + LEAN * at
    return Curve(at=tuple(at.tolist()), values=tuple(leaning.tolist()))


def pool(p: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Return the mean probability and the mean target of each step, both rising.

    The steps are those of the least squares fit: adjacent ones that don't rise are pooled until all
    do, in whatever order (Ayer et al., 1955); here all such at once, again and again.
    """
    at, places, counts = np.unique(p, return_inverse=True, return_counts=True)
    sums = np.bincount(places, weights=t)
    weighted = at * counts
    while True:
        rates = sums / counts
        starts = np.flatnonzero(np.append(True, rates[1:] > rates[:-1]))
        if len(starts) == len(rates):
            return weighted / counts, rates
        sums, weighted, counts = (
            np.add.reduceat(values, starts) for values in (sums, weighted, counts)
        )


def fit(
    config: Config,  # noqa: ARG001 - every calibration has the same shape
    probabilities: NDArray[np.float32],
    targets: NDArray[np.float32],
    labels: Labels,
) -> PerLabel:
    """Fit a curve a label on probabilities and targets (n, C)."""
    return _per_label.fit("isotonic", fit_curve, probabilities, targets, labels)


def restore(saved: Mapping[str, object], labels: Labels) -> PerLabel:
    """Return the calibration that `to_json` described."""
    return _per_label.restore("isotonic", [Curve], saved, labels)
