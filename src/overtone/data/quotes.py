"""Names and cells of a file as messages quote them: cut short, so that texts stay private."""

from __future__ import annotations

from collections.abc import Iterable


def quoted(names: Iterable[str]) -> str:
    """Return names in quotes with commas between, for messages, however many there are."""
    names, most = list(names), 30
    more = [f"and {len(names) - most} more"] if len(names) > most else []
    return ", ".join([*(shortened(name, 40) for name in names[:most]), *more])


def shortened(cell: str, most: int = 20) -> str:
    """Return a cell in quotes, at most as much of it as a label has: texts stay private."""
    return repr(cell if len(cell) <= most else f"{cell[:most]}…")
