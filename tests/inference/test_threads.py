"""How many threads a backend takes."""

from __future__ import annotations

import os

import pytest

from overtone.inference import threads


@pytest.mark.parametrize("said", ["", "0", "-1", "many", None])
def test_where_nobody_says_how_many_all_cores_are_taken(
    said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if said is None:
        monkeypatch.delenv(threads.VARIABLE, raising=False)
    else:
        monkeypatch.setenv(threads.VARIABLE, said)
    assert threads.share() == len(os.sched_getaffinity(0))


def test_the_number_that_is_said_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(threads.VARIABLE, "17")
    assert threads.share() == 17


@pytest.mark.parametrize(
    ("asked", "expected"), [((4, 0), (4, 4)), ((4, 1), (4, 1)), ((2, 8), (2, 2)), ((0, 0), (3, 3))]
)
def test_lanes_share_the_threads(
    asked: tuple[int, int], expected: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(threads.VARIABLE, "3")
    assert threads.divided(*asked) == expected
