"""Turns Ctrl-C and SIGTERM into a request to stop a study after what its cell must still save."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from overtone.training.stopping import SIGNALS


class Stops:
    """Remembers a signal, and passes it on to a process where one is at work."""

    def __init__(self) -> None:
        """Start without a request."""
        self.received: int | None = None
        self._pass_on: Callable[[int], None] | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take over the signals, where this is the main thread; give them back in the end."""
        before: dict[int, object] = {}
        if threading.current_thread() is threading.main_thread():
            before = {number: signal.signal(number, self._take) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)  # type: ignore[arg-type]

    @contextmanager
    def passed_on(self, send: Callable[[int], None]) -> Iterator[None]:
        """Ask a process to stop when this one is; a signal that came just before counts.

        It is SIGTERM whatever came: a shell's background job may ignore SIGINT.
        """
        self._pass_on = send
        if self.received is not None:
            send(signal.SIGTERM)
        try:
            yield
        finally:
            self._pass_on = None

    def _take(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        again = self.received is not None and number == signal.SIGINT
        self.received = number
        if self._pass_on is not None:
            # A second Ctrl-C acts at once: the last checkpoint is whole.
            self._pass_on(signal.SIGKILL if again else signal.SIGTERM)
