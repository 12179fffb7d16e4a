"""The texts that wait: a bounded queue that deals out batches fairly among requests.

Requests take turns, a text each, so that a small one is in the next batch however large those are
that came before it. All methods may be called from any thread.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Condition
from typing import Any


class QueueFull(Exception):  # noqa: N818 - a state, not a fault
    """There is no room for a request's texts."""


class QueueClosed(Exception):  # noqa: N818 - a state, not a fault
    """Nothing is taken on any more."""


class Job:
    """A request's texts, and how far they are dealt out."""

    def __init__(self, texts: Sequence[str], owner: Any = None) -> None:  # noqa: ANN401
        """Store the texts.

        Args:
            texts: at least one.
            owner: whatever the caller needs to find its answer.

        """
        self.texts = texts
        self.owner = owner
        self.dealt = 0
        self.since = time.monotonic()

    @property
    def characters(self) -> int:
        """Return the characters of the texts that still wait."""
        return sum(map(len, self.texts[self.dealt :]))


@dataclass(frozen=True)
class Cost:
    """About how many tokens texts have, told from their characters before they are tokenised."""

    text: float
    """Tokens that each text has besides its own."""
    character: float
    """Tokens a character."""
    most: float
    """Most tokens of a text that are computed."""

    def of(self, text: str) -> float:
        """Return a text's tokens."""
        return min(self.text + self.character * len(text), self.most)

    def of_all(self, texts: int, characters: int) -> float:
        """Return the tokens of several texts, all of each counted."""
        return self.text * texts + self.character * characters


Dealt = list[tuple[Job, int]]
"""Texts of a batch: which job's, and which of its texts."""


class FairQueue:
    """Jobs in turn."""

    def __init__(self, texts: int, characters: int) -> None:
        """Store the bounds.

        Args:
            texts: most texts that wait.
            characters: most characters of theirs.

        """
        self._most_texts = texts
        self._most_characters = characters
        self._jobs: deque[Job] = deque()
        self._changed = Condition()
        self._closed = False
        self.texts = 0
        self.characters = 0

    @property
    def full(self) -> bool:
        """Return whether not even a short text would fit."""
        return self.texts >= self._most_texts or self.characters >= self._most_characters

    def put(self, job: Job) -> None:
        """Take on a job.

        One that is larger than the queue is taken while nothing else waits.

        Raises:
            QueueFull: there is no room for it.
            QueueClosed: the queue is closed.

        """
        texts, characters = len(job.texts), job.characters
        with self._changed:
            if self._closed:
                raise QueueClosed
            if self.texts and (
                self.texts + texts > self._most_texts
                or self.characters + characters > self._most_characters
            ):
                raise QueueFull
            self._jobs.append(job)
            self._count(texts, characters)
            self._changed.notify_all()

    def withdraw(self, job: Job) -> None:
        """Free the places of a job that nobody waits for any more."""
        with self._changed:
            if job in self._jobs:
                self._jobs.remove(job)
                self._count(job.dealt - len(job.texts), -job.characters)

    def close(self) -> None:
        """Take on nothing more; what waits is still dealt out."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def take(self, cost: Cost, budget: float, wait: float = 0) -> Dealt:
        """Wait for texts, and return those of the next batch; none once it is closed and empty.

        Args:
            cost: what texts count.
            budget: most tokens a batch; a text that has more gets a batch of its own.
            wait: seconds from the oldest job's arrival during which others may join the batch.

        """
        with self._changed:
            dealt: Dealt = []
            while not dealt and (self._jobs or not self._closed):
                self._changed.wait_for(lambda: self._jobs or self._closed)
                if wait and self._jobs:
                    self._linger(cost, budget, wait)
                dealt = self._deal(cost, budget)  # empty where all was withdrawn meanwhile
            if self._jobs:
                self._changed.notify()  # another thread may take what is left
            return dealt

    def _linger(self, cost: Cost, budget: float, wait: float) -> None:
        """Wait until the batch is full or the oldest job has waited long enough."""
        until = min(job.since for job in self._jobs) + wait

        while not self._closed and cost.of_all(self.texts, self.characters) < budget:
            if (rest := until - time.monotonic()) <= 0 or not self._jobs:
                return
            self._changed.wait(rest)

    def _deal(self, cost: Cost, budget: float) -> Dealt:
        dealt: Dealt = []
        spent = 0.0
        while self._jobs:
            job = self._jobs[0]
            text = job.texts[job.dealt]
            spent += cost.of(text)
            if dealt and spent > budget:
                break
            dealt.append((job, job.dealt))
            job.dealt += 1
            self._count(-1, -len(text))
            self._jobs.rotate(-1)
            if job.dealt == len(job.texts):
                self._jobs.pop()  # the turn has brought it to the end
        return dealt

    def _count(self, texts: int, characters: int) -> None:
        self.texts += texts
        self.characters += characters
