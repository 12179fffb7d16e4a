"""Runs `overtone score` in children and kills them in the midst of what they do.

A process that imports torch takes seconds to start; one that is forked from it does not. Orders
come as lines of JSON on standard input: the arguments, the folder of the output, a signal, and at
which of the things that the child does there it gets it (0: never). Each is answered by a line of
JSON: the exit code, negative for a signal, and what was said, the number of those things last.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch

import overtone
from overtone.apps import cli

LIMIT = 300
"""Seconds after which a child ends in any case."""


def obey(order: dict[str, Any], messages: int) -> None:
    """Run the command as the script `overtone` does, in this process, and end it."""
    signal.alarm(LIMIT)
    os.dup2(messages, 1)
    os.dup2(messages, 2)
    seen = 0

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        path = str(next((each for each in arguments if isinstance(each, str | Path)), ""))
        # shutil and unlink name folders by handles; what is opened and renamed says enough.
        if path.startswith(order["folder"]) or event == "os.remove":
            seen += 1
            if seen == order["count"]:
                os.kill(os.getpid(), order["signal"])

    sys.addaudithook(audit)
    sys.argv = ["overtone", *order["arguments"]]
    code = 99
    try:
        cli.run()
    except SystemExit as ended:
        code = int(ended.code or 0)
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(messages, f"\n{seen}".encode())
    os._exit(code)


def main() -> None:
    """Do what is ordered, one child after another."""
    torch.set_num_threads(1)
    overtone.load(sys.argv[1]).predict(["a text"])  # imports all there is, and starts no threads
    for line in sys.stdin:
        messages = os.memfd_create("messages")
        child = os.fork()
        if not child:
            try:
                obey(json.loads(line), messages)
            finally:
                os._exit(98)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with os.fdopen(messages, "rb") as file:
            file.seek(0)
            said = file.read().decode()
        print(json.dumps({"code": code, "said": said}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
