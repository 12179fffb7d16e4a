"""The outermost layer: every answer has its headers, is counted and logged; nothing gets past it.

What is logged is the method, the route (not the path, which a client chooses), the status and the
time: never a query, a header or a body.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import MutableMapping
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overtone.apps.server.bodies import ClientGone
from overtone.apps.server.metrics import Metrics
from overtone.apps.server.problems import Problem

log = logging.getLogger(__name__)
access = logging.getLogger("overtone.access")

CLIENT_GONE = 499
"""What a request counts as whose client went away; nginx's number."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]
UNCACHED = (b"cache-control", b"no-store")


class Guard:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp, metrics: Metrics, *, access_log: bool) -> None:
        """Store the parts."""
        self._app = app
        self._metrics = metrics
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, whatever happens."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), *HEADERS]
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append(UNCACHED)
                message["headers"] = headers
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientGone:
            status = CLIENT_GONE
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the last resort
            problem = _problem_of(error)
            if not status:
                await problem.response()(scope, receive, sending)
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: MutableMapping[str, object], status: int, seconds: float) -> None:
        route = str(getattr(scope.get("route"), "path", "other"))
        self._metrics.request(route, status, seconds)
        if self._access_log:
            access.info("%s %s %d %.1f ms", scope["method"], route, status, seconds * 1000)


def _problem_of(error: BaseException) -> Problem:
    """Return what the client is told of an error that nobody else has handled."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, asyncio.CancelledError):
        return Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "stopping",
            "The server was stopped before it could answer: try again later.",
            retry=1,
        )
    # A message may hold a text; the kind of error and the place don't.
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "?"
    log.error("%s at %s: this should not happen; please report it", type(error).__name__, where)
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "failed",
        "Something went wrong that should not: please report it.",
    )
