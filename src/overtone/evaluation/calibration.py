"""How far probabilities can be taken at their word: ECE, Brier score, log loss, reliability.

Sources: reliability curves, DeGroot & Fienberg (The Statistician 32, 1983); the expected
calibration error over bins of the positive class's probability, Naeini, Cooper & Hauskrecht (AAAI
2015), with the fifteen bins of Guo et al. (ICML 2017); Brier (Monthly Weather Review 78, 1950), in
the form for two outcomes, mean (p - t)^2, between 0 and 1.

Each label's probability is a forecast of its own, so nothing here depends on which label is
highest. A soft target counts as it is: the rate of a bin is the mean of its targets.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from overtone.labels import Labels

Floats = NDArray[np.float64]

BINS = 15

CLOSEST = float(np.finfo(np.float32).eps)
"""To 0 and 1, where log loss is taken; as scikit-learn does for single precision."""


@dataclass(frozen=True)
class Bin:
    """Forecasts of about the same probability."""

    probability: float
    """Their mean."""
    rate: float
    """The share that came true."""
    count: int


@dataclass(frozen=True)
class Reliability:
    """How far one label's probabilities can be taken at their word; None where n is 0."""

    n: int
    """Annotated texts."""
    positives: float
    """Texts that carry the label; soft targets add up."""
    expected: float
    """How many they would be by the probabilities."""
    ece: float | None
    """Mean distance of the bins' rates from their probabilities, weighted by count."""
    brier: float | None
    log_loss: float | None
    """In nats."""
    curve: tuple[Bin, ...]
    """The bins that aren't empty, by probability."""

    def to_json(self) -> dict[str, object]:
        """Return everything as JSON values."""
        return {**asdict(self), "curve": [asdict(one) for one in self.curve]}


@dataclass(frozen=True)
class CalibrationScores:
    """Each label's reliability, and that of all forecasts together."""

    bins: int
    equal_mass: bool
    """Whether bins hold equally many forecasts, or have equal width."""
    pooled: Reliability
    """All annotated cells as forecasts of one kind; labels' opposite errors cancel out in it."""
    per_label: dict[str, Reliability]

    @property
    def ece_mean(self) -> float:
        """Return the mean of the labels' ECE, in which nothing cancels out."""
        return float(np.mean([one.ece for one in self.per_label.values() if one.ece is not None]))

    def to_json(self) -> dict[str, object]:
        """Return everything as JSON values."""
        return {
            "bins": self.bins,
            "equal_mass": self.equal_mass,
            "ece_mean": self.ece_mean,
            "pooled": self.pooled.to_json(),
            "per_label": {name: one.to_json() for name, one in self.per_label.items()},
        }


def measure(
    targets: NDArray[np.float32],
    probabilities: NDArray[np.float32],
    labels: Labels,
    *,
    bins: int = BINS,
    equal_mass: bool = False,
) -> CalibrationScores:
    """Measure probabilities (n, C) against targets (n, C).

    Args:
        targets: in [0, 1]; NaN where not annotated.
        probabilities: in [0, 1].
        labels: of the columns.
        bins: of the reliability curve and the ECE.
        equal_mass: make bins that hold equally many forecasts, as far as equal ones allow (Nguyen &
            O'Connor, EMNLP 2015), in place of bins of equal width.

    Raises:
        ValueError: the arrays differ in shape or from the labels, or no cell is annotated.

    """
    if not targets.shape == probabilities.shape == (len(targets), len(labels)):
        raise ValueError(
            f"expected targets and probabilities (n, {len(labels)}), found shapes {targets.shape} "
            f"and {probabilities.shape}"
        )
    known = ~np.isnan(targets)
    if not known.any():
        raise ValueError("expected truth to measure against, found no annotated cell")
    p, t = probabilities.astype(np.float64), targets.astype(np.float64)
    return CalibrationScores(
        bins,
        equal_mass,
        _reliability(p[known], t[known], bins, equal_mass=equal_mass),
        {
            name: _reliability(p[rows, c], t[rows, c], bins, equal_mass=equal_mass)
            for c, (name, rows) in enumerate(zip(labels.names, known.T, strict=True))
        },
    )


def _reliability(p: Floats, t: Floats, bins: int, *, equal_mass: bool) -> Reliability:
    """Measure forecasts (n,) against targets (n,)."""
    n = len(p)
    if n == 0:
        return Reliability(0, 0.0, 0.0, None, None, None, ())
    curve = _curve(p, t, bins, equal_mass=equal_mass)
    q = np.clip(p, CLOSEST, 1 - CLOSEST)
    return Reliability(
        n=n,
        positives=float(t.sum()),
        expected=float(p.sum()),
        ece=sum(one.count * abs(one.rate - one.probability) for one in curve) / n,
        brier=float(np.mean((p - t) ** 2)),
        log_loss=float(-np.mean(t * np.log(q) + (1 - t) * np.log1p(-q))),
        curve=curve,
    )


def _curve(p: Floats, t: Floats, bins: int, *, equal_mass: bool) -> tuple[Bin, ...]:
    """Return the bins that aren't empty; each holds what is above its left end, up to its right."""
    inner = np.linspace(0, 1, bins + 1)[1:-1]
    ends = np.unique(np.quantile(p, inner)) if equal_mass else inner
    places = np.searchsorted(ends, p, side="left")
    counts, ps, ts = (np.bincount(places, weights=w) for w in (np.ones_like(p), p, t))
    return tuple(
        Bin(float(ps[b] / counts[b]), float(ts[b] / counts[b]), int(counts[b]))
        for b in np.flatnonzero(counts)
    )
