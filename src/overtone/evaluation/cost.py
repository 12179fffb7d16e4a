"""What training and prediction cost: seconds and memory. Compare within one run on one machine."""

from __future__ import annotations

import re
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Cost:
    """The cost of a training run, in the report's terms and a few more."""

    seconds_per_epoch: float
    """Mean over the epochs that were run, validation left out."""
    epochs: int
    """Epochs that were run, those after the best one included."""
    seconds: float
    """All epochs together, validation included."""
    texts_per_second: float
    """Training texts, validation left out."""
    peak_memory_mb: float
    """The process's largest resident memory."""


def resident(which: str) -> float:
    """Return this process's resident memory in bytes: VmRSS now, VmHWM at its highest. Linux."""
    found = re.search(rf"^{which}:\s+(\d+) kB", STATUS.read_text(), re.MULTILINE)
    assert found  # noqa: S101 - Linux has both
    return int(found[1]) * 1024.0


def peak_memory_mb() -> float:
    """Return the largest resident memory that this process has had, in MB (10^6 bytes)."""
    if STATUS.exists():
        # Not getrusage: on Linux its figure is handed on to child processes.
        return round(resident("VmHWM") / 1e6, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6, 1)
