"""A tiny model behind a real server: real sockets, in a thread for speed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Semaphore, Thread

import httpx2
import pytest
import uvicorn

import overtone
from overtone.apps.server.app import create_app
from overtone.apps.server.run import configure
from overtone.apps.server.settings import Settings
from overtone.inference.predictor import Predictor
from overtone.inputs import Encoded

SECONDS = 120
"""No wait is longer; none takes so long."""


class Gate(Predictor):
    """The model itself, which computes only while the gate is open."""

    def __init__(self, predictor: Predictor) -> None:
        super().__init__(predictor.bundle, predictor._logits_of)
        self.open = Event()
        self.open.set()
        self.entered = Semaphore(0)
        """Released with each batch that has come to the gate."""
        self.batches: list[list[str]] = []

    def encode(self, texts: Iterable[str]) -> Encoded:
        texts = list(texts)
        self.batches.append(texts)
        self.entered.release()
        assert self.open.wait(SECONDS)
        return super().encode(texts)

    def wait_for_batch(self) -> None:
        assert self.entered.acquire(timeout=SECONDS)


class Served:
    """A running server."""

    def __init__(self, port: int, server: uvicorn.Server, thread: Thread) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.server = server
        self.thread = thread
        self.client = httpx2.Client(base_url=self.url, timeout=SECONDS)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)

    def stop(self) -> None:
        self.server.should_exit = True

    def metric(self, line: str) -> float:
        """Return the value of a line of /metrics, 0 where there is none."""
        for found in self.client.get("/metrics").text.splitlines():
            if found.startswith(f"{line} "):
                return float(found.rpartition(" ")[2])
        return 0.0


Serve = Callable[..., Served]


@contextmanager
def serving(
    predictor: Predictor, settings: Settings, keys: tuple[str, ...] = (), port: int = 0
) -> Iterator[Served]:
    """Serve a model at a port, by default at a free one."""
    listening = socket.create_server(("127.0.0.1", port), backlog=1024)
    port = listening.getsockname()[1]
    config = configure(lambda: create_app(predictor, settings, keys=keys), settings)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, args=([listening],))
    thread.start()
    found = Served(port, server, thread)
    try:
        with found.client:
            yield found
    finally:
        found.stop()
        thread.join(SECONDS)
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def predictor(run: Path) -> Predictor:
    """The tiny model, loaded."""
    return overtone.load(run, device="cpu")


@pytest.fixture
def gate(predictor: Predictor) -> Iterator[Gate]:
    """The model behind a gate, which is open in the end."""
    found = Gate(predictor)
    yield found
    found.open.set()


@pytest.fixture(scope="session")
def served(predictor: Predictor) -> Iterator[Served]:
    """A server with the limits that it has by itself."""
    with serving(predictor, Settings(access_log=False)) as found:
        yield found


@pytest.fixture
def serve(predictor: Predictor) -> Iterator[Serve]:
    """Return a function that starts a server with some limits, stopped in the end."""
    with ExitStack() as stack:

        def start(
            model: Predictor = predictor, keys: tuple[str, ...] = (), **limits: object
        ) -> Served:
            settings = Settings(**{"access_log": False, **limits})  # type: ignore[arg-type]
            return stack.enter_context(serving(model, settings, keys))

        yield start
