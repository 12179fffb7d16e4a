"""Calibrations: from probabilities to ones that come true as often as they say. numpy only.

A calibration is one file here with a `Config`, `fit(config, probabilities, targets, labels)` and
`restore(saved, labels)`, both of which return a `Calibration`. It is saved with the model, keyed by
label name, and applied before the decision, identically by every interface and backend.

Each of them keeps a label's ranking: where a probability rises, the calibrated one never falls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from overtone.config import find_plugin, parse
from overtone.labels import Labels


class Calibration(Protocol):
    """What every calibration offers."""

    def calibrate(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return calibrated probabilities, (n, C) in [0, 1], for probabilities (n, C)."""

    def to_json(self) -> dict[str, object]:
        """Return what `restore` takes; the key `name` names the plugin."""


def fit(
    name: str,
    options: Mapping[str, object],
    probabilities: NDArray[np.float32],
    targets: NDArray[np.float32],
    labels: Labels,
) -> Calibration:
    """Fit the calibration called `name` on probabilities and truth, both (n, C).

    Targets lie in [0, 1]; NaN is not annotated and teaches nothing. Fit it on texts that the model
    was not trained on: on those it knows, a model's probabilities are better than they are.

    Raises:
        InputError: there is no such calibration.
        ConfigError: the options are not its options.
        ValueError: the arrays differ in shape or from the labels, or hold something else than
            shares where there is a target.

    """
    module = find_plugin(__name__, name)
    config = parse(module.Config, options, where="calibration")
    if not probabilities.shape == targets.shape == (len(targets), len(labels)):
        raise ValueError(
            f"expected probabilities and targets (n, {len(labels)}), found shapes "
            f"{probabilities.shape} and {targets.shape}"
        )
    known = ~np.isnan(targets)
    for what, values in (("probabilities", probabilities[known]), ("targets", targets[known])):
        if not ((values >= 0) & (values <= 1)).all():
            raise ValueError(f"expected {what} between 0 and 1, found others or NaN among them")
    calibration: Calibration = module.fit(config, probabilities, targets, labels)
    return calibration


def restore(saved: Mapping[str, object], labels: Labels) -> Calibration:
    """Return the calibration that `to_json` described.

    Raises:
        InputError: it names no calibration that exists, or lacks something.

    """
    calibration: Calibration = find_plugin(__name__, str(saved.get("name"))).restore(saved, labels)
    return calibration
