"""What a check found, as JSON: row ids, and texts only where they were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from overtone.insight.data_check import Finding, Found
from overtone.insight.data_check.corpus import Corpus, Place
from overtone.insight.data_check.personal_data import beginning


@dataclass(frozen=True, eq=False)
class Report:
    """A finished check."""

    dataset: str
    corpus: Corpus
    found: tuple[Found, ...]

    def places(self, finding: Finding) -> list[Place]:
        """Return where a finding's rows stand."""
        return [*map(self.corpus.place, finding.rows), *finding.unread]

    def texts(self, finding: Finding, most: int | None = None) -> list[str]:
        """Return the beginnings of a finding's texts, personal data hidden."""
        return [beginning(self.corpus.texts[row]) for row in finding.rows[:most]]

    def to_json(self, *, texts: bool = False) -> dict[str, Any]:
        """Return all of it for JSON.

        Args:
            texts: whether the texts' beginnings are in it, personal data hidden.

        """
        return {
            "dataset": self.dataset,
            "splits": {split.name: len(split) for split in self.corpus.splits},
            "labels": list(self.corpus.names),
            "kinds": [
                {
                    "kind": kind.kind,
                    "title": kind.title,
                    "level": kind.level,
                    "advice": kind.advice,
                    "not_checked": kind.missing or None,
                    "rows": kind.size,
                    "by_what": counts(kind.findings),
                    "findings": [self._one(finding, texts=texts) for finding in kind.findings],
                }
                for kind in self.found
            ],
        }

    def _one(self, finding: Finding, *, texts: bool) -> dict[str, Any]:
        return {
            "what": finding.what,
            "said": finding.said,
            "rows": [place._asdict() for place in self.places(finding)],
            "labels": list(finding.labels),
            "score": None if finding.score is None else float(np.float32(finding.score)),
            **({"texts": self.texts(finding)} if texts else {}),
        }


def counts(findings: Sequence[Finding]) -> dict[str, int]:
    """Return how many findings there are by what they are, in their order."""
    found: dict[str, int] = {}
    for finding in findings:
        found[finding.what] = found.get(finding.what, 0) + 1
    return found
