"""Serving: the socket, the signals, and the workers.

One worker is this process; several are processes that share the socket, under a supervisor that
starts another one where one dies.
"""

from __future__ import annotations

import functools
import logging
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from threading import Thread

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess

from overtone import bundle
from overtone.apps.server.connections import Connection
from overtone.apps.server.logs import show_messages
from overtone.apps.server.settings import Settings
from overtone.errors import InputError, OvertoneError

log = logging.getLogger(__name__)

BACKLOG = 2048
HANG_SECONDS = 60
"""A worker that says nothing for so long is replaced."""
SPARE_SECONDS = 5
"""What workers get to leave besides the time for what was accepted."""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
"""Variables that tell torch, numpy and the tokenizers how many threads to take."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """What a worker serves."""

    model: str
    backend: str
    labels: tuple[str, ...] | None = None
    """What every text is asked for; the model's own where None."""
    keys: tuple[str, ...]
    settings: Settings

    def __repr__(self) -> str:
        """Return its name; keys are never shown."""
        return f"Served({self.model!r})"


def serve(served: Served, *, host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM or Ctrl-C, then finish what was accepted.

    Args:
        served: the model and how.
        host: the address to listen at.
        port: 0 takes a free one.
        workers: processes; they share the cores.

    Raises:
        InputError: there is no such model, or the address can't be used.
        OvertoneError: the workers could not start.

    """
    show_messages()
    if hasattr(signal, "SIGPIPE"):
        # The command line ends where a reader leaves; a server goes on.
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    folder = bundle.locate(served.model)
    listening = _listen(host, port)
    # Connections wait from here on until the model is there.
    log.info("listening on %s, loading %s (Ctrl-C or SIGTERM stops)", _address(listening), folder)
    if not served.keys and not _is_loopback(host):
        log.warning(
            "whoever reaches %s may ask: OVERTONE_API_KEYS or --api-key-file sets keys", host
        )
    _share_cores(workers)
    with _signals_end_quietly():
        if workers == 1:
            uvicorn.Server(_config(served, 1)).run([listening])
        else:
            _supervise(served, workers, listening)
    log.info("stopped")


def _supervise(served: Served, workers: int, listening: socket.socket) -> None:
    bundle.load(bundle.locate(served.model))  # what is wrong with it is said once, and here
    with tempfile.TemporaryDirectory(prefix="overtone-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        supervisor = _Supervisor(_config(served, workers), sockets=[listening])
        supervisor.run()
        if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
            raise OvertoneError("the workers could not start: see above")


def configure(app: Callable[[], object], settings: Settings, workers: int = 1) -> uvicorn.Config:
    """Return what uvicorn is told.

    Args:
        app: returns the application; it is sent to each worker, so it must be one that can be.
        settings: bounds.
        workers: processes.

    """
    return uvicorn.Config(
        app,
        factory=True,
        workers=workers,
        http=functools.partial(Connection, settings),  # type: ignore[arg-type]
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # Nobody's word is taken for where a request comes from.
        proxy_headers=False,
        backlog=BACKLOG,
        h11_max_incomplete_event_size=settings.head_bytes,
        timeout_graceful_shutdown=settings.drain_seconds,
        timeout_worker_healthcheck=HANG_SECONDS,
    )


def _config(served: Served, workers: int) -> uvicorn.Config:
    parent = os.getpid() if workers > 1 else 0
    return configure(functools.partial(_application, served, parent), served.settings, workers)


def _application(served: Served, parent: int) -> object:
    """Load the model and return the application; in each worker.

    Args:
        served: the model and how.
        parent: the supervisor's number; 0 where there is none.

    """
    if parent:
        show_messages()
        Thread(target=_leave_with, args=(parent,), daemon=True).start()
    # Heavy, and needed in each worker only.
    from overtone.apps.server.app import create_app  # noqa: PLC0415
    from overtone.inference.predictor import load  # noqa: PLC0415

    # A thread that computes takes the interpreter for 5 ms at a time, unless told otherwise; the
    # loop would wait for it, and it for the loop.
    sys.setswitchinterval(0.001)
    try:
        predictor = load(served.model, served.backend, labels=served.labels)
        predictor.predict(["a text"])  # what is done once is done before anyone waits for it
        app = create_app(
            predictor,
            served.settings,
            keys=served.keys,
            backend=served.backend,
        )
    except OvertoneError as error:
        if not parent:
            raise
        log.error("%s", error)  # noqa: TRY400 - the message says it
        sys.exit(STARTUP_FAILURE)
    log.info("ready: %s", predictor.bundle.path)
    return app


def _leave_with(parent: int) -> None:
    """Stop this worker when its supervisor is gone, which kill -9 keeps from stopping it."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


class _Supervisor(Multiprocess):
    """uvicorn's supervisor; it says who died, and waits for its workers within a bound."""

    def keep_subprocess_alive(self) -> None:
        """Start another worker where one died."""
        before = list(self.processes)
        for process in before:
            # Only with the worker's end closed here is it noticed that the worker is gone.
            process.child_conn.close()
        super().keep_subprocess_alive()
        for old, new in zip(before, self.processes, strict=True):
            if old is not new:
                log.warning(
                    "worker %s died (exit code %s); another one is started", old.pid, old.exitcode
                )

    def join_all(self) -> None:
        """Wait for the workers, and kill those that don't leave."""
        grace = self.config.timeout_graceful_shutdown or 0
        for process in self.processes:
            process.process.join(grace + SPARE_SECONDS)
            if process.process.is_alive():
                log.warning("worker %s did not leave in time and was killed", process.pid)
                process.process.kill()
                process.process.join()


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        InputError: the address can't be had.

    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(
            f"can't listen on {host} port {port} ({reason}): choose others with --host and --port; "
            "--port 0 takes a free one"
        ) from error
    # Asked of the system what it is, or else asyncio takes it for no TCP and leaves Nagle's
    # algorithm on, which holds answers back for 40 ms.
    listening = socket.socket(fileno=listening.detach())
    listening.set_inheritable(True)
    return listening


def _address(listening: socket.socket) -> str:
    host, port, *_ = listening.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _share_cores(workers: int) -> None:
    """Give each worker its share of the cores, unless the user has said how many threads."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    for variable in THREADS:
        os.environ.setdefault(variable, str(max(1, (cores or 1) // workers)))


@contextmanager
def _signals_end_quietly() -> Iterator[None]:
    """Let the signals that end a server not end this process afterwards, too."""
    ends = (signal.SIGINT, signal.SIGTERM)
    # uvicorn takes them while it runs and raises them again when it is done.
    before = {number: signal.signal(number, lambda *_: None) for number in ends}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
