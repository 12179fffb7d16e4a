"""Points in time, and the days, weeks and months that they lie in; all in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Literal

Every = Literal["day", "week", "month"]
EVERY: tuple[Every, ...] = ("day", "week", "month")

MILLISECONDS = 100_000_000_000
"""Numbers above it, seconds in the year 5138, are milliseconds."""


def period(cell: str, every: Every) -> date | None:
    """Return the first day of the period that a time lies in; None where it can't be read.

    Weeks begin on Monday. A time without an offset is UTC.

    Args:
        cell: ISO 8601, such as 2026-11-25 or 2026-11-25T14:03:00+01:00, or seconds or milliseconds
            since 1970.
        every: which period.

    """
    found = _day(cell.strip())
    if found is None or every == "day":
        return found
    if every == "month":
        return found.replace(day=1)
    return date.fromordinal(max(1, found.toordinal() - found.weekday()))


def _day(cell: str) -> date | None:
    try:
        if cell.isascii() and cell.replace(".", "", 1).isdigit() and len(cell) != len("20261125"):
            number = float(cell)
            seconds = number / 1000 if number > MILLISECONDS else number
            return datetime.fromtimestamp(seconds, UTC).date()
        found = datetime.fromisoformat(cell)
        return (found.astimezone(UTC) if found.tzinfo else found).date()
    except (ValueError, OverflowError, OSError):
        return None
