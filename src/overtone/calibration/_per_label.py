"""One curve a label: fitted where it is annotated, saved by its name, applied to its column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from overtone.config import parse
from overtone.errors import BundleError
from overtone.labels import Labels

Floats = NDArray[np.float64]


class Curve(Protocol):
    """A label's way from probability to probability: a frozen dataclass whose fields are saved."""

    name: ClassVar[str]

    def __call__(self, p: Floats) -> Floats:
        """Return calibrated probabilities, (n,), which never fall as `p` rises."""


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """The curve of a label that nothing can be learnt about."""

    name: ClassVar[str] = "none"

    def __call__(self, p: Floats) -> Floats:
        """Return the probabilities as they are."""
        return p


FitCurve = Callable[[Floats, Floats], Curve]
"""Probabilities and targets of one label's annotated texts, (n,) each, to its curve."""


class PerLabel:
    """A calibration that is one curve a label."""

    def __init__(self, name: str, curves: Mapping[str, Curve]) -> None:
        """Store the plugin's name and the curves, in the labels' order."""
        self.name, self.curves = name, curves

    def calibrate(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return calibrated probabilities, (n, C)."""
        columns = probabilities.T.astype(np.float64)
        found = [curve(p) for curve, p in zip(self.curves.values(), columns, strict=True)]
        return np.stack(found, axis=1).astype(np.float32)

    def to_json(self) -> dict[str, object]:
        """Return what `restore` takes."""
        return {
            "name": self.name,
            "labels": {
                label: {"name": curve.name, **asdict(curve)}  # type: ignore[call-overload]
                for label, curve in self.curves.items()
            },
        }


def fit(
    name: str,
    fit_curve: FitCurve,
    probabilities: NDArray[np.float32],
    targets: NDArray[np.float32],
    labels: Labels,
) -> PerLabel:
    """Fit a curve a label on probabilities and targets, (n, C) each, where there is a target.

    A label without one positive's or one negative's worth of targets stays as it is.
    """
    curves: dict[str, Curve] = {}
    for label, p, t in zip(labels.names, probabilities.T, targets.T, strict=True):
        known = ~np.isnan(t)
        p, t = p[known].astype(np.float64), t[known].astype(np.float64)  # noqa: PLW2901
        curves[label] = fit_curve(p, t) if rarer(t) >= 1 else Unchanged()
    return PerLabel(name, curves)


def rarer(targets: Floats) -> float:
    """Return how many positives there are, or negatives where those are fewer; soft ones add up."""
    positives = float(targets.sum())
    return min(positives, len(targets) - positives)


def restore(
    name: str, kinds: Iterable[type[Curve]], saved: Mapping[str, object], labels: Labels
) -> PerLabel:
    """Return the calibration that `PerLabel.to_json` described.

    Args:
        name: the plugin's.
        kinds: the curves that it may have; `Unchanged` needn't be among them.
        saved: what was saved.
        labels: the model's.

    Raises:
        BundleError: a label is missing or additional, or a curve is of no such kind.
        ConfigError: a curve's values are missing, additional, or not what they must be.

    """
    tables = saved.get("labels")
    if not isinstance(tables, dict) or saved.keys() != {"name", "labels"}:
        raise BundleError(
            f"the saved calibration {name} has the keys {', '.join(map(repr, saved))}, expected "
            "'name' and a table 'labels'; don't use this bundle"
        )
    if tables.keys() != set(labels.names):
        raise BundleError(
            f"the saved calibration {name} is for the labels {', '.join(map(repr, tables))}, the "
            f"model's are {', '.join(map(repr, labels.names))}; don't use this bundle"
        )
    known: dict[str, type[Curve]] = {kind.name: kind for kind in kinds}
    known[Unchanged.name] = Unchanged
    curves: dict[str, Curve] = {}
    for label in labels.names:
        table = tables[label]
        kind = known.get(str(table.get("name"))) if isinstance(table, dict) else None
        if kind is None:
            raise BundleError(
                f"the saved calibration {name} of the label {label!r} is none of "
                f"{', '.join(known)}; don't use this bundle"
            )
        values = {key: value for key, value in table.items() if key != "name"}
        curves[label] = parse(kind, values, where=f"calibration.labels.{label}")
    return PerLabel(name, curves)
