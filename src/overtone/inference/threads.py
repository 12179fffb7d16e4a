"""How many threads a backend takes where nothing is said: torch knows by itself, others don't."""

from __future__ import annotations

import os

VARIABLE = "OMP_NUM_THREADS"
"""By which people, and servers of several workers, say how many."""


def share() -> int:
    """Return how many threads the user grants, else how many cores this process may use."""
    said = os.environ.get(VARIABLE, "")
    if said.isdecimal() and int(said):
        return int(said)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
