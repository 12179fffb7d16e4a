"""For those who keep a server running: /healthz, /readyz, /metrics."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from overtone.apps.server.problems import Problem, documented
from overtone.apps.server.service import Service


def routes(service: Service) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["operations"])

    @router.get("/healthz", response_class=PlainTextResponse)
    async def healthz() -> str:
        """Say that the process answers."""
        return "ok\n"

    @router.get(
        "/readyz",
        response_class=PlainTextResponse,
        responses=documented(HTTPStatus.SERVICE_UNAVAILABLE),
    )
    async def readyz() -> str:
        """Say whether requests would be taken on now."""
        if not service.batcher.alive:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE, "not-ready", "Nothing is computed here: ask later."
            )
        service.batcher.refuse_when_full()
        return "ready\n"

    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Tell Prometheus."""
        content, kind = service.metrics.page()
        return Response(content, media_type=kind)

    return router
