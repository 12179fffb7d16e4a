"""What one sees of training: a bar in a terminal, a line an epoch elsewhere. On standard error."""

from __future__ import annotations

from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from overtone.progress_bar import Bar


class Display(Bar):
    """Shows loss, metric, texts a second and the time left."""

    def __init__(self, epochs: int, metric: str, *, quiet: bool = False) -> None:
        """Prepare a bar for `epochs` epochs; a quiet one shows nothing."""
        self._epochs = epochs
        self._metric = metric
        super().__init__(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]}  {task.fields[best]}"),
            TextColumn("{task.fields[rate]} texts/s"),
            TimeRemainingColumn(),
            TextColumn("left"),
            quiet=quiet,
        )
        self._task = self.add_task("", total=None, epoch="", loss="?", best="", rate="?")
        self._best = ""
        self._before = 0

    def start_epoch(self, epoch: int, batches: int, done: int) -> None:
        """Begin an epoch (from 1) of which `done` batches are done."""
        # The bar counts all epochs, so that the time left is that of the whole run.
        self._before = batches * (epoch - 1)
        self.update(
            self._task,
            epoch=f"{epoch}/{self._epochs}",
            total=batches * self._epochs,
            completed=self._before + done,
        )

    def step(self, done: int, loss: float, rate: float) -> None:
        """Show how many of the epoch's batches are done, its mean loss and its texts a second."""
        self.update(
            self._task, completed=self._before + done, loss=f"{loss:.4f}", rate=f"{rate:.0f}"
        )

    def finish_epoch(self, entry: dict[str, Any]) -> None:
        """Print a line for a finished epoch, its entry in history.jsonl."""
        value = entry["dev"][self._metric]
        shown = "n/a" if value is None else f"{value:.4f}"
        if entry["best"]:
            self._best = f"kept: dev {self._metric} {shown}"
            self.update(self._task, best=self._best)
        loss = "n/a" if entry["loss"] is None else f"{entry['loss']:.4f}"
        skipped = f"  {entry['skipped']} steps skipped" if entry["skipped"] else ""
        self.console.print(
            f"epoch {entry['epoch']}/{self._epochs}  loss {loss}  "
            f"dev {self._metric} {shown}{' (kept)' if entry['best'] else ''}  "
            f"{entry['seconds']:.0f} s  {entry['texts_per_second']:.0f} texts/s{skipped}",
            highlight=False,
            soft_wrap=True,
        )
