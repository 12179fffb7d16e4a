"""How far an export is from the model that it was made from, and whether that is too far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overtone.errors import OvertoneError
from overtone.evaluation import bootstrap, metrics
from overtone.inference.predictor import Predictor

POINTS = 100
"""A score of 1 in points."""


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How much may change; None is any amount."""

    probability: float | None
    """Of any probability."""
    jaccard: float | None
    """Of the Jaccard score, in points; without truth, of the Jaccard of both models' labels."""


TOLERANCES = {
    "fp32": Tolerance(probability=1e-4, jaccard=0.3),
    "fp16": Tolerance(probability=2e-2, jaccard=0.3),
    "int8": Tolerance(probability=None, jaccard=0.3),
}
"""By precision, where nothing else is said."""


@dataclass(frozen=True, kw_only=True)
class Parity:
    """What changed from a model to its export."""

    texts_of: str
    """Which texts both were asked about."""
    texts: int
    largest_difference: float
    """Of all probabilities."""
    mean_difference: float
    labels_flipped: int
    """Decisions that came out differently."""
    share_flipped: float
    """Of all texts times labels."""
    agreement: float
    """The mean Jaccard of both models' labels."""
    scores: dict[str, tuple[float, float]]
    """The main scores before and after; empty where the truth isn't known."""

    def to_json(self) -> dict[str, object]:
        """Return what the bundle keeps."""
        return {**vars(self), "scores": {key: list(both) for key, both in self.scores.items()}}


def compare(
    original: Predictor,
    export: Predictor,
    texts: Sequence[str],
    truth: NDArray[np.float32] | None,
    texts_of: str,
) -> Parity:
    """Ask both models about some texts.

    Args:
        original: the model.
        export: what was made of it.
        texts: n of them.
        truth: (n, C) or None.
        texts_of: what to call the texts.

    """
    before, after = original.probabilities(texts), export.probabilities(texts)
    on_before, on_after = original.decide(before), export.decide(after)
    differences = np.abs(before - after)
    flipped = on_before != on_after
    scores: dict[str, tuple[float, float]] = {}
    if truth is not None:
        was = metrics.score(truth, on_before, before, original.labels).to_json()
        now = metrics.score(truth, on_after, after, original.labels).to_json()
        scores = {name: (float(was[name]), float(now[name])) for name in bootstrap.SCORES}  # type: ignore[arg-type]
    either = np.maximum((on_before | on_after).sum(axis=1), 1)
    same = np.where((on_before | on_after).any(axis=1), (on_before & on_after).sum(axis=1), 1)
    return Parity(
        texts_of=texts_of,
        texts=len(texts),
        largest_difference=float(differences.max(initial=0)),
        mean_difference=float(differences.mean()),
        labels_flipped=int(flipped.sum()),
        share_flipped=float(flipped.mean()),
        agreement=float((same / either).mean()),
        scores=scores,
    )


def check(found: Parity, tolerance: Tolerance) -> None:
    """Refuse what changed too much.

    Raises:
        OvertoneError: it did; the message says what and by how much.

    """
    problems = []
    # A difference that is no number is no small one.
    if tolerance.probability is not None and not found.largest_difference <= tolerance.probability:
        problems.append(
            f"a probability differs by {found.largest_difference:.2g}, more than "
            f"{tolerance.probability:g} (--tolerance)"
        )
    change = _jaccard_change(found)
    if tolerance.jaccard is not None and not change <= tolerance.jaccard:
        problems.append(
            f"the Jaccard score differs by {change:.2f} points, more than "
            f"{tolerance.jaccard:g} (--jaccard-tolerance)"
        )
    if problems:
        raise OvertoneError(
            f"the export is too far from the model on {found.texts} texts of {found.texts_of}: "
            f"{'; '.join(problems)}; {found.labels_flipped} labels flipped. Nothing was written: "
            "take a higher precision, other calibration texts, or allow more"
        )


def _jaccard_change(found: Parity) -> float:
    """Return how much the Jaccard score changed, in points."""
    if "jaccard" in found.scores:
        before, after = found.scores["jaccard"]
        return abs(after - before) * POINTS
    return (1 - found.agreement) * POINTS
