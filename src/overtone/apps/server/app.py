"""The application: a predictor behind HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

import overtone
from overtone.apps.server import explanations, health, hugging_face, native, page_files, tei
from overtone.apps.server.about import about, most_tokens
from overtone.apps.server.batcher import Batcher
from overtone.apps.server.bodies import Bodies
from overtone.apps.server.guard import Guard
from overtone.apps.server.keys import Keys
from overtone.apps.server.metrics import Metrics
from overtone.apps.server.problems import handle
from overtone.apps.server.scores import compute
from overtone.apps.server.service import Service
from overtone.apps.server.settings import Settings
from overtone.inference.predictor import Predictor

SILENT: TelemetryConfig = {
    "tracing": False, "metrics": False, "logs": False, "operation_spans": False,
    "auto_configure": False,
}  # fmt: skip
"""FastAPI's own would write what a request held into traces, where something collects them."""


def create_app(
    predictor: Predictor,
    settings: Settings | None = None,
    *,
    keys: Iterable[str] = (),
    backend: str = "torch",
) -> FastAPI:
    """Return the ASGI application.

    Args:
        predictor: the model.
        settings: bounds.
        keys: API keys; without any, all may ask.
        backend: what the predictor computes with, for those who ask.

    """
    settings = settings or Settings()
    metrics = Metrics()
    batcher = Batcher(
        partial(compute, predictor),
        len(predictor.labels),
        most_tokens(predictor),
        settings,
        metrics,
        threads=predictor.lanes,
    )
    service = Service(
        labels=predictor.labels,
        clean=predictor.clean,
        about=about(predictor, backend, settings),
        batcher=batcher,
        metrics=metrics,
        settings=settings,
    )

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        batcher.start()
        try:
            yield
        finally:
            batcher.stop()

    app = FastAPI(
        title="overtone",
        summary="Which emotions a text carries.",
        version=overtone.__version__,
        # FastAPI's own pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        lifespan=running,
        redirect_slashes=False,
        telemetry=SILENT,
    )
    for routes in (
        native.routes(service),
        explanations.routes(service),
        tei.routes(service),
        hugging_face.routes(service),
        health.routes(service),
        page_files.routes(),
    ):
        app.include_router(routes)
    handle(app)
    # The last that is added is the outermost.
    app.add_middleware(Bodies, settings=settings, refuse_when_full=batcher.refuse_when_full)
    app.add_middleware(Keys, keys=keys)
    app.add_middleware(Guard, metrics=metrics, access_log=settings.access_log)
    return app
