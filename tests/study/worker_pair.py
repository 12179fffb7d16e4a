"""Runs one command in two processes at once: FOLDER COMMAND…; what each says goes to a file.

They are forked from one that has imported everything, which takes seconds.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import overtone.apps.cli.show_tuning
import overtone.study.tune  # noqa: F401
from overtone.apps.cli import run

LIMIT = 1500
"""Seconds after which all of it ends in any case."""


def main() -> None:
    """Start both and wait for them; the exit code is the worse one."""
    folder = Path(sys.argv[1])
    sys.argv = ["overtone", *sys.argv[2:]]
    children = []
    for number in range(2):
        child = os.fork()
        if not child:
            signal.alarm(LIMIT)
            said = os.open(folder / f"worker-{number}", os.O_WRONLY | os.O_CREAT)
            os.dup2(said, 1)
            os.dup2(said, 2)
            run()
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    sys.exit(max(map(abs, codes)))


if __name__ == "__main__":
    main()
