"""Measures cost alone, one encoder after another, each in a process of its own."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from overtone import atomic
from overtone.errors import InputError
from overtone.study import cost_only, states
from overtone.study.cost_only import Measurement
from overtone.study.own_process import Program, why
from overtone.study.stops import Stops
from overtone.training.stopping import Interrupted


def measure_all(
    asked: Sequence[Measurement],
    study: Path,
    program: Program,
    stops: Stops,
    tell: Callable[[Measurement], None],
) -> None:
    """Measure all, anew: figures compare where they are taken one after the other.

    Raises:
        InputError: another process measures, which would disturb both.
        Interrupted: the user stopped it; what was measured stays.

    """
    folder = study / cost_only.FOLDER
    with states.held(folder) as ours:
        if not ours:
            raise InputError(f"another process measures cost in {study}: wait until it is done")
        for left in study.glob(".measuring.*"):
            atomic.remove(left)  # by a process that was killed
        for one in asked:
            tell(one)
            one.file(study).unlink(missing_ok=True)
            log = folder / states.LOG
            code = program.run(["--measure", one.key], log)
            if stops.received is not None:
                raise Interrupted(
                    stops.received, f"stopped by {signal.Signals(stops.received).name}"
                )
            if not one.file(study).is_file():
                cost_only.write(one, study, {"failed": why(code, log)})
