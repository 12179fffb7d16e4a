"""The queue: fair, bounded, and honest about its length."""

from __future__ import annotations

import random
from threading import Thread

import pytest

from overtone.apps.server.queue import Cost, FairQueue, Job, QueueClosed, QueueFull

COST = Cost(text=1, character=1, most=10)


def queue(texts: int = 100, characters: int = 1000) -> FairQueue:
    return FairQueue(texts, characters)


def test_a_small_job_is_in_the_next_batch_whatever_came_before() -> None:
    waiting = queue()
    large, small = Job(["aaa"] * 50), Job(["b"])
    waiting.put(large)
    waiting.put(small)
    assert (small, 0) in waiting.take(COST, budget=8)


def test_jobs_take_turns_and_keep_the_order_of_their_texts() -> None:
    waiting = queue()
    jobs = [Job(["a"] * 3), Job(["b"] * 2), Job(["c"])]
    for job in jobs:
        waiting.put(job)
    a, b, c = jobs
    assert waiting.take(COST, budget=6) == [(a, 0), (b, 0), (c, 0)]
    assert waiting.take(COST, budget=100) == [(a, 1), (b, 1), (a, 2)]
    assert (waiting.texts, waiting.characters) == (0, 0)


def test_a_batch_keeps_to_the_budget_and_holds_at_least_one_text() -> None:
    waiting = queue()
    waiting.put(Job(["x" * 500, "y", "z"]))
    assert len(waiting.take(COST, budget=5)) == 1
    assert len(waiting.take(COST, budget=4)) == 2


def test_of_a_text_no_more_counts_than_is_computed() -> None:
    waiting = queue()
    waiting.put(Job(["x" * 400] * 2))
    assert len(waiting.take(COST, budget=20)) == 2


def test_what_does_not_fit_is_refused_and_leaves_no_trace() -> None:
    waiting = queue(texts=3, characters=10)
    waiting.put(Job(["a", "b"]))
    with pytest.raises(QueueFull):
        waiting.put(Job(["c", "d"]))
    with pytest.raises(QueueFull):
        waiting.put(Job(["x" * 9]))
    assert (waiting.texts, waiting.characters, waiting.full) == (2, 2, False)
    waiting.put(Job(["c"]))
    assert waiting.full


def test_a_job_larger_than_the_queue_is_taken_alone() -> None:
    waiting = queue(texts=3)
    waiting.put(Job(["a"] * 5))
    assert waiting.full
    with pytest.raises(QueueFull):
        waiting.put(Job(["b"]))


def test_a_withdrawn_job_frees_the_places_that_it_still_has() -> None:
    waiting = queue()
    job, other = Job(["aa"] * 4), Job(["b"])
    waiting.put(job)
    waiting.put(other)
    waiting.take(COST, budget=5)
    waiting.withdraw(job)
    waiting.withdraw(job)
    assert (waiting.texts, waiting.characters) == (0, 0)
    waiting.put(Job(["c"]))
    assert len(waiting.take(COST, budget=100)) == 1


def test_a_closed_queue_deals_out_the_rest_and_then_nothing() -> None:
    waiting = queue()
    waiting.put(Job(["a"]))
    waiting.close()
    with pytest.raises(QueueClosed):
        waiting.put(Job(["b"]))
    assert len(waiting.take(COST, budget=100, wait=1000)) == 1
    assert waiting.take(COST, budget=100) == []


def test_a_full_batch_does_not_wait_for_more() -> None:
    waiting = queue()
    waiting.put(Job(["aaa"] * 5))
    assert len(waiting.take(COST, budget=20, wait=1000)) == 5  # else this would take minutes


def test_others_may_join_while_a_batch_waits() -> None:
    waiting = queue()
    waiting.put(Job(["a"]))
    others = [Thread(target=waiting.put, args=(Job(["b"]),)) for _ in range(9)]
    for other in others:
        other.start()
    assert len(waiting.take(COST, budget=20, wait=1000)) == 10
    for other in others:
        other.join()


def test_counts_stay_right_whatever_happens() -> None:
    draw = random.Random(0)  # noqa: S311 - no secrets
    waiting = queue(texts=40, characters=300)
    jobs: list[Job] = []
    for _ in range(2000):
        action = draw.randrange(3)
        if action == 0:
            job = Job(["x" * draw.randrange(30) for _ in range(draw.randrange(1, 8))])
            try:
                waiting.put(job)
                jobs.append(job)
            except QueueFull:
                pass
        elif action == 1 and jobs:
            waiting.withdraw(jobs.pop(draw.randrange(len(jobs))))
        elif waiting.texts:
            assert waiting.take(COST, budget=draw.randrange(1, 40))
        left = [job for job in jobs if job.dealt < len(job.texts)]
        assert waiting.texts == sum(len(job.texts) - job.dealt for job in left)
        assert waiting.characters == sum(job.characters for job in left)
