"""One threshold for all labels: a label is on where its probability is above it. SpanEmo uses 0.5.

Nothing is fitted; a threshold is chosen by the user.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overtone.config import Share, parse
from overtone.labels import Labels


@dataclass(frozen=True, kw_only=True)
class Config:
    """The threshold."""

    threshold: Share = 0.5
    """A label is on where its probability is above this."""


class Threshold:
    """The same threshold for every label."""

    def __init__(self, config: Config) -> None:
        """Store the threshold."""
        self.config = config

    def decide(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which labels are on, (n, C)."""
        return probabilities > self.config.threshold

    def to_json(self) -> dict[str, object]:
        """Return what `restore` takes."""
        return {"name": "threshold", "threshold": self.config.threshold}


def fit(
    config: Config,
    probabilities: NDArray[np.float32],  # noqa: ARG001 - every decision has the same shape
    targets: NDArray[np.float32],  # noqa: ARG001
    labels: Labels,  # noqa: ARG001
) -> Threshold:
    """Return the configured threshold: there is nothing to fit."""
    return Threshold(config)


def restore(saved: Mapping[str, object], labels: Labels) -> Threshold:  # noqa: ARG001
    """Return the decision that `to_json` described."""
    options = {key: value for key, value in saved.items() if key != "name"}
    return Threshold(parse(Config, options, where="decision"))
