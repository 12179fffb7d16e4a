"""API keys: who may ask. Compared in constant time, never logged."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from overtone.apps.server.problems import Problem
from overtone.errors import InputError

VARIABLE = "OVERTONE_API_KEYS"
SHORTEST = 16
"""Fewest characters of a key: fewer can be guessed."""

OPEN = ("/", "/healthz", "/readyz", "/openapi.json")
OPEN_FOLDER = "/page/"
"""What is open to all with GET: it shows nothing that a key protects."""


def read_keys(file: Path | None, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the keys of a file, one a line, and of OVERTONE_API_KEYS, with commas between.

    Raises:
        InputError: the file can't be read or has no key, or a key is too short or not ASCII.

    """
    keys = [key.strip() for key in environment.get(VARIABLE, "").split(",") if key.strip()]
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"{file}: expected a file of API keys, one a line, that can be read"
            ) from error
        found = [key for line in lines if (key := line.strip()) and not key.startswith("#")]
        if not found:
            raise InputError(f"{file}: expected API keys, one a line, found none")
        keys += found
    if any(len(key) < SHORTEST or not key.isascii() for key in keys):
        raise InputError(
            f"expected API keys of at least {SHORTEST} ASCII characters, found one that isn't; "
            "python -c 'import secrets; print(secrets.token_urlsafe())' makes one"
        )
    return tuple(keys)


class Keys:
    """Lets requests through that carry a key, `Authorization: Bearer KEY`."""

    def __init__(self, app: ASGIApp, keys: Iterable[str]) -> None:
        """Store the keys; without any, all requests may pass."""
        self._app = app
        self._keys = [key.encode() for key in keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on.

        Raises:
            Problem: 401, it carries no key that is known.

        """
        if self._keys and scope["type"] == "http" and not _is_open(scope):
            self._check(scope)
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        given = b""
        for name, value in scope["headers"]:
            if name == b"authorization":
                given = value
        scheme, _, key = given.partition(b" ")
        # All are compared, so that the time says nothing about which.
        matches = [hmac.compare_digest(key.strip(), known) for known in self._keys]
        if scheme.lower() != b"bearer" or not any(matches):
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "key",
                "This server wants an API key that it knows: send the header Authorization: "
                "Bearer KEY.",
            )


def _is_open(scope: Scope) -> bool:
    path = scope["path"]
    return scope["method"] in {"GET", "HEAD"} and (path in OPEN or path.startswith(OPEN_FOLDER))
