"""What a search has found so far, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from overtone.study.search.space import Parameter, Scalar

LEAST = 10
"""Trials, pruned ones among them, below which nothing is said about importance."""


@dataclass(frozen=True)
class Row:
    """One trial."""

    number: int
    state: str
    """complete, pruned, failed, running or waiting."""
    counts: bool
    """Whether it has ended, and isn't done again by another trial."""
    value: float | None
    """Its score on dev; of a pruned one, the last epoch's."""
    epochs: int | None
    seconds: float | None
    """In training and on dev."""
    values: dict[str, Scalar]
    """What was tried, by key."""
    reason: str
    """Why it failed."""


@dataclass(frozen=True)
class Tuned:
    """What a search has found so far."""

    folder: Path
    dataset: str
    """Its name, or the path of a table."""
    metric: str
    maximizes: bool
    parameters: tuple[Parameter, ...]
    rows: tuple[Row, ...]
    """All trials, in their order."""
    importance: dict[str, float]
    """How much each key had to do with a good score, the most important first; they add up to 1.
    Empty where too few trials are complete."""

    @property
    def complete(self) -> list[Row]:
        """Return the trials that weren't cut short, the best first."""
        sign = -1 if self.maximizes else 1
        found = [row for row in self.rows if row.state == "complete" and row.value is not None]
        return sorted(found, key=lambda row: sign * (row.value or 0.0))

    @property
    def best(self) -> Row | None:
        """Return the best trial, if one is complete."""
        return next(iter(self.complete), None)

    @property
    def ended(self) -> int:
        """Return how many trials have ended."""
        return sum(row.counts for row in self.rows)

    def path(self, row: Row) -> Path:
        """Return a trial's run."""
        return self.folder / f"trial-{row.number:04d}"
