"""HTTP connections that don't wait for ever: uvicorn's, with bounds on number and on slow heads."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from overtone.apps.server.problems import Problem
from overtone.apps.server.settings import Settings


class Connection(H11Protocol):
    """One connection. uvicorn itself bounds only the time between requests."""

    def __init__(self, settings: Settings, **arguments: Any) -> None:  # noqa: ANN401 - uvicorn's
        """Store the bounds beside uvicorn's arguments."""
        super().__init__(**arguments)
        self._settings = settings
        self._slow: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or close it where there are enough."""
        super().connection_made(transport)
        if len(self.connections) > self._settings.connections:
            transport.abort()
            return
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._unwatch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read; the time for a head runs from its first byte to its last."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._watch()
        else:
            self._unwatch()

    def on_response_complete(self) -> None:
        """Go on to the next request, or give the rest of this one's body its time."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self._watch()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or has too large a head."""
        answer = Problem(
            HTTPStatus.BAD_REQUEST,
            "no-http",
            f"{msg} Expected HTTP/1.1 with a first line and headers of at most "
            f"{self._settings.head_bytes:,} bytes.",
        ).response()
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            headers = [*answer.raw_headers, (b"connection", b"close")]
            body = bytes(answer.body)
            for event in (
                h11.Response(status_code=answer.status_code, headers=headers),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch(self) -> None:
        if self._slow is None:
            self._slow = self.loop.call_later(self._settings.head_seconds, self.transport.abort)

    def _unwatch(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None
