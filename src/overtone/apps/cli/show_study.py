"""What one sees of a study: a line a cell, a bar in a terminal, and the list of cells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from overtone.apps.cli.duration import duration
from overtone.apps.cli.printable import printable
from overtone.progress_bar import Bar
from overtone.study import states
from overtone.study.cells import Cell
from overtone.study.progress import HEADLINE, status, summary


class Shown(Bar):
    """Shows cells done, the time left and the best so far, on standard error."""

    def __init__(self, cells: Sequence[Cell], study: Path) -> None:
        """Prepare a bar over all cells."""
        self._cells = cells
        self._study = study
        self._took: dict[str, float] = {}
        super().__init__(
            TextColumn("cells"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
        )
        self._task = self.add_task("", total=len(cells))

    def begin(self, cell: Cell) -> None:
        """Say which cell begins."""
        self._update(f"at {cell.key}")
        if not self.console.is_terminal:
            self._say(f"{cell.key} begins")

    def end(self, cell: Cell, became: str, seconds: float) -> None:
        """Say what became of a cell, and how far the study is."""
        if seconds:
            self._took[cell.key] = seconds
        now = status(self._cells, self._study, self._took)
        by_whom = f"in {duration(seconds)}" if seconds else "by another process"
        if became == states.FAILED:
            why = states.failure(cell.folder(self._study))
            said = f"failed: {why.reason if why else 'no reason is recorded'}"
        else:
            saved = summary(cell, self._study)
            said = (
                f"dev {HEADLINE} {saved['dev'][HEADLINE]:.4f}, test {saved['test'][HEADLINE]:.4f}, "
                f"{by_whom}"
            )
        failed = f", {now.failed} failed" if now.failed else ""
        left = "" if now.seconds_left is None else f"; {duration(now.seconds_left)} left"
        best = "; ".join(
            f"best on {each.dataset} {each.model} {score:.4f}" for each, score in now.best
        )
        self._say(f"[{now.done} of {now.cells} done{failed}{left}] {cell.key}: {said}; {best}")
        self._update("")

    def wait(self, cells: Sequence[Cell]) -> None:
        """Say that other processes do what is left."""
        self._update("waiting")
        self._say(f"waiting for {len(cells)} cells that other processes do: {cells[0].key} …")

    def _update(self, what: str) -> None:
        now = status(self._cells, self._study, self._took)
        left = "" if now.seconds_left is None else f"{duration(now.seconds_left)} left "
        self.update(
            self._task, completed=now.done + now.failed, description=f"{left}{printable(what)}"
        )

    def _say(self, line: str) -> None:
        self.console.print(printable(line), markup=False, highlight=False, soft_wrap=True)


def show_list(cells: Sequence[Cell], study: Path) -> list[str]:
    """Return a line for each cell: its name, its state, and its scores or why it failed."""
    width = max(len(cell.key) for cell in cells)
    lines = []
    for cell in cells:
        folder = cell.folder(study)
        state, said = states.state(folder), ""
        if state == states.DONE:
            saved = summary(cell, study)
            said = (
                f"dev {HEADLINE} {saved['dev'][HEADLINE]:.4f}, test {saved['test'][HEADLINE]:.4f}"
            )
        elif states.is_held(folder):
            state = "running"
        elif state == states.FAILED:
            why = states.failure(folder)
            said = why.reason if why else ""
        lines.append(printable(f"{cell.key:{width}}  {state:7}  {said}".rstrip()))
    return lines
