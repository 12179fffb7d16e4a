"""Errors as RFC 9457 problem JSON: what is wrong, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from overtone.errors import InputError

MEDIA_TYPE = "application/problem+json"

SHOWN = 20
"""Most faults of one request that are listed."""
NAME = 60
"""Most characters of a key that a client chose."""

TODO = {
    HTTPStatus.NOT_FOUND: "There is nothing here: GET /openapi.json lists what there is.",
    HTTPStatus.METHOD_NOT_ALLOWED: "Not with this method: GET /openapi.json lists what there is.",
    HTTPStatus.BAD_REQUEST: "The body could not be read: send JSON, not nested deeper than asked.",
}


class Problem(Exception):  # noqa: N818 - the RFC's word
    """What a request can't have; becomes the answer."""

    def __init__(
        self, status: HTTPStatus, kind: str, detail: str, *, retry: int = 0, **limits: int
    ) -> None:
        """Store the answer's parts.

        Args:
            status: the HTTP status.
            kind: a stable name for programs, such as queue-full.
            detail: what is wrong, and what to do.
            retry: seconds after which another try may do; 0 where it won't.
            limits: what was exceeded, by name.

        """
        super().__init__(detail)
        self.status = status
        self.headers = {"retry-after": str(retry)} if retry else {}
        if status is HTTPStatus.UNAUTHORIZED:
            self.headers["www-authenticate"] = "Bearer"
        self.content: dict[str, object] = {
            "type": f"urn:overtone:problem:{kind}",
            "title": status.phrase,
            "status": int(status),
            "detail": detail,
            **limits,
        }

    def response(self) -> Response:
        """Return the answer."""
        return Response(
            # ASCII, so that any string can be written.
            json.dumps(self.content).encode(),
            status_code=int(self.status),
            headers=self.headers,
            media_type=MEDIA_TYPE,
        )


def unprocessable(detail: str, errors: Sequence[object] = ()) -> Problem:
    """Return the problem of a request that is understood but can't be done."""
    found = Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "unprocessable", detail)
    if errors:
        found.content["errors"] = errors
    return found


def handle(app: FastAPI) -> None:
    """Make an application answer its errors as problems."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(InputError, _input)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - what it is registered for
    return error.response()


async def _input(_: Request, error: Exception) -> Response:
    return unprocessable(str(error)).response()


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    status = HTTPStatus(error.status_code)
    found = Problem(
        status, status.phrase.lower().replace(" ", "-"), TODO.get(status, str(error.detail))
    )
    found.headers.update(error.headers or {})
    return found.response()


async def _validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        found = Problem(HTTPStatus.BAD_REQUEST, "no-json", "The body is no valid JSON: mend it.")
        return found.response()
    errors = [
        {"where": _where(fault["loc"]), "message": fault["msg"]} for fault in faults[:SHOWN]
    ]  # and not what was found there, which may be a text
    return unprocessable(
        "The body is not of the form that is asked for: see errors, and GET /openapi.json.",
        errors=errors,
    ).response()


def _where(places: Sequence[object]) -> str:
    """Return where in the body something is, as texts.3."""
    return ".".join(str(place)[:NAME] for place in places if place != "body") or "body"


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI says of answers that are problems."""
    member = {"type": "string"}
    schema = {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": member, "title": member, "status": {"type": "integer"}, "detail": member,
        },
    }  # fmt: skip
    return {
        int(status): {
            "description": status.phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }
