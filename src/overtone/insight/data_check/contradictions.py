"""Equal texts with different labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overtone.config import Count
from overtone.insight.data_check import Finding
from overtone.insight.data_check.corpus import ON, Corpus

TITLE = "Contradicting labels"
LEVEL = "problem"
ADVICE = (
    "Decide which labels are right, or keep one row with the labels that most annotators gave. "
    "A cell that isn't annotated contradicts nothing."
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """What may be chosen."""

    fewest: Count = 1
    """Texts with fewer characters are left out."""


def find(config: Config, corpus: Corpus) -> list[Finding]:
    """Return one finding a text, those with most labels in doubt first."""
    found = []
    for rows in corpus.same:
        if len(rows) < 2 or len(corpus.texts[rows[0]].strip()) < config.fewest:  # noqa: PLR2004
            continue
        given = corpus.targets[rows]
        differ = (given > ON).any(axis=0) & (given <= ON).any(axis=0)  # NaN is neither
        if differ.any():
            names = tuple(corpus.names[column] for column in np.flatnonzero(differ))
            found.append(
                Finding(
                    what="labels differ",
                    rows=tuple(rows),
                    said=f"{len(rows)} times",
                    labels=names,
                    score=len(names),
                )
            )
    return sorted(found, key=lambda finding: -(finding.score or 0))
