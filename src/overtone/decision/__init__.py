"""Decisions: from probabilities to the labels that are on. numpy only.

A decision is one file here with a `Config`, `fit(config, probabilities, targets, labels)` and
`restore(saved, labels)`, both of which return a `Decision`. It is saved with the model, keyed by
label name, and applied identically by every interface and backend.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from overtone.config import find_plugin, parse
from overtone.labels import Labels


class Decision(Protocol):
    """What every decision offers."""

    def decide(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which labels are on, (n, C), for probabilities (n, C)."""

    def to_json(self) -> dict[str, object]:
        """Return what `restore` takes; the key `name` names the plugin."""


def fit(
    name: str,
    options: Mapping[str, object],
    probabilities: NDArray[np.float32],
    targets: NDArray[np.float32],
    labels: Labels,
) -> Decision:
    """Fit the decision called `name` on probabilities and truth, both (n, C).

    Raises:
        InputError: there is no such decision.
        ConfigError: the options are not its options.

    """
    module = find_plugin(__name__, name)
    config = parse(module.Config, options, where="decision")
    decision: Decision = module.fit(config, probabilities, targets, labels)
    return decision


def restore(saved: Mapping[str, object], labels: Labels) -> Decision:
    """Return the decision that `to_json` described.

    Raises:
        InputError: it names no decision that exists, or lacks something.

    """
    decision: Decision = find_plugin(__name__, str(saved.get("name"))).restore(saved, labels)
    return decision
