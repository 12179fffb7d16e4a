"""Fills a template in the frame that all pages share, and writes it whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from overtone import __version__, atomic
from overtone.study.report.page import FOLDER as STYLE

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Table:
    """A table as a page shows it."""

    title: str
    """What those hear who don't see it."""
    heads: Sequence[tuple[str, bool]]
    """Each column's head, and whether it holds numbers."""
    rows: Sequence[Sequence[tuple[str, str]]]
    """Each cell's text, and a smaller one below it."""
    notes: Sequence[str] = ()


def write(template: str, path: Path, **content: object) -> None:
    """Write a page.

    Args:
        template: the name of a file here.
        path: the page.
        content: what it shows, by the template's names; escaped unless it is markup already.

    """
    page = Environment(
        loader=FileSystemLoader([FOLDER, STYLE]), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    ).get_template(template)  # fmt: skip
    atomic.write_text(path, page.render(version=__version__, **content))
