"""Bodies: refused before they are read where there is no room, read whole within bounds.

While a request is worked on, its connection is watched: a client that goes away frees its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overtone.apps.server.problems import Problem
from overtone.apps.server.settings import Settings

BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})


class ClientGone(Exception):  # noqa: N818 - a state, not a fault
    """The client closed the connection before it was answered."""


class Bodies:
    """Reads the body of each request that may have one, and passes the request on."""

    def __init__(
        self, app: ASGIApp, settings: Settings, refuse_when_full: Callable[[], None]
    ) -> None:
        """Store the bounds.

        Args:
            app: what answers.
            settings: the bounds.
            refuse_when_full: raises a Problem where no more texts can be taken on.

        """
        self._app = app
        self._settings = settings
        self._refuse_when_full = refuse_when_full
        self._held = 0
        """Bytes of bodies that are being read or worked on."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its body whole.

        Raises:
            Problem: 503, 413, 408 or 400.
            ClientGone: nobody waits for the answer.

        """
        if scope["type"] != "http" or scope["method"] in BODILESS:
            await self._app(scope, receive, send)
            return
        self._refuse_when_full()
        self._check_length(scope)
        body = bytearray()
        try:
            await self._read_in_time(receive, body)
            await self._pass_on(scope, bytes(body), receive, send)
        finally:
            self._held -= len(body)

    async def _read_in_time(self, receive: Receive, body: bytearray) -> None:
        try:
            async with asyncio.timeout(self._settings.body_seconds):
                await self._read(receive, body)
        except TimeoutError as error:
            raise Problem(
                HTTPStatus.REQUEST_TIMEOUT,
                "slow-body",
                f"The body did not arrive within {self._settings.body_seconds:g} seconds: send it "
                "faster.",
            ) from error

    def _check_length(self, scope: Scope) -> None:
        """Refuse a body whose length is said and too much."""
        for name, value in scope["headers"]:
            # The server has seen to it that it is a number.
            if name == b"content-length" and int(value) > self._settings.body_bytes:
                raise self._too_large()

    async def _read(self, receive: Receive, body: bytearray) -> None:
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            part = message.get("body", b"")
            body += part
            self._held += len(part)
            more = message.get("more_body", False)
            if len(body) > self._settings.body_bytes:
                raise self._too_large()
            # The one that is alone may be larger.
            if self._held > max(self._settings.queue_characters, len(body)):
                raise Problem(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    "bodies-full",
                    "Too much is being sent at the same time: try again later.",
                    retry=1,
                )

    def _too_large(self) -> Problem:
        return Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "too-large",
            f"The body may have {self._settings.body_bytes:,} bytes: send the texts in several "
            "requests.",
            body_bytes=self._settings.body_bytes,
        )

    async def _pass_on(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        answering = asyncio.current_task()
        assert answering is not None  # noqa: S101 - this is a coroutine
        answered = gone = False
        read = False

        async def replay() -> Message:
            nonlocal read
            if read:
                return {"type": "http.disconnect"}
            read = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def sending(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        async def watch() -> None:
            nonlocal gone
            while (await receive())["type"] != "http.disconnect":
                pass
            if not answered:
                gone = True
                answering.cancel()

        watcher = asyncio.create_task(watch())
        try:
            await self._app(scope, replay, sending)
        except asyncio.CancelledError as error:
            if not gone:
                raise
            answering.uncancel()
            raise ClientGone from error
        finally:
            watcher.cancel()
