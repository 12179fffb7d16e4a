"""Temperature scaling: every logit divided by one number, which never changes what is above 0.5.

Source: Guo, Pleiss, Sun & Weinberger, On Calibration of Modern Neural Networks (ICML 2017), section
4.2, for one sigmoid a label in place of a softmax: the temperature with the least log loss over all
annotated cells. The targets are smoothed as Platt's are, so that one is found whatever the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from overtone.calibration import _logistic, _per_label
from overtone.calibration._logistic import SLOPES
from overtone.calibration._per_label import Floats, PerLabel, Unchanged
from overtone.config import Range
from overtone.labels import Labels


@dataclass(frozen=True, kw_only=True)
class Config:
    """One temperature or several."""

    per_label: bool = False
    """Whether each label has a temperature of its own, or all have the same."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A logit divided by a temperature."""

    name: ClassVar[str] = "temperature"
    temperature: Annotated[float, Range(1 / SLOPES[1], 1 / SLOPES[0])]
    """Above 1 probabilities move towards 0.5, below 1 away from it."""

    def __call__(self, p: Floats) -> Floats:
        """Return the calibrated probabilities, (n,)."""
        return _logistic.sigmoid(_logistic.logit(p) / self.temperature)


def fit_curve(p: Floats, t: Floats) -> Curve:
    """Return the temperature with the least log loss, for probabilities and targets (n,)."""
    z = _logistic.logit(p)
    size = max(float(np.sqrt(np.mean(z**2))), 1e-9)
    (slope,) = _logistic.fit(z[:, None] / size, _logistic.smooth(t)) / size
    # The loss is convex: where the best lies outside the bounds, the nearer bound is best.
    return Curve(temperature=1 / float(np.clip(slope, *SLOPES)))


def fit(
    config: Config,
    probabilities: NDArray[np.float32],
    targets: NDArray[np.float32],
    labels: Labels,
) -> PerLabel:
    """Fit one temperature, or one a label, on probabilities and targets (n, C)."""
    if config.per_label:
        return _per_label.fit("temperature", fit_curve, probabilities, targets, labels)
    known = ~np.isnan(targets)
    p, t = probabilities[known].astype(np.float64), targets[known].astype(np.float64)
    several = len(targets) > 1 and _per_label.rarer(t) >= 1
    curve = fit_curve(p, t) if several else Unchanged()
    return PerLabel("temperature", dict.fromkeys(labels.names, curve))


def restore(saved: Mapping[str, object], labels: Labels) -> PerLabel:
    """Return the calibration that `to_json` described."""
    return _per_label.restore("temperature", [Curve], saved, labels)
