"""For each label the calibration that does best on texts it was not fitted on.

Every label's annotated texts are dealt out to folds; none, temperature, platt and isotonic are
fitted on all folds but one and scored on that one, each in turn. The one with the least log loss
over all texts is fitted again on all of them. A label with few positives (or few negatives) gets
only the simple ones to choose from, and with fewer than one a fold it stays as it is.

Source: cross-validatory choice, Stone (Journal of the Royal Statistical Society B 36, 1974).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from overtone.calibration import _per_label, isotonic, platt, temperature
from overtone.calibration._per_label import FitCurve, Floats, PerLabel, Unchanged
from overtone.config import Range
from overtone.labels import Labels

ISOTONIC_FROM = 100
"""Positives (or negatives, where those are fewer) from which isotonic is tried."""

CLOSEST = float(np.finfo(np.float32).eps)
"""To 0 and 1, where log loss is taken, so that one wrong 0 doesn't make it infinite."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """How the folds are made."""

    folds: Annotated[int, Range(2)] = 5
    """Parts that each label's texts are dealt out to."""
    seed: Annotated[int, Range(0)] = 0
    """Decides which text is in which fold; nothing else does."""


def fit(
    config: Config,
    probabilities: NDArray[np.float32],
    targets: NDArray[np.float32],
    labels: Labels,
) -> PerLabel:
    """Choose and fit a curve a label on probabilities and targets (n, C)."""

    def fit_curve(p: Floats, t: Floats) -> _per_label.Curve:
        candidates = _candidates(_per_label.rarer(t), config.folds)
        # Of several that are equally good, min takes the first, the simplest.
        best = min(candidates, key=lambda one: held_out_loss(one, p, t, config))
        return best(p, t)

    return _per_label.fit("auto", fit_curve, probabilities, targets, labels)


def restore(saved: Mapping[str, object], labels: Labels) -> PerLabel:
    """Return the calibration that `to_json` described."""
    kinds = [temperature.Curve, platt.Curve, isotonic.Curve]
    return _per_label.restore("auto", kinds, saved, labels)


def held_out_loss(fit_curve: FitCurve, p: Floats, t: Floats, config: Config) -> float:
    """Return the summed log loss of curves on the folds that they were not fitted on.

    Args:
        fit_curve: fits a curve.
        p: one label's probabilities, (n,).
        t: its targets, (n,).
        config: of the folds.

    """
    folds = deal(t, config)
    loss = 0.0
    for fold in range(config.folds):
        out = folds == fold
        q = np.clip(fit_curve(p[~out], t[~out])(p[out]), CLOSEST, 1 - CLOSEST)
        loss -= float((t[out] * np.log(q) + (1 - t[out]) * np.log1p(-q)).sum())
    return loss


def deal(t: Floats, config: Config) -> NDArray[np.int64]:
    """Return each text's fold, from 0, (n,): the targets in order, dealt out like cards.

    So every fold has its share of the positives to within one, and of soft targets likewise.
    """
    chance = np.random.default_rng(config.seed).random(len(t))
    folds = np.empty(len(t), dtype=np.int64)
    folds[np.lexsort((chance, t))] = np.arange(len(t)) % config.folds
    return folds


def _candidates(rarer: float, folds: int) -> list[FitCurve]:
    """Return what is tried for a label with so many positives or negatives, the simplest first."""
    candidates: list[FitCurve] = [lambda _p, _t: Unchanged()]
    if rarer >= folds:
        candidates += [temperature.fit_curve, platt.fit_curve]
    if rarer >= ISOTONIC_FROM:
        candidates += [isotonic.fit_curve]
    return candidates
