"""Micro-batches: threads compute what concurrent requests wait for, together.

The event loop only puts texts into the queue and is told when their scores are there; cleaning,
tokenising and computing happen on as many threads as the backend computes batches at once, so that
the loop stays free to answer, and a core computes while another one prepares.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from threading import Lock, Thread

from overtone.apps.server.metrics import Metrics
from overtone.apps.server.problems import Problem
from overtone.apps.server.queue import Cost, Dealt, FairQueue, Job, QueueClosed, QueueFull
from overtone.apps.server.scores import Computed, Scores
from overtone.apps.server.settings import Settings

log = logging.getLogger(__name__)

Compute = Callable[[Sequence[str]], Computed]

TOKENS_A_CHARACTER = 0.25
"""Where nothing has been computed yet; English word pieces."""
MEMORY = 0.8
"""How much the tokens that were expected weigh against those of the newest batch."""
RETRY_SECONDS = 1


class Batcher:
    """The queue and its compute threads."""

    def __init__(
        self,
        compute: Compute,
        labels: int,
        most_tokens: float,
        settings: Settings,
        metrics: Metrics,
        threads: int = 1,
    ) -> None:
        """Store the parts.

        Args:
            compute: texts to scores; called on the threads.
            labels: how many there are.
            most_tokens: of a text that are computed; infinite where there is no limit.
            settings: bounds.
            metrics: what is counted.
            threads: how many batches are computed at once.

        """
        self._compute = compute
        self._labels = labels
        self._settings = settings
        self._metrics = metrics
        self._queue = FairQueue(settings.queue_texts, settings.queue_characters)
        self._cost = Cost(1, TOKENS_A_CHARACTER, most_tokens)
        self._threads = [
            Thread(target=self._work, name=f"compute-{number}", daemon=True)
            for number in range(threads)
        ]
        metrics.watch_queue(self._queue)

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Compute what waits, take on nothing more, and end the threads."""
        self._queue.close()
        for thread in self._threads:
            thread.join()

    @property
    def alive(self) -> bool:
        """Return whether anything is computed."""
        return all(thread.is_alive() for thread in self._threads)

    def refuse_when_full(self) -> None:
        """Refuse a request before its body is read.

        Raises:
            Problem: 503, the queue is full.

        """
        if self._queue.full:
            raise _full()

    async def scores(self, texts: Sequence[str]) -> Scores:
        """Return the scores of a request's texts; whoever is cancelled frees its place.

        Raises:
            Problem: 503, the queue is full or closed; 504, the answer took too long; 500, the
                texts could not be computed.

        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(len(texts), self._labels, loop)
        job = Job(texts, waiting)
        try:
            self._queue.put(job)
        except QueueFull as error:
            raise _full() from error
        except QueueClosed as error:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "stopping",
                "The server is being stopped: try another one, or again later.",
                retry=RETRY_SECONDS,
            ) from error
        try:
            async with self.deadline():
                return await waiting.done
        finally:
            self._queue.withdraw(job)

    @asynccontextmanager
    async def deadline(self) -> AsyncIterator[None]:
        """Cancel what takes longer than an answer may.

        Raises:
            Problem: 504, it took longer.

        """
        try:
            async with asyncio.timeout(self._settings.deadline_seconds):
                yield
        except TimeoutError as error:
            raise Problem(
                HTTPStatus.GATEWAY_TIMEOUT,
                "deadline",
                f"No answer within {self._settings.deadline_seconds:g} seconds: send fewer or "
                "shorter texts, or try again later.",
                retry=RETRY_SECONDS,
            ) from error

    # --- on the threads ---

    def _work(self) -> None:
        """Compute batch after batch until the queue is closed and empty."""
        shared = False
        while dealt := self._queue.take(
            self._cost,
            self._settings.batch_tokens,
            # A request that comes alone has nobody to wait for.
            self._settings.batch_wait_seconds if shared else 0,
        ):
            shared = dealt[0][0] is not dealt[-1][0]
            self._answer(dealt)

    def _answer(self, dealt: Dealt) -> None:
        """Compute a batch and give every job its rows."""
        texts = [job.texts[place] for job, place in dealt]
        started = time.perf_counter()
        try:
            scores, tokens = self._compute(texts)
        except Exception as error:  # noqa: BLE001 - one bad text must not end the server
            if len(dealt) > 1:  # nor the requests that share its batch
                for one in dealt:
                    self._answer([one])
                return
            # The message may hold the text; the kind of error doesn't.
            log.error("a text could not be computed: %s", type(error).__name__)  # noqa: TRY400
            dealt[0][0].owner.fail()
            return
        self._metrics.batch(len(texts), tokens, time.perf_counter() - started)
        self._learn(len(texts), sum(map(len, texts)), tokens)
        for row, (job, place) in enumerate(dealt):
            job.owner.fill(place, scores, row)

    def _learn(self, texts: int, characters: int, tokens: int) -> None:
        """Adjust what a character is expected to count."""
        if characters:
            newest = max(tokens - self._cost.text * texts, 0) / characters
            learned = MEMORY * self._cost.character + (1 - MEMORY) * newest
            self._cost = replace(self._cost, character=learned)


class _Waiting:
    """A request's scores, as they come in, and the future of them all."""

    def __init__(self, texts: int, labels: int, loop: asyncio.AbstractEventLoop) -> None:
        self.done: asyncio.Future[Scores] = loop.create_future()
        self._scores = Scores.empty(texts, labels)
        self._missing = texts
        self._loop = loop
        self._lock = Lock()

    def fill(self, row: int, found: Scores, at: int) -> None:
        self._scores.fill(row, found, at)
        with self._lock:  # its texts may be in batches that are computed at once
            self._missing -= 1
            whole = not self._missing
        if whole:
            self._tell(lambda: self.done.set_result(self._scores))

    def fail(self) -> None:
        self._tell(
            lambda: self.done.set_exception(
                Problem(
                    HTTPStatus.INTERNAL_SERVER_ERROR,
                    "failed",
                    "A text could not be computed, which should not happen: please report it.",
                )
            )
        )

    def _tell(self, finish: Callable[[], None]) -> None:
        def unless_gone() -> None:
            if not self.done.done():
                finish()

        try:
            self._loop.call_soon_threadsafe(unless_gone)
        except RuntimeError:
            log.debug("the loop ended before an answer could be given")


def _full() -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "queue-full",
        "More texts wait than can be computed soon: try again later.",
        retry=RETRY_SECONDS,
    )
