"""Fit a calibration and a decision, and score them on texts that they were not fitted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overtone import calibration, decision
from overtone.bundle import Manifest
from overtone.calibration import Calibration
from overtone.data import Split
from overtone.decision import Decision, Thresholds
from overtone.evaluation import bootstrap, metrics
from overtone.experiment import fingerprint
from overtone.experiment.recipe import Section
from overtone.labels import Labels

FOLDS = 5
HALF = 0.5

Probabilities = NDArray[np.float32]
Decided = NDArray[np.bool_]


@dataclass(frozen=True)
class Way:
    """How a model's probabilities become labels: two sections of a recipe."""

    calibration: Section
    decision: Section

    @classmethod
    def of(cls, manifest: Manifest) -> Way:
        """Return the sections that a bundle was made with."""
        return cls(*(Section.of(manifest.config[kind]) for kind in ("calibration", "decision")))

    def fit(self, raw: Probabilities, targets: NDArray[np.float32], labels: Labels) -> Fitted:
        """Fit both on a model's probabilities and the truth, (n, C)."""
        calibrated = calibration.fit(
            self.calibration.name, self.calibration.options, raw, targets, labels
        )
        decided = decision.fit(
            self.decision.name, self.decision.options, calibrated.calibrate(raw), targets, labels
        )
        fitted = self.calibration.name != "none" or decided.fitted
        return Fitted(calibrated, decided, fitted=fitted)


@dataclass(frozen=True)
class Fitted:
    """A calibration and the decision on what it gives."""

    calibration: Calibration
    decision: Decision
    fitted: bool
    """Whether texts had a say, on which it is not to be scored then."""

    def apply(self, raw: Probabilities) -> tuple[Probabilities, Decided]:
        """Return calibrated probabilities and which labels are on, (n, C) each."""
        calibrated = self.calibration.calibrate(raw)
        return calibrated, self.decision.decide(calibrated)


def note(fitted: Fitted, split: Split) -> dict[str, object]:
    """Return what a bundle says about the texts of a fit, and `was_fitted_on` asks for."""
    if not fitted.fitted:
        return {}
    return {
        "dataset": split.dataset,
        "split": split.name,
        "texts": len(split),
        "sha256": fingerprint.of_texts(split.texts),
    }


def was_fitted_on(manifest: Manifest, split: Split) -> bool:
    """Return whether a bundle's calibration and decision were fitted on these very texts."""
    found = manifest.fitted_on.get("sha256")
    return found is not None and found == fingerprint.of_texts(split.texts)


def scores(
    way: Way,
    fitted: Fitted,
    raw: Probabilities,
    targets: NDArray[np.float32],
    labels: Labels,
    *,
    elsewhere: bool = False,
) -> dict[str, Any]:
    """Return a bundle's metrics on some texts: under `dev` the scores.

    They are cross-fitted, and say so, unless nothing was fitted or it was `elsewhere`, on other
    texts. Where anything was fitted, they hold the main ones of a threshold of 0.5: `at_half`.
    """
    if fitted.fitted and not elsewhere:
        probabilities, decided = cross_fit(way, raw, targets, labels)
        found: dict[str, Any] = {"cross_fitted": True}
    else:
        probabilities, decided = fitted.apply(raw)
        found = {}
    if fitted.fitted:
        found["at_half"] = main(metrics.score(targets, raw > HALF, raw, labels).to_json())
    return {"dev": metrics.score(targets, decided, probabilities, labels).to_json(), **found}


def notes(*, out_of_fold: int, cross_fitted: bool) -> list[str]:
    """Return in plain words what a model had of the very texts that it is scored on.

    Args:
        out_of_fold: how many it has learnt, which trainings are asked about that had not.
        cross_fitted: whether its decision was fitted on them.

    """
    found = []
    if out_of_fold:
        found.append(
            f"the model has learnt {out_of_fold} of these texts: about each of them a training of "
            "its soup decides that had not learnt it"
        )
    if cross_fitted:
        found.append(
            "what was fitted on these texts is cross-fitted: about each fifth of them a fit on the "
            "other four decides"
        )
    return found


def main(scores: Mapping[str, Any]) -> dict[str, float]:
    """Return the main ones of a model's scores."""
    return {name: scores[name] for name in bootstrap.SCORES}


def cross_fit(
    way: Way,
    raw: Probabilities,
    targets: NDArray[np.float32],
    labels: Labels,
    thresholds: Thresholds | None = None,
) -> tuple[Probabilities, Decided]:
    """Return what each fifth of the texts gets from a fit on the other four fifths.

    Args:
        way: what is fitted.
        raw: the model's probabilities, (n, C).
        targets: the truth, (n, C).
        labels: the model's labels.
        thresholds: what decides instead, for all labels or for some.

    Returns:
        Calibrated probabilities and which labels are on, (n, C) each.

    """
    probabilities, decided = np.empty_like(raw), np.zeros(raw.shape, dtype=np.bool_)
    # Shuffled: files are often sorted by what is in them.
    order = np.random.default_rng(0).permutation(len(raw))
    for fold in range(FOLDS):
        held_out = order[fold::FOLDS]
        rest = np.setdiff1d(order, held_out)
        fitted = way.fit(raw[rest], targets[rest], labels)
        probabilities[held_out], decided[held_out] = fitted.apply(raw[held_out])
        if thresholds is not None:
            changed = decision.override(fitted.decision, thresholds, labels)
            decided[held_out] = changed.decide(probabilities[held_out])
    return probabilities, decided
