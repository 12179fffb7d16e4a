"""Shows in a terminal how far a model's probabilities can be taken at their word."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from overtone.apps.cli.printable import printable
from overtone.evaluation.calibration import CalibrationScores, Reliability


def calibration_table(scores: CalibrationScores) -> Table:
    """Return each label's reliability, and that of all forecasts together."""
    table = Table(
        title="calibration",
        caption=f"ECE: {scores.bins} bins of {'mass' if scores.equal_mass else 'width'} 1/"
        f"{scores.bins}; mean of the labels' {scores.ece_mean:.4f}; expected: positives by the "
        "probabilities",
    )
    table.add_column("label")
    for name in ("texts", "positives", "expected", "ECE", "Brier", "log loss"):
        table.add_column(name, justify="right")
    for name, label in scores.per_label.items():
        table.add_row(Text(printable(name)), *_cells(label))
    table.add_section()
    table.add_row("all labels", *_cells(scores.pooled))
    return table


def _cells(one: Reliability) -> list[str]:
    """Return what stands beside a label."""
    scores = (one.ece, one.brier, one.log_loss)
    return [
        f"{one.n:,}",
        f"{one.positives:,.6g}",
        f"{one.expected:,.0f}",
        *("n/a" if value is None else f"{value:.4f}" for value in scores),
    ]
