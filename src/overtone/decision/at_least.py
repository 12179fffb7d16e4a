"""A threshold, but never fewer labels than some: the most probable ones are on where too few are.

For users to whom "nothing" is no answer. A text that carries no label gets one all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from overtone.config import Count, Share, parse
from overtone.labels import Labels


@dataclass(frozen=True, kw_only=True)
class Config:
    """The threshold and the number."""

    threshold: Share = 0.5
    """A label is on where its probability is above this."""
    count: Count = 1
    """Labels that are on at least; all of them where the model has no more."""


class AtLeast:
    """A threshold that the most probable labels needn't reach."""

    fitted = False

    def __init__(self, config: Config) -> None:
        """Store the options."""
        self.config = config

    def decide(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which labels are on, (n, C); of equally probable ones the first."""
        on = probabilities > self.config.threshold
        first = np.argsort(-probabilities, axis=1, kind="stable")[:, : self.config.count]
        np.put_along_axis(on, first, values=True, axis=1)
        return on

    def to_json(self) -> dict[str, object]:
        """Return what `restore` takes."""
        return {"name": "at_least", **asdict(self.config)}


def fit(
    config: Config,
    probabilities: NDArray[np.float32],  # noqa: ARG001 - every decision has the same shape
    targets: NDArray[np.float32],  # noqa: ARG001
    labels: Labels,  # noqa: ARG001
) -> AtLeast:
    """Return the configured decision: there is nothing to fit."""
    return AtLeast(config)


def restore(saved: Mapping[str, object], labels: Labels) -> AtLeast:  # noqa: ARG001
    """Return the decision that `to_json` described."""
    options = {key: value for key, value in saved.items() if key != "name"}
    return AtLeast(parse(Config, options, where="decision"))
