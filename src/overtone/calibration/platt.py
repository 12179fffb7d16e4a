"""Platt scaling: a straight line through each label's logits, which also moves its base rate.

Source: Platt, Probabilistic Outputs for Support Vector Machines and Comparisons to Regularized
Likelihood Methods (Advances in Large Margin Classifiers, 1999), section 2.2, with the smoothed
targets; on logits in place of a machine's margins. The slope stays above 0, so that ranks are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from overtone.calibration import _logistic, _per_label
from overtone.calibration._logistic import SLOPES
from overtone.calibration._per_label import Floats, PerLabel
from overtone.config import Range
from overtone.labels import Labels


@dataclass(frozen=True, kw_only=True)
class Config:
    """There is nothing to choose."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A line through the logits: slope * logit + intercept."""

    name: ClassVar[str] = "platt"
    slope: Annotated[float, Range(*SLOPES)]
    """The inverse of a temperature."""
    intercept: float
    """What is added; above 0 the label becomes more probable everywhere."""

    def __call__(self, p: Floats) -> Floats:
        """Return the calibrated probabilities, (n,)."""
        return _logistic.sigmoid(self.slope * _logistic.logit(p) + self.intercept)


def fit_curve(p: Floats, t: Floats) -> Curve:
    """Return the line with the least log loss, for probabilities and targets (n,)."""
    z, t = _logistic.logit(p), _logistic.smooth(t)
    middle = z.mean()
    z, one = z - middle, np.ones((len(z), 1))
    slope = 1.0  # where all probabilities are the same, only the intercept has anything to say
    if p.min() < p.max():
        size = z.std()
        best, _ = _logistic.fit(np.hstack([z[:, None] / size, one]), t)
        # The loss is convex: where the best lies outside the bounds, the nearer bound is best.
        slope = float(np.clip(best / size, *SLOPES))
    (height,) = _logistic.fit(one, t, offset=slope * z)
    return Curve(slope=slope, intercept=float(height - slope * middle))


def fit(
    config: Config,  # noqa: ARG001 - every calibration has the same shape
    probabilities: NDArray[np.float32],
    targets: NDArray[np.float32],
    labels: Labels,
) -> PerLabel:
    """Fit a line a label on probabilities and targets (n, C)."""
    return _per_label.fit("platt", fit_curve, probabilities, targets, labels)


def restore(saved: Mapping[str, object], labels: Labels) -> PerLabel:
    """Return the calibration that `to_json` described."""
    return _per_label.restore("platt", [Curve], saved, labels)
