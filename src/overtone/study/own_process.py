"""Does a cell in a process of its own, so that its peak of memory and its end are its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from overtone.study import states
from overtone.study.cells import Cell
from overtone.study.do import BUSY, DONE, FAILED
from overtone.study.stops import Stops

BUSY_CODE = 75
"""How the process ends where another one has the cell (EX_TEMPFAIL of sysexits.h)."""
STOPPED = {128 + signal.SIGINT, 128 + signal.SIGTERM}


class Program:
    """Starts `overtone study` again with more words, and passes signals on to it."""

    def __init__(self, arguments: Sequence[str], stops: Stops) -> None:
        """Take the words of the command line that name plan, output and data."""
        self._arguments = list(arguments)
        self._stops = stops

    def run(self, more: Sequence[str], log: Path) -> int:
        """Run to the end, messages to a file, and return the exit code, negative for a signal."""
        command = [sys.executable, "-m", "overtone", "study", *self._arguments, *more]
        log.parent.mkdir(parents=True, exist_ok=True)
        # A session of its own: Ctrl-C reaches it once, through us. Its standard input ends when
        # this process does, which is how it knows (see `end_with_parent`).
        with (
            log.open("ab") as said,
            subprocess.Popen(  # noqa: S603 - this very program
                command, stdin=subprocess.PIPE, stdout=said, stderr=said, start_new_session=True
            ) as process,
            self._stops.passed_on(process.send_signal),
        ):
            return process.wait()


class OwnProcess:
    """Does each cell by `overtone study --cell KEY`."""

    def __init__(self, program: Program, study: Path, stops: Stops) -> None:
        """Take what to start, and the study's folder."""
        self._program = program
        self._study = study
        self._stops = stops

    def __call__(self, cell: Cell, most_attempts: int) -> str:
        """Do a cell, and return what became of it."""
        folder = cell.folder(self._study)
        log = folder / states.LOG
        before = states.failure(folder)
        code = self._program.run(["--cell", cell.key, "--attempts", str(most_attempts)], log)
        if code == BUSY_CODE:
            return BUSY
        if self._stops.received is not None or states.state(folder) == states.DONE:
            return DONE
        if states.failure(folder) == before:  # it had no time to say why
            with states.held(folder) as ours:
                if not ours:
                    return BUSY
                states.fail(folder, why(code, log))
        return FAILED


def why(code: int, log: Path) -> str:
    """Return why a process ended, from its exit code and its last words."""
    if code == -signal.SIGKILL:
        return (
            "killed by the system (SIGKILL), most likely for want of memory: set "
            "training.memory_gb, or training.batch_tokens lower"
        )
    if code < 0:
        return f"ended by the signal {signal.Signals(-code).name}"
    if code in STOPPED:
        return f"stopped by the signal {signal.Signals(code - 128).name} from elsewhere"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    said = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return said[-1] if said else f"ended with the exit code {code}; see {log.name}"


def end_with_parent() -> None:
    """Ask this process to stop when the one that started it is gone: its standard input ends."""

    def watch() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="end with parent").start()
