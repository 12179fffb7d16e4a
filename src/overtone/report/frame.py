"""Fills a page's template in the frame and the style that all pages share, and writes it whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from overtone import atomic

DEEPEST = 45
"""Per cent of colour behind the largest share of a table."""

Rows = Sequence[Sequence[Sequence[str]]]
"""Cells by row: what a cell says, and what stands small below it; empty words are left out."""


@dataclass(frozen=True)
class Table:
    """A table as a page shows it."""

    title: str
    """What those hear who don't see it."""
    heads: Sequence[tuple[str, str]]
    """Each column's head and kind: "number", "prose", or "" for a few words."""
    groups: Sequence[tuple[str, Rows]]
    """Rows, and what stands above them."""
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Heat:
    """A table of shares whose cells are shaded: many narrow columns, whose heads are turned."""

    title: str
    """What those hear who don't see it."""
    corner: str
    """What the rows are."""
    columns: Sequence[str]
    rows: Sequence[tuple[str, str, Sequence[tuple[float, str]]]]
    """Each row's name, what stands small below it, and its shares, with what is said of each."""

    def depth(self, share: float) -> int:
        """Return how deep a share's shade is, in per cent; ink stays readable on the deepest."""
        most = max((value for _, _, cells in self.rows for value, _ in cells), default=0.0)
        return round(DEEPEST * share / most) if most else 0


def sentences(notes: Sequence[str]) -> str:
    """Return notes as sentences that follow on another one."""
    return "".join(f" {note[0].upper()}{note[1:]}." for note in notes)


def write(template: Path, path: Path, **content: object) -> None:
    """Write a page.

    Args:
        template: a file that extends frame.html.
        path: the page.
        content: what it shows, by the template's names; escaped unless it is markup already.

    """
    page = Environment(
        loader=FileSystemLoader([template.parent, Path(__file__).parent]), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    ).get_template(template.name)  # fmt: skip
    written = page.render(version=metadata.version("overtone"), **content)
    # A text may hold half of a surrogate pair, which UTF-8 can't.
    atomic.write_text(path, written.encode("utf-8", "replace").decode())
