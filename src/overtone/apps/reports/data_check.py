"""The page of what a data check found."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from pathlib import Path

from markupsafe import Markup

from overtone.insight.data_check import Finding, Found
from overtone.insight.data_check.report import Report, counts
from overtone.report import frame
from overtone.report.frame import Table

MOST = 200
"""Findings of a kind that are listed; JSON has them all."""
MOST_ROWS = 12
"""Rows of a finding that are listed."""


def write(report: Report, path: Path, *, texts: bool = False) -> None:
    """Write the page.

    Args:
        report: the finished check.
        path: the file.
        texts: whether the texts' beginnings are in it, personal data hidden.

    """
    frame.write(
        Path(__file__).with_suffix(".html"), path,
        title=f"Data check of {report.dataset}",
        texts=texts,
        splits=", ".join(f"{split.name} {len(split):,} rows" for split in report.corpus.splits),
        labels=len(report.corpus.names),
        summary=_summary(report.found),
        kinds=[
            (kind, _findings(report, kind, texts=texts)) for kind in report.found if kind.findings
        ],
    )  # fmt: skip


def _summary(found: Sequence[Found]) -> Table:
    heads = [
        ("Kind", ""), ("Level", ""), ("Findings", "number"), ("Rows", "number"),
        ("Of these", ""),
    ]  # fmt: skip
    rows = []
    for kind in found:
        if kind.findings:
            link = Markup('<a href="#{}">{}</a>').format(kind.kind, kind.title)
            level = Markup('<span class="{0}">{0}</span>').format(kind.level)
            parts = ", ".join(f"{what} {n:,}" for what, n in counts(kind.findings).items())
            numbers = (f"{len(kind.findings):,}",), (f"{kind.size:,}",)
            rows.append([(link,), (level,), *numbers, (parts,)])
        else:
            none = "not checked" if kind.missing else "none"
            rows.append([(kind.title,), ("",), (none,), ("",), (kind.missing,)])
    return Table("Summary", heads, [("", rows)])


def _findings(report: Report, kind: Found, *, texts: bool) -> Table:
    heads = [("What", ""), ("More", ""), ("Labels", ""), ("Rows", "prose"), ("Texts", "prose")]
    rows = [_row(report, finding, texts=texts) for finding in kind.findings[:MOST]]
    filled = [any(cells) for cells in zip(*rows, strict=True)]
    more = len(kind.findings) - MOST
    notes = [f"And {more:,} more, which JSON (--json FILE) lists."] if more > 0 else []
    kept = [[(cell,) for cell in compress(row, filled)] for row in rows]
    return Table(kind.title, list(compress(heads, filled)), [("", kept)], notes)


def _row(report: Report, finding: Finding, *, texts: bool) -> tuple[str, ...]:
    places = report.places(finding)
    rows = ", ".join(f"{place.split} {place.id}" for place in places[:MOST_ROWS])
    if (more := len(places) - MOST_ROWS) > 0:
        rows += f", and {more:,} more"
    begun = report.texts(finding, MOST_ROWS) if texts else []
    quoted = Markup().join(Markup('<q dir="auto">{}</q>').format(one) for one in begun)
    return finding.what, finding.said, ", ".join(finding.labels), rows, quoted
