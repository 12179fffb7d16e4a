"""What a run costs; each figure is taken in a process of its own, for a peak never falls."""

import json
import subprocess
import sys

import pytest

MEASURE = """
import json
from overtone.evaluation.cost import peak_memory_mb
"""


def run(program: str) -> list[float]:
    """Run a program that prints a list of numbers."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE + program], check=True, capture_output=True, text=True
    )
    found: list[float] = json.loads(done.stdout)
    return found


def test_peak_memory_grows_by_what_was_held_and_stays() -> None:
    before, held, after = run(
        """
before = peak_memory_mb()
block = bytearray(b"x") * int((before + 100) * 1e6)
held = peak_memory_mb()
del block
print(json.dumps([before, held, peak_memory_mb()]))
"""
    )
    assert before > 1
    assert before + 90 <= held <= 2 * before + 150
    assert after == pytest.approx(held, abs=5)


def test_peak_memory_is_the_process_s_own_not_that_of_who_started_it() -> None:
    """Linux hands the peak of a process on to those that it starts: a study starts trainings."""
    (child,) = run(
        f"""
import subprocess, sys
block = bytearray(b"x") * 300_000_000
child = {MEASURE!r} + "print(json.dumps([peak_memory_mb()]))"
subprocess.run([sys.executable, "-c", child], check=True)
"""
    )
    assert 1 < child < 200
