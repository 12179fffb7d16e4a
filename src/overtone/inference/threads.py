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


def divided(threads: int, lanes: int) -> tuple[int, int]:
    """Return how many threads there are in all, and how many batches they compute at once.

    Args:
        threads: what was asked for; 0 takes this process's share.
        lanes: the same; 0 takes one a thread, and there are no more than threads.

    """
    in_all = threads or share()
    return in_all, min(lanes or in_all, in_all)
