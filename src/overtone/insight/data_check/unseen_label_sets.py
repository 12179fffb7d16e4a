"""Sets of labels that stand in dev or test and never in train."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overtone.config import Count
from overtone.insight.data_check import Finding, NotCheckedError
from overtone.insight.data_check.corpus import ON, TRAIN, Corpus

TITLE = "Label sets that train lacks"
LEVEL = "note"
ADVICE = (
    "A model that learns labels together has not seen these together. Where they are many, divide "
    "anew with overtone data split, which is stratified over all labels."
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """What may be chosen."""

    fewest: Count = 1
    """Sets on fewer texts are left out."""


def find(config: Config, corpus: Corpus) -> list[Finding]:
    """Return one finding a set, the most frequent first; rows with gaps are left out."""
    known: set[bytes] = set()
    rows: dict[bytes, list[int]] = {}
    learns = {n for n, split in enumerate(corpus.splits) if split.name in TRAIN}
    whole = ~np.isnan(corpus.targets).any(axis=1)
    train = np.isin(corpus.split_of, list(learns))
    if not (whole & train).any() or not (whole & ~train).any():
        raise NotCheckedError("there is no train split with another one to compare it with")
    on = corpus.targets > ON
    for row in np.flatnonzero(whole):
        key = on[row].tobytes()
        if train[row]:
            known.add(key)
        else:
            rows.setdefault(key, []).append(int(row))
    found = []
    for key, those in rows.items():
        if key not in known and len(those) >= config.fewest:
            names = tuple(corpus.names[c] for c in np.flatnonzero(on[those[0]]))
            said = "" if names else "no label"
            found.append(
                Finding(
                    what="not in train", rows=tuple(those), said=said, labels=names,
                    score=len(those),
                )
            )  # fmt: skip
    return sorted(found, key=lambda finding: -finding.size)
