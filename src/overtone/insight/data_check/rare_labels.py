"""Labels on too few texts to be learnt, or to be scored with any certainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overtone.config import Count
from overtone.insight.data_check import Finding
from overtone.insight.data_check.corpus import ON, TRAIN, Corpus

TITLE = "Rare labels"
LEVEL = "warning"
ADVICE = (
    "Gather more such texts, merge the label with a neighbour, or leave it out. A score on ten "
    "texts moves by ten points with each."
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """What may be chosen."""

    learn: Count = 20
    """Fewer texts of train with a label, or without it, are too few to learn it."""
    score: Count = 10
    """Fewer texts of another split are too few to score it."""


def find(config: Config, corpus: Corpus) -> list[Finding]:
    """Return one finding a split and label, with the rows that there are."""
    found = []
    for split in corpus.splits:
        if split.targets is None:
            continue
        learns = split.name in TRAIN
        fewest, aim = (config.learn, "learn") if learns else (config.score, "score")
        rows = corpus.rows(split)
        for column, name in enumerate(corpus.names):
            cells = split.targets[:, column]
            for on, such in ((True, "texts that carry it"), (False, "texts that don't")):
                there = np.flatnonzero(cells > ON if on else cells <= ON)
                if len(there) < fewest:
                    found.append(
                        Finding(
                            what=f"too rare to {aim}",
                            rows=tuple(rows[there].tolist()),
                            said=f"{split.name}, {such}: {len(there)}",
                            labels=(name,),
                            score=len(there),
                        )
                    )
    return sorted(found, key=lambda finding: finding.score or 0)
