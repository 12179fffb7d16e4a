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
from overtone.errors import InputError
from overtone.labels import Labels

Thresholds = float | Mapping[str, float]
"""One threshold for all labels, or some labels' by name."""


class Decision(Protocol):
    """What every decision offers."""

    @property
    def fitted(self) -> bool:
        """Return whether the texts that it was fitted on had a say; it isn't to be scored there."""

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


def override(decision: Decision, thresholds: Thresholds, labels: Labels) -> Decision:
    """Return a decision in which some labels, or all, have thresholds of the user's own.

    Args:
        decision: what decides about the other labels.
        thresholds: one for all labels, or some labels' by name.
        labels: the model's.

    Raises:
        InputError: a threshold is for what is no label, or not between 0 and 1.

    """
    named = isinstance(thresholds, Mapping)
    given = dict(thresholds) if isinstance(thresholds, Mapping) else {"": thresholds}
    if unknown := [name for name in given if named and name not in labels.names]:
        raise InputError(
            f"a threshold is given for {', '.join(map(repr, unknown))}, which is no label; there "
            f"are: {', '.join(labels.names)}"
        )
    for name, value in given.items():
        # Written so that NaN is refused, too.
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            of = f" for {name}" if name else ""
            raise InputError(f"expected a threshold between 0 and 1{of}, found {value!r}")
    columns = [labels.names.index(name) for name in given] if named else range(len(labels))
    return _Overridden(
        decision,
        np.asarray(columns, dtype=np.int64),  # there may be none
        np.asarray([*given.values()], dtype=np.float32),
        len(labels),
    )


class _Overridden:
    """A decision whose columns for some labels are decided by thresholds instead."""

    def __init__(
        self,
        decision: Decision,
        columns: NDArray[np.int64],
        thresholds: NDArray[np.float32],
        labels: int,
    ) -> None:
        self._decision = decision
        self._columns = columns
        self._thresholds = thresholds
        self.fitted = decision.fitted and len(columns) < labels

    def decide(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
        on = self._decision.decide(probabilities)
        on[:, self._columns] = probabilities[:, self._columns] > self._thresholds
        return on

    def to_json(self) -> dict[str, object]:
        raise TypeError("thresholds of the moment are not saved; decision per_label's are")
