"""Runs overtone's command line in children that may take only so much memory.

A process that imports torch takes seconds to start; one that is forked from it does not. Orders
come as lines of JSON on standard input: arguments, the file for messages, the step at which the
child is asked to stop, and how many MB more than it has already are its budget, or all that the
system grants it. Each child's exit code is answered on standard output.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from overtone.apps.cli import app, run
from overtone.training.step import Stepper

LIMIT = 600
"""Seconds after which a child ends in any case."""


def stop_at(step: int) -> None:
    """Ask this process to stop in the midst of a step."""
    do = Stepper.step

    def signalling(
        self: Stepper, texts: NDArray[np.int64], number: int, stop: Callable[[], bool]
    ) -> Tensor:
        if number == step:
            signal.raise_signal(signal.SIGTERM)
        return do(self, texts, number, stop)

    Stepper.step = signalling  # type: ignore[method-assign]


def used(what: str) -> float:
    """Return how much memory this process has, in bytes."""
    found = re.search(rf"^{what}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024.0


def obey(order: dict[str, Any]) -> None:
    """Run a command as the script `overtone` does, in this process, and end it."""
    signal.alarm(LIMIT)
    for number in (1, 2):
        os.dup2(os.open(order["messages"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    if order["stop_at"] is not None:
        stop_at(order["stop_at"])
    arguments = list(order["arguments"])
    if order["budget_mb"]:
        budget = used("VmRSS") + order["budget_mb"] * 1e6
        arguments += ["--set", f"training.memory_gb={budget / 1e9}"]
    if order["refuse_mb"]:
        most = int(used("VmData") + order["refuse_mb"] * 1e6)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    sys.argv = ["overtone", *arguments]
    try:
        run()
    except SystemExit as ended:
        sys.stdout.flush()
        os._exit(int(ended.code or 0))


def main() -> None:
    """Do what is ordered, one child after another."""
    torch.set_num_threads(1)
    # Once without training, which imports all there is and starts no threads.
    with contextlib.redirect_stdout(io.StringIO()):
        app(args=[*sys.argv[1:], "--dry-run"], prog_name="overtone", standalone_mode=False)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                obey(json.loads(line))
            finally:
                os._exit(99)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
