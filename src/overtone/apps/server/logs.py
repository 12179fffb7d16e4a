"""A server's log: lines on standard error with the time, without anything that clients sent."""

from __future__ import annotations

import logging
import sys

from overtone.apps.cli.printable import printable


class _Lines(logging.Formatter):
    """Writes a record as `2026-11-25T17:00:00+0000 note: …`, a line each, no traceback."""

    def format(self, record: logging.LogRecord) -> str:
        level = "note" if record.levelno == logging.INFO else record.levelname.lower()
        at = self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z")
        return printable(f"{at} {level}: {record.getMessage().strip()}")


def show_messages() -> None:
    """Log overtone's messages, and errors of uvicorn's."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    for name, level in (("overtone", logging.INFO), ("uvicorn", logging.ERROR)):
        log = logging.getLogger(name)
        log.handlers = [handler]
        log.setLevel(level)
