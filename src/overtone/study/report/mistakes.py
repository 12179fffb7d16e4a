"""A model's worst mistakes: the texts on which it was surest of what isn't so."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from overtone.errors import OvertoneError
from overtone.study import splits
from overtone.study.results import Group

log = logging.getLogger(__name__)

MOST = 15
LONGEST = 400
"""Characters of a text that are shown."""
CLOSEST = 1e-6


@dataclass(frozen=True)
class Mistake:
    """One text."""

    text: str
    missed: tuple[tuple[str, float], ...]
    """Labels that it carries and the model doesn't say, with their probabilities."""
    invented: tuple[tuple[str, float], ...]
    """Labels that the model says and it doesn't carry."""
    right: tuple[str, ...]
    """Labels that it carries and the model says."""


def worst(group: Group, most: int = MOST) -> list[Mistake]:
    """Return the texts with the highest log loss, summed over labels, that are not decided right.

    The texts are read from the data; where these are not there, or others now, there are none.
    """
    found = group.results[0].predictions
    try:
        split = splits.test(group.results[0].cell)
    except OvertoneError as error:
        log.warning("no mistakes are shown of %s: %s", group.dataset, error)
        return []
    texts = dict(zip(split.ids, split.texts, strict=True))
    known = ~np.isnan(found.truth)
    truth = np.nan_to_num(found.truth) > 0.5  # noqa: PLR2004
    said = found.decided & known
    sure = np.where(truth, found.probabilities, 1 - found.probabilities).clip(CLOSEST, 1)
    losses = np.where(known, -np.log(sure), 0).sum(axis=1)
    wrong = (truth != said).any(axis=1)
    rows = [row for row in np.argsort(-losses, kind="stable") if wrong[row]]
    rows = [row for row in rows if found.ids[row] in texts][:most]

    def named(row: int, on: np.ndarray) -> tuple[tuple[str, float], ...]:
        return tuple(
            (found.labels[c], float(found.probabilities[row, c])) for c in np.flatnonzero(on)
        )

    return [
        Mistake(
            _cut(texts[found.ids[row]]),
            named(row, truth[row] & ~said[row]),
            named(row, said[row] & ~truth[row]),
            tuple(found.labels[c] for c in np.flatnonzero(truth[row] & said[row])),
        )
        for row in rows
    ]


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
