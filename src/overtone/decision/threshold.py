"""One threshold for all labels: a label is on where its probability is above it. SpanEmo uses 0.5.

The user chooses it, or what it is to be the best for on the texts that it is fitted on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from overtone.config import Share, parse
from overtone.decision._aims import score, truth_of
from overtone.labels import Labels

CANDIDATES = 199
"""Thresholds that are tried: quantiles of the probabilities that matter; beside them one half."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """The threshold, or what it is fitted for."""

    threshold: Share = 0.5
    """A label is on where its probability is above this."""
    aim: Literal["", "jaccard", "jaccard_zero", "f1_micro", "f1_macro"] = ""
    """The score for which the best threshold is taken instead; empty leaves it as it is."""


class Threshold:
    """The same threshold for every label."""

    def __init__(self, config: Config) -> None:
        """Store the threshold."""
        self.config = config

    @property
    def fitted(self) -> bool:
        """Return whether texts have decided about it."""
        return bool(self.config.aim)

    def decide(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which labels are on, (n, C)."""
        return probabilities > self.config.threshold

    def to_json(self) -> dict[str, object]:
        """Return what `restore` takes."""
        aim = {"aim": self.config.aim} if self.config.aim else {}
        return {"name": "threshold", "threshold": self.config.threshold, **aim}


def fit(
    config: Config,
    probabilities: NDArray[np.float32],
    targets: NDArray[np.float32],
    labels: Labels,  # noqa: ARG001 - every decision has the same shape
) -> Threshold:
    """Return the configured threshold, or the one with the best score."""
    truth, annotated = truth_of(targets)
    if not config.aim or not annotated.any():
        return Threshold(config)
    return Threshold(
        Config(threshold=best(config.aim, probabilities, truth, annotated), aim=config.aim)
    )


def best(
    aim: str,
    probabilities: NDArray[np.float32],
    truth: NDArray[np.bool_],
    annotated: NDArray[np.bool_],
) -> float:
    """Return the threshold with the best score; of equally good ones that nearest to one half."""

    def found(threshold: float) -> tuple[float, float]:
        value = score(aim, truth & annotated, (probabilities > threshold) & annotated)
        return round(value, 12), -abs(threshold - 0.5)

    # More labels than twice those that are present serve no score.
    most = 2 * int(truth.sum()) + 1
    highest = np.sort(probabilities[annotated])[::-1][:most].astype(np.float64)
    spread = np.quantile(highest, np.linspace(0, 1, CANDIDATES)).clip(0, 1)
    tried: list[float] = [0.5, *np.unique(spread).tolist()]
    return max(tried, key=found)


def restore(saved: Mapping[str, object], labels: Labels) -> Threshold:  # noqa: ARG001
    """Return the decision that `to_json` described."""
    options = {key: value for key, value in saved.items() if key != "name"}
    return Threshold(parse(Config, options, where="decision"))
