"""How long something takes, for people."""

from __future__ import annotations

MINUTE, HOUR = 60, 3600


def duration(seconds: float) -> str:
    """Return how long something takes, in words."""
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} min"
    hours, minutes = divmod(round(seconds / MINUTE), MINUTE)
    return f"{hours} h {minutes} min"
