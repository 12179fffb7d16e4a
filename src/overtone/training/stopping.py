"""Turns Ctrl-C and SIGTERM into a request to stop at the next safe place."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Self

from overtone.errors import OvertoneError

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(OvertoneError):  # noqa: N818 - not an error of the program
    """The user or the system asked the run to stop; what was done is saved."""

    def __init__(self, number: int, message: str) -> None:
        """Store the signal; the exit code follows from it, as shells count."""
        super().__init__(message)
        self.exit_code = 128 + number


class StopRequests:
    """While active, remembers a signal instead of dying of it; a second Ctrl-C acts at once.

    A second SIGTERM doesn't: a system that shuts down sends it to every process, and a launcher
    passes its own on.
    """

    def __init__(self) -> None:
        """Start without a request."""
        self.received: int | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        """Take over the signals, where this is the main thread."""
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._before[number] = signal.signal(number, self._remember)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        self._restore()

    def _remember(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.received = number
        if number == signal.SIGINT:
            self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._before = {}
