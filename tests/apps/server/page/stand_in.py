"""A stand-in for `overtone serve`: real HTTP, a real predictor, the page's own files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import overtone
from overtone import Predictor

LIMITS = {"texts": 64, "characters": 20_000, "body_bytes": 200_000}
SECURITY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


@contextmanager
def served(model: Path, port: int = 0, prefix: str = "/") -> Iterator[str]:
    """Serve a model and the page, under a path prefix where one is given; yield the address."""
    server = Server(model, port, prefix)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{prefix}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Server(ThreadingHTTPServer):
    """The model and where it is served."""

    def __init__(self, model: Path, port: int, prefix: str) -> None:
        """Load the model and listen."""
        super().__init__(("127.0.0.1", port), Handler)
        self.predictor = overtone.load(model)
        self.prefix = prefix
        self.lock = Lock()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server

    def do_GET(self) -> None:
        """Answer with the model's description or one of the page's files."""
        path = self.path.removeprefix(self.server.prefix)
        if path == "v1/model":
            self._answer(HTTPStatus.OK, described(self.server.predictor))
            return
        name = path.removeprefix("page/") or "index.html"
        file = files("overtone.apps.server") / "page" / name
        if "/" in name or not file.is_file():
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")
            return
        self._send(HTTPStatus.OK, KINDS[Path(name).suffix], file.read_bytes())

    def do_POST(self) -> None:
        """Answer with predictions."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if len(body) > LIMITS["body_bytes"]:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too long")
            return
        texts = json.loads(body)["texts"]
        if len(texts) > LIMITS["texts"] or max(map(len, texts)) > LIMITS["characters"]:
            self._refuse(HTTPStatus.UNPROCESSABLE_ENTITY, "too many or too long texts")
            return
        predictor = self.server.predictor
        with self.server.lock:
            found = predictor.predict(texts)
        answers = [
            {"labels": one.labels, "probabilities": one.probabilities, "truncated": False}
            for one in found
        ]
        model = {"name": predictor.bundle.path.name, "sha256": predictor.bundle.digest}
        self._answer(HTTPStatus.OK, {"model": model, "predictions": answers})

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        problem = {"title": status.phrase, "status": status, "detail": detail}
        self._answer(status, problem, "application/problem+json")

    def _answer(self, status: HTTPStatus, value: object, kind: str = "application/json") -> None:
        self._send(status, kind, json.dumps(value).encode())

    def _send(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", SECURITY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def described(predictor: Predictor) -> dict[str, Any]:
    """Return what GET v1/model answers."""
    manifest, names = predictor.bundle.manifest, predictor.labels.names
    decision = manifest.decision
    one = decision.get("threshold") if decision["name"] == "threshold" else None
    return {
        "name": predictor.bundle.path.parent.name,
        "sha256": predictor.bundle.digest,
        "labels": names,
        "decision": decision,
        "thresholds": dict.fromkeys(names, one) if one else decision.get("thresholds"),
        "metrics": manifest.metrics,
        "backend": "torch",
        "max_length": manifest.limit,
        "limits": LIMITS,
        "overtone": manifest.overtone,
    }
