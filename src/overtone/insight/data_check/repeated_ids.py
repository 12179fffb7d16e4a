"""Ids that several rows of one split have: nobody can say by such an id which row is meant."""

from __future__ import annotations

from dataclasses import dataclass

from overtone.insight.data_check import Finding
from overtone.insight.data_check.corpus import Corpus

TITLE = "Repeated ids"
LEVEL = "problem"
ADVICE = (
    "Training with --id-column stops at them. Give each row an id of its own, remove rows that are "
    "there twice, or leave --id-column out."
)

SHOWN = 5
"""Lines that are named; there may be thousands."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """There is nothing to choose."""


def find(config: Config, corpus: Corpus) -> list[Finding]:  # noqa: ARG001 - as the others
    """Return one finding an id, those on most rows first."""
    found = []
    first = 0
    for split in corpus.splits:
        rows: dict[str, list[int]] = {}
        for row, identifier in enumerate(split.ids):
            rows.setdefault(identifier, []).append(row)
        lines = corpus.lines.get(split.name)
        for identifier, those in rows.items():
            if len(those) > 1:
                said = f"on {len(those)} rows"
                if lines is not None:
                    more = f" and {len(those) - SHOWN} more" if len(those) > SHOWN else ""
                    said = f"lines {', '.join(str(lines[row]) for row in those[:SHOWN])}{more}"
                found.append(
                    Finding(
                        what="the same id" if identifier.strip() else "no id",
                        rows=tuple(first + row for row in those),
                        said=said,
                        score=len(those),
                    )
                )
        first += len(split)
    return sorted(found, key=lambda finding: -finding.size)
