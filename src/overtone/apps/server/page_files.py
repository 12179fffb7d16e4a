"""The page's files, as they lie in page/: `/` is index.html, the others are below /page/."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response

from overtone.apps.server.problems import Problem

FOLDER = Path(__file__).parent / "page"
INDEX = "index.html"
KINDS = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
"""Media types by a file's ending; what has none of them is not served."""


def routes() -> APIRouter:
    """Return the routes; the files are read once, so no request reaches the disk."""
    router = APIRouter(include_in_schema=False)
    files = {
        file.name: (file.read_bytes(), KINDS[file.suffix])
        for file in FOLDER.iterdir()
        if file.suffix in KINDS
    }

    @router.api_route("/", methods=["GET", "HEAD"])
    async def index() -> Response:
        return _file(INDEX)

    @router.api_route("/page/{name}", methods=["GET", "HEAD"])
    async def file(name: str) -> Response:
        return _file(name)

    def _file(name: str) -> Response:
        if name not in files:
            raise Problem(HTTPStatus.NOT_FOUND, "not-found", "The page has no such file: open /.")
        content, kind = files[name]
        return Response(content, media_type=kind, headers={"cache-control": "no-cache"})

    return router
