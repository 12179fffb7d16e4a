"""What one sees of a scoring, on standard error: a bar, or now and then a line."""

from __future__ import annotations

import time

from rich.progress import BarColumn, TaskProgressColumn, TextColumn

from overtone.apps.cli.duration import duration
from overtone.apps.scoring.score import Scored, Step
from overtone.progress_bar import Bar

EVERY = 30
"""Seconds between two lines where there is no terminal."""


class Shown(Bar):
    """Shows rows done, their rate, and the time left."""

    def __init__(self) -> None:
        """Prepare a bar over the bytes of the input."""
        super().__init__(
            TextColumn("scoring"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.description}", markup=False),
        )
        self._task = self.add_task("", total=None)
        self._begun = self._said = time.monotonic()
        self._scored = self._rejected = 0
        self._first: int | None = None

    def step(self, step: Step) -> None:
        """Show how far it is."""
        now = time.monotonic()
        if self._first is None:
            # The model is loaded and what was done is skipped: the clock starts here.
            self._begun, self._first = now, step.read
        self._scored += step.scored
        self._rejected += step.rejected
        seconds, read = now - self._begun, step.read - self._first
        left = (step.total - step.read) * seconds / read if read > 0 else None
        said = f"{self._scored:,} texts"
        if self._rejected:
            said += f", {self._rejected:,} rejected"
        if seconds > 0:
            said += f", {self._scored / seconds:,.0f} texts/s"
        if left is not None:
            said += f", {duration(left)} left"
        self.update(self._task, completed=step.read, total=step.total, description=said)
        if self.disable and now - self._said >= EVERY:
            self._said = now
            self._say(f"{min(100, 100 * step.read / max(1, step.total)):.0f} %: {said}")

    def end(self, scored: Scored) -> None:
        """Say what there is."""
        self._say(
            f"scored {scored.scored:,} texts in {scored.shards:,} files in {scored.output}"
            + (f", {scored.before:,} rows of them earlier" if scored.before else "")
        )
        if scored.truncated:
            self._say(
                f"note: {scored.truncated:,} texts were longer than the model's input and lost a "
                "part"
            )
        if scored.rejected:
            self._say(
                f"warning: {scored.rejected:,} rows were rejected: {scored.output}/rejects-*.jsonl "
                "say which and why"
            )

    def _say(self, line: str) -> None:
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)
