"""Runs overtone's command line in children and kills them in the midst of what they do.

A process that imports torch takes seconds to start; one that is forked from it does not. Orders
come as lines of JSON on standard input, and each is answered in lines on standard output: the
child's process id, `stopped` where it stopped itself, and its exit code, negative for a signal.
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
from pathlib import Path
from types import FrameType
from typing import Any

import torch

import overtone
from overtone.apps.cli import app, run

LIMIT = 600
"""Seconds after which a child, or the preparation for it, ends in any case."""
OWN = str(Path(overtone.__file__).parent)
RANDOM = re.compile(r"(/\.[^/]*)\.[a-z0-9_]{8}(?=/|$)")
"""What tempfile adds to names."""


class Moment:
    """Counts what this process does once it holds the run's lock, and sends a signal at one of it.

    What is counted are calls of overtone's functions, `Stepper.step`, and what the interpreter
    audits in the run's folder just before it is done, `os.rename /.config.toml`.
    """

    def __init__(self, folder: str, name: str, count: int, number: int) -> None:
        """Aim at the `count`-th event (from 1) of a name, or of all where that is empty."""
        self.folder = folder
        self.name = name
        self.count = count
        self.number = number
        self.seen = 0
        self.begun = False

    def audit(self, event: str, arguments: tuple[object, ...]) -> None:
        """Take in an event of the interpreter."""
        path = str(next((each for each in arguments if isinstance(each, str | Path)), ""))
        inside = path.startswith(f"{self.folder}/")
        if inside and path.endswith("/lock") and not self.begun:
            self.begun = True
            if " " not in self.name:  # a call, which is slow to look out for
                sys.settrace(self.call)
        # What shutil.rmtree removes has no folder in its name.
        if inside or (self.begun and event in {"os.remove", "os.rmdir"}):
            self._happen(f"{event} " + RANDOM.sub(r"\1", path.removeprefix(self.folder)))

    def call(self, frame: FrameType, event: str, argument: object) -> None:  # noqa: ARG002
        """Take in a call."""
        if frame.f_code.co_filename.startswith(OWN):
            self._happen(frame.f_code.co_qualname)

    def _happen(self, name: str) -> None:
        if not self.begun or self.name not in {"", name}:
            return
        self.seen += 1
        if self.seen == self.count:
            os.write(2, f"{signal.strsignal(self.number)} at {name}\n".encode())
            os.kill(os.getpid(), self.number)


def obey(order: dict[str, Any]) -> None:
    """Run a command as the script `overtone` does, in this process, and end it."""
    signal.alarm(LIMIT)
    for number in (1, 2):
        os.dup2(os.open(order["messages"], os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    if order["most_bytes"]:
        # The kernel kills what writes a file beyond this: in the midst of a write.
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["most_bytes"],) * 2)
    moment = Moment(order["folder"], order["name"], order["count"], order["signal"])
    if order["count"]:
        sys.addaudithook(moment.audit)
    sys.argv = ["overtone", *order["arguments"]]
    try:
        run()
    except SystemExit as ended:
        sys.settrace(None)
        sys.stdout.flush()
        if moment.seen < moment.count:
            os.write(2, f"{moment.seen} events\n".encode())
        os._exit(int(ended.code or 0))


def main() -> None:
    """Do what is ordered, one child after another."""
    signal.alarm(LIMIT)
    torch.set_num_threads(1)
    # Once without training, which imports all there is and starts no threads.
    with contextlib.redirect_stdout(io.StringIO()):
        app(args=[*sys.argv[1:], "--dry-run"], prog_name="overtone", standalone_mode=False)
    signal.alarm(0)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                obey(json.loads(line))
            finally:
                os._exit(99)
        print(child, flush=True)  # noqa: T201
        status = os.waitpid(child, os.WUNTRACED)[1]
        while os.WIFSTOPPED(status):
            print("stopped", flush=True)  # noqa: T201
            status = os.waitpid(child, os.WUNTRACED)[1]
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
