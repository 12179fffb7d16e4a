"""`overtone push`, and hub:user/name in the commands that take a model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.hub_stand_in import Hub

# huggingface_hub 2.4 hands large files to httpx2 in a way that this one would not have.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

Cli = Callable[..., Any]


def test_a_model_is_pushed_and_every_command_takes_it(
    cli: Cli, run: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_ann")
    done = cli("push", run, "ann/moods", "--private", "--license", "mit", "--message", "first")
    assert done.code == 0, done.err
    assert done.out == f"pushed hub:ann/moods@{hub.repositories['ann/moods'].branches['main']}\n"
    assert hub.repositories["ann/moods"].messages[-1] == "first"
    assert b"license: mit" in hub.tree("ann/moods")["README.md"]
    here = cli("predict", run, "so happy today", "--json", "-").out
    there = cli("predict", "hub:ann/moods", "so happy today", "--json", "-")
    assert there.out == here
    assert "note: fetched hub:ann/moods@" in there.err
    for command in (
        ["evaluate", "hub:ann/moods", "--dataset", "sample", "--json", "-"],
        ["explain", "hub:ann/moods", "so happy", "--method", "leave_one_out", "--json", "-"],
        ["compare", run, "hub:ann/moods", "--dataset", "sample", "--resamples", "9", "--json", "-"],
    ):
        found = cli(*command)
        assert found.code == 0, found.err
        assert json.loads(found.out)


def test_problems_are_one_line(cli: Cli, run: Path, hub: Hub) -> None:
    cli("push", run, "ann/moods").assert_failed(2)
    cli("push", run, "moods").assert_failed(2)
    cli("push", "nothing", "ann/moods").assert_failed(2)
    cli("predict", "hub:ann/nothing", "so happy").assert_failed(2)
    hub.failing["/api/"] = 418
    cli("predict", "hub:ann/nothing", "so happy").assert_failed(1)


@pytest.mark.slow
def test_a_process_of_its_own_finds_the_hub_too(
    program: Cli, run: Path, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_ann")
    assert hub.port
    pushed = program("push", run, "ann/moods")
    assert (pushed.code, pushed.err) == (0, "")
    found = program("predict", "hub:ann/moods", "so happy today", "--json", "-")
    assert found.code == 0, found.err
    assert set(json.loads(found.out)["probabilities"])
    assert (tmp_path / "cache" / "overtone" / "hub" / "ann--moods").is_dir()
