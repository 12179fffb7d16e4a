"""Writes what a check found as one HTML page that needs nothing else."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from overtone import atomic
from overtone.insight.data_check import Finding
from overtone.insight.data_check.report import Report, counts

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
    page = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    ).get_template("page.html")  # fmt: skip
    content = page.render(
        title=f"Data check of {report.dataset}",
        version=metadata.version("overtone"),
        texts=texts,
        splits=[(split.name, len(split)) for split in report.corpus.splits],
        labels=len(report.corpus.names),
        kinds=[
            {
                "name": kind.kind,
                "title": kind.title,
                "level": kind.level,
                "advice": kind.advice,
                "missing": kind.missing,
                "findings": len(kind.findings),
                "rows": kind.size,
                "counts": counts(kind.findings),
                "more": max(0, len(kind.findings) - MOST),
                "listed": [_row(report, finding, texts=texts) for finding in kind.findings[:MOST]],
            }
            for kind in report.found
        ],
    )
    atomic.write_text(path, content.encode("utf-8", "replace").decode())


def _row(report: Report, finding: Finding, *, texts: bool) -> dict[str, Any]:
    places = report.places(finding)
    return {
        "what": finding.what,
        "said": finding.said,
        "labels": ", ".join(finding.labels),
        "rows": [f"{place.split} {place.id}" for place in places[:MOST_ROWS]],
        "more": max(0, len(places) - MOST_ROWS),
        "texts": report.texts(finding, MOST_ROWS) if texts else [],
    }
