"""A threshold for each label, fitted for a score, or for a floor of precision or recall.

Source: Yang, A Study of Thresholding Strategies for Text Categorization (SIGIR 2001), SCut; Fan &
Lin, A Study on Threshold Selection for Multi-label Classification (2007), for scores that labels
share, one label after another until nothing changes.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from overtone.config import NotNegative, Share, parse
from overtone.decision import _saved, threshold
from overtone.decision._aims import Bools, Floats, gains, truth_of
from overtone.errors import InputError
from overtone.labels import Labels

log = logging.getLogger(__name__)

ROUNDS = 5
"""Most times that all labels' thresholds are looked at again; two or three do."""
NEVER, ALWAYS = 1.0, 0.0
"""Thresholds of a label that reaches no floor of precision, or of recall."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """What the thresholds are fitted for."""

    aim: Literal["f1_macro", "f1_micro", "jaccard", "jaccard_zero", "precision", "recall"] = (
        "f1_macro"
    )
    """The score; with precision or recall, each label gets the threshold that finds most, or errs
    least, while it keeps to the floor."""
    floor: Share = 0.8
    """The floor of precision or recall, for these two aims."""
    shrinkage: NotNegative = 10.0
    """Positives at which a label's threshold stands half-way between its own best one and that of
    all labels together, so that a label with few of them doesn't learn them by heart."""
    thresholds: dict[str, Share] = field(default_factory=dict)
    """Thresholds by label name that are set, not fitted."""


class PerLabel:
    """A threshold for each label."""

    def __init__(self, thresholds: NDArray[np.float32], labels: Labels) -> None:
        """Store the thresholds, (C,)."""
        self.thresholds = thresholds
        self.labels = labels
        self.fitted = True

    def decide(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which labels are on, (n, C)."""
        return np.asarray(probabilities > self.thresholds)

    def to_json(self) -> dict[str, object]:
        """Return what `restore` takes."""
        return {"name": "per_label", "thresholds": _saved.by_name(self.thresholds, self.labels)}


def fit(
    config: Config,
    probabilities: NDArray[np.float32],
    targets: NDArray[np.float32],
    labels: Labels,
) -> PerLabel:
    """Find each label's threshold.

    Raises:
        InputError: a threshold is set for what is no label.

    """
    if unknown := sorted(set(config.thresholds) - set(labels.names)):
        raise InputError(
            f"decision.thresholds has {', '.join(unknown)}, which is no label; there are: "
            f"{', '.join(labels.names)}"
        )
    truth, annotated = truth_of(targets)
    if config.aim in {"precision", "recall"}:
        found = _on_floor(config, probabilities, truth, annotated, labels)
    else:
        found = _best(config, probabilities, truth, annotated)
    for name, value in config.thresholds.items():
        found[labels.names.index(name)] = value
    return PerLabel(found.astype(np.float32), labels)


def restore(saved: Mapping[str, object], labels: Labels) -> PerLabel:
    """Return the decision that `to_json` described.

    Raises:
        InputError: a threshold is missing, or out of bounds.

    """
    _saved.check_keys(saved, ("name", "thresholds"))
    found = _saved.numbers(saved, "thresholds", labels)
    # The same bounds and the same message as for those that a user sets.
    parse(Config, {"thresholds": _saved.by_name(found, labels)}, where="decision")
    return PerLabel(found.astype(np.float32), labels)


def _best(
    config: Config, probabilities: NDArray[np.float32], truth: Bools, annotated: Bools
) -> Floats:
    """Return the thresholds, (C,), with the best score, those of rare labels shrunk."""
    if not annotated.any():
        return np.full(truth.shape[1], 0.5)
    common = threshold.best(config.aim, probabilities, truth, annotated)
    found = np.full(truth.shape[1], common)
    orders = [_by_probability(probabilities, annotated, c) for c in range(truth.shape[1])]
    for _ in range(ROUNDS):
        before = found.copy()
        for c, order in enumerate(orders):
            decided = (probabilities > found) & annotated
            values = gains(config.aim, truth, decided, c, order)
            found[c] = _cut(values, probabilities[order, c], found[c])
        # With macro F1 labels don't touch each other: once is enough.
        if config.aim == "f1_macro" or np.array_equal(found, before):
            break
    positives = truth.sum(axis=0)
    own = positives / np.maximum(positives + config.shrinkage, 1e-9)
    shrunk = _logit(common) + own * (_logit(found) - _logit(common))
    # Untouched where there is nothing to shrink: not even by rounding.
    return np.where(own == 1, found, 1 / (1 + np.exp(-shrunk)))


def _on_floor(
    config: Config,
    probabilities: NDArray[np.float32],
    truth: Bools,
    annotated: Bools,
    labels: Labels,
) -> Floats:
    """Return the thresholds, (C,), that keep to a floor.

    As if one text more had been decided wrongly: a few lucky ones don't make a floor.
    """
    found = np.empty(truth.shape[1])
    for c, name in enumerate(labels.names):
        order = _by_probability(probabilities, annotated, c)
        hits = np.concatenate([[0], np.cumsum(truth[order, c])])
        on = np.arange(len(order) + 1)
        exact = config.aim == "precision"
        reached = hits / (on + 1 if exact else hits[-1] + 1) >= config.floor
        reached &= _allowed(probabilities[order, c])
        if not reached.any():
            found[c] = NEVER if exact else ALWAYS
            log.warning(
                "%s: no threshold has a %s of %g on the %d texts that carry it; it is %s now",
                name, config.aim, config.floor, hits[-1], "never on" if exact else "always on",
            )  # fmt: skip
            continue
        # The largest cut finds most; the smallest one errs least.
        cuts = np.flatnonzero(reached)
        found[c] = _between(probabilities[order, c], int(cuts[-1] if exact else cuts[0]))
    return found


def _by_probability(
    probabilities: NDArray[np.float32], annotated: Bools, label: int
) -> NDArray[np.int64]:
    """Return the rows where a label is annotated, most probable first."""
    rows = np.flatnonzero(annotated[:, label])
    return rows[np.argsort(-probabilities[rows, label], kind="stable")]


def _cut(values: Floats, descending: NDArray[np.float32], now: float) -> float:
    """Return the threshold of the best cut; the one that holds now where none is better."""
    values = np.where(_allowed(descending), values, -np.inf)
    current = int((descending > now).sum())
    best = int(values.argmax())
    if values[best] <= values[current] + 1e-12:
        return now
    return _between(descending, best)


def _allowed(descending: NDArray[np.float32]) -> Bools:
    """Return which cuts, (m + 1,), a threshold can make: none between equal probabilities."""
    return np.concatenate([[True], descending[1:] < descending[:-1], [True]])[: len(descending) + 1]


def _between(descending: NDArray[np.float32], cut: int) -> float:
    """Return the threshold in the middle between the last that is on and the first that is off."""
    ends = np.concatenate([[1.0], descending.astype(np.float64), [0.0]])
    return float((ends[cut] + ends[cut + 1]) / 2)


def _logit(p: Floats | float) -> Floats:
    inside = np.clip(p, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inside / (1 - inside)))
