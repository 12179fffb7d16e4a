"""Texts that stand there more than once, the same but for case and white space."""

from __future__ import annotations

from dataclasses import dataclass

from overtone.config import Count
from overtone.insight.data_check import Finding
from overtone.insight.data_check.corpus import Corpus

TITLE = "Duplicates"
LEVEL = "problem"
ADVICE = (
    "Keep one row of each. A text in two splits makes scores better than they are: remove it from "
    "train, or divide the file with overtone data split, which keeps equal texts together."
)
ACROSS = "across splits"
INSIDE = "inside a split"


@dataclass(frozen=True, kw_only=True)
class Config:
    """What may be chosen."""

    fewest: Count = 1
    """Texts with fewer characters are left out: many a short text is said by many."""


def find(config: Config, corpus: Corpus) -> list[Finding]:
    """Return one finding a text, those across splits first, the most frequent first."""
    found = [
        Finding(
            what=ACROSS if corpus.is_across(rows) else INSIDE,
            rows=tuple(rows),
            said=f"{len(rows)} times",
            score=len(rows),
        )
        for rows in corpus.same
        if len(rows) > 1 and len(corpus.texts[rows[0]].strip()) >= config.fewest
    ]
    return sorted(found, key=lambda finding: (finding.what != ACROSS, -finding.size))
