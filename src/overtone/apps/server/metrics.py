"""What Prometheus is told, right with several workers, too."""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from overtone.apps.server.queue import FairQueue

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable, set before this module is imported, that names the folder that workers share."""

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
TOKENS = (32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)


class Metrics:
    """The counters of one application."""

    def __init__(self) -> None:
        """Make the counters."""
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "overtone_requests", "Requests.", ("route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "overtone_request_seconds",
            "From a request's headers to the end of its answer.",
            ("route",),
            registry=registry,
            buckets=SECONDS,
        )
        self._batch_texts = Histogram(
            "overtone_batch_texts", "Texts a batch.", registry=registry, buckets=TEXTS
        )
        self._batch_tokens = Histogram(
            "overtone_batch_tokens", "Tokens a batch.", registry=registry, buckets=TOKENS
        )
        self._batch_seconds = Histogram(
            "overtone_batch_seconds",
            "From a batch's texts to its scores.",
            registry=registry,
            buckets=SECONDS,
        )
        self._labels = Counter(
            "overtone_labels_on", "Texts that carry a label.", ("label",), registry=registry
        )
        self._waiting = Gauge(
            "overtone_queue",
            "What waits to be computed.",
            ("unit",),
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._queue: FairQueue | None = None

    def watch_queue(self, queue: FairQueue) -> None:
        """Say of a queue how long it is."""
        self._queue = queue
        self.queue()

    def queue(self) -> None:
        """Take down how long the queue is."""
        if self._queue is not None:
            self._waiting.labels("texts").set(self._queue.texts)
            self._waiting.labels("characters").set(self._queue.characters)

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def batch(self, texts: int, tokens: int, seconds: float) -> None:
        """Count a batch."""
        self._batch_texts.observe(texts)
        self._batch_tokens.observe(tokens)
        self._batch_seconds.observe(seconds)
        self.queue()

    def label(self, name: str) -> None:
        """Count a text that carries a label."""
        self._labels.labels(name).inc()

    def page(self) -> tuple[bytes, str]:
        """Return what Prometheus reads, of all workers, and its media type."""
        self.queue()
        registry = self._registry
        if folder := os.environ.get(FOLDER):
            _bury_the_dead(Path(folder))
            registry = CollectorRegistry()
            MultiProcessCollector(registry, folder)
        return generate_latest(registry), CONTENT_TYPE_LATEST


def _bury_the_dead(folder: Path) -> None:
    """Forget the queues of workers that are gone; what they counted stays counted."""
    for file in folder.glob("gauge_live*_*.db"):
        worker = int(file.stem.rpartition("_")[2])
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            mark_process_dead(worker, str(folder))
        except PermissionError:
            pass  # someone else's process has the number now; it is gone next time
