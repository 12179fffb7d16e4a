"""Micro-batches: shared, right, and freed when nobody waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import partial
from math import inf

import numpy as np
import pytest

from overtone.apps.server.batcher import Batcher
from overtone.apps.server.metrics import Metrics
from overtone.apps.server.problems import Problem
from overtone.apps.server.scores import Computed, Scores, compute
from overtone.apps.server.settings import Settings
from overtone.inference.predictor import Predictor

from .conftest import SECONDS, Gate

TEXTS = ["I am so happy today", "what a terrible day", "this bus is late again", "the sea", ""]


@asynccontextmanager
async def batching(predictor: Predictor, **limits: object) -> AsyncIterator[Batcher]:
    settings = Settings(**limits)  # type: ignore[arg-type]
    labels = len(predictor.labels)
    batcher = Batcher(partial(compute, predictor), labels, inf, settings, Metrics())
    batcher.start()
    try:
        yield batcher
    finally:
        await asyncio.to_thread(batcher.stop)


def go(work: Coroutine[object, object, None]) -> None:
    asyncio.run(asyncio.wait_for(work, SECONDS))


async def until_waiting(batcher: Batcher, texts: int) -> None:
    while batcher._queue.texts != texts:  # noqa: ASYNC110 - the thread tells nobody
        await asyncio.sleep(0)


def test_scores_are_the_models_own_whoever_shares_the_batch(predictor: Predictor) -> None:
    async def work() -> None:
        async with batching(predictor) as batcher:
            found = await asyncio.gather(*(batcher.scores([text, "joy"]) for text in TEXTS))
        for text, scores in zip(TEXTS, found, strict=True):
            expected = predictor.predict([text, "joy"])
            for row, one in enumerate(expected):
                names = predictor.labels.names
                on = {name for name, is_on in zip(names, scores.on[row], strict=True) if is_on}
                assert on == set(one.labels)
                np.testing.assert_allclose(
                    scores.probabilities[row], [*one.probabilities.values()], atol=1e-5
                )
            np.testing.assert_allclose(
                scores.logits, predictor.logits([text, "joy"]), atol=1e-4, rtol=0
            )
            assert not scores.lost.any()

    go(work())


def test_requests_that_come_together_share_a_batch(gate: Gate) -> None:
    async def work() -> None:
        async with batching(gate) as batcher:
            gate.open.clear()
            first = asyncio.create_task(batcher.scores(["first"]))
            await asyncio.to_thread(gate.wait_for_batch)
            others = [asyncio.create_task(batcher.scores([text])) for text in TEXTS]
            await until_waiting(batcher, len(TEXTS))
            gate.open.set()
            await asyncio.gather(first, *others)
        assert gate.batches == [["first"], TEXTS]

    go(work())


def test_a_small_request_overtakes_a_large_one(gate: Gate) -> None:
    async def work() -> None:
        async with batching(gate, batch_tokens=20) as batcher:
            gate.open.clear()
            large = asyncio.create_task(batcher.scores(["the bus is late again today"] * 60))
            await asyncio.to_thread(gate.wait_for_batch)
            small = asyncio.create_task(batcher.scores(["hello"]))
            await until_waiting(batcher, 61 - len(gate.batches[0]))
            gate.open.set()
            await small
            assert not large.done()
            await large
        assert "hello" in gate.batches[1]

    go(work())


def test_a_requests_texts_may_be_computed_at_once(predictor: Predictor) -> None:
    together = threading.Barrier(2)

    def meeting(texts: Sequence[str]) -> Computed:
        together.wait(timeout=SECONDS)  # alone it would wait in vain
        return compute(predictor, texts)

    async def work() -> None:
        settings = Settings(batch_tokens=1)  # a batch a text
        batcher = Batcher(meeting, len(predictor.labels), inf, settings, Metrics(), threads=2)
        batcher.start()
        found = await batcher.scores(TEXTS[:4])
        await asyncio.to_thread(batcher.stop)
        expected = predictor.logits(TEXTS[:4])
        np.testing.assert_allclose(found.logits, expected, atol=1e-4, rtol=0)

    go(work())


def test_a_text_that_can_t_be_computed_fails_alone(predictor: Predictor) -> None:
    def fragile(texts: Sequence[str]) -> Computed:
        if "bad" in texts:
            raise ValueError(texts)
        return compute(predictor, texts)

    async def work() -> None:
        batcher = Batcher(fragile, len(predictor.labels), inf, Settings(), Metrics())
        asked = [asyncio.create_task(batcher.scores([text])) for text in ("good", "bad", "better")]
        await until_waiting(batcher, 3)
        batcher.start()
        good, bad, better = await asyncio.gather(*asked, return_exceptions=True)
        await asyncio.to_thread(batcher.stop)
        assert isinstance(good, Scores)
        assert isinstance(better, Scores)
        assert isinstance(bad, Problem)
        assert bad.status == 500

    go(work())


def test_who_is_cancelled_frees_its_place(gate: Gate) -> None:
    async def work() -> None:
        async with batching(gate) as batcher:
            gate.open.clear()
            first = asyncio.create_task(batcher.scores(["first"]))
            await asyncio.to_thread(gate.wait_for_batch)
            gone = asyncio.create_task(batcher.scores(["gone"] * 9))
            await until_waiting(batcher, 9)
            gone.cancel()
            await until_waiting(batcher, 0)
            gate.open.set()
            await first
        assert gate.batches == [["first"]]

    go(work())


def test_a_full_queue_refuses(gate: Gate) -> None:
    async def work() -> None:
        async with batching(gate, queue_texts=2) as batcher:
            gate.open.clear()
            asked = [asyncio.create_task(batcher.scores(["first"]))]
            await asyncio.to_thread(gate.wait_for_batch)
            asked += [asyncio.create_task(batcher.scores([text])) for text in ("second", "third")]
            await until_waiting(batcher, 2)
            with pytest.raises(Problem) as refused:
                batcher.refuse_when_full()
            with pytest.raises(Problem) as also:
                await batcher.scores(["fourth"])
            gate.open.set()
            await asyncio.gather(*asked)
            batcher.refuse_when_full()
        for found in (refused, also):
            assert found.value.status == 503
            assert found.value.headers == {"retry-after": "1"}

    go(work())


def test_who_waits_too_long_is_told_and_frees_its_place(gate: Gate) -> None:
    async def work() -> None:
        async with batching(gate, deadline_seconds=0.05) as batcher:
            gate.open.clear()
            found = await asyncio.gather(
                *(batcher.scores([text]) for text in TEXTS), return_exceptions=True
            )
            assert [one.status for one in found if isinstance(one, Problem)] == [504] * len(TEXTS)
            assert batcher._queue.texts == 0
            gate.open.set()

    go(work())


def test_stopping_finishes_what_waits_and_refuses_the_rest(gate: Gate) -> None:
    async def work() -> None:
        async with batching(gate) as batcher:
            gate.open.clear()
            asked = [asyncio.create_task(batcher.scores([text])) for text in TEXTS]
            await asyncio.to_thread(gate.wait_for_batch)
            stopping = asyncio.create_task(asyncio.to_thread(batcher.stop))
            while not batcher._queue._closed:  # noqa: ASYNC110 - the same
                await asyncio.sleep(0)
            with pytest.raises(Problem) as refused:
                await batcher.scores(["late"])
            assert refused.value.status == 503
            gate.open.set()
            assert len(await asyncio.gather(*asked)) == len(TEXTS)
            await stopping

    go(work())
