"""No calibration: the model's probabilities as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overtone.config import parse
from overtone.labels import Labels


@dataclass(frozen=True, kw_only=True)
class Config:
    """There is nothing to choose."""


class Uncalibrated:
    """The model's probabilities as they are."""

    def calibrate(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the same probabilities, (n, C)."""
        return probabilities

    def to_json(self) -> dict[str, object]:
        """Return what `restore` takes."""
        return {"name": "none"}


def fit(
    config: Config,  # noqa: ARG001 - every calibration has the same shape
    probabilities: NDArray[np.float32],  # noqa: ARG001
    targets: NDArray[np.float32],  # noqa: ARG001
    labels: Labels,  # noqa: ARG001
) -> Uncalibrated:
    """Return what changes nothing: there is nothing to fit."""
    return Uncalibrated()


def restore(saved: Mapping[str, object], labels: Labels) -> Uncalibrated:  # noqa: ARG001
    """Return what changes nothing."""
    parse(Config, {key: value for key, value in saved.items() if key != "name"}, "calibration")
    return Uncalibrated()
