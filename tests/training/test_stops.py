"""Stops that lose nothing: any step, any signal, and checkpoints that are damaged."""

from __future__ import annotations

import json
import logging
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.training.case import (
    BCE,
    CONFIG,
    STEPS,
    Case,
    Weights,
    rising,
    same,
    scores,
    scripted,
    signalling,
    stopped,
    trained,
)
from torch import Tensor, nn

from overtone.errors import OvertoneError
from overtone.losses import Count
from overtone.training.result import Scores
from overtone.training.stopping import Interrupted


@pytest.mark.parametrize(
    ("number", "step"),
    [
        (signal.SIGTERM, 1),
        (signal.SIGINT, 3),
        (signal.SIGTERM, STEPS),
        (signal.SIGINT, STEPS + 1),
        (signal.SIGINT, 3 * STEPS),
    ],
)
def test_a_run_stopped_at_any_step_goes_on_bit_for_bit(
    bert: Path, tmp_path: Path, unstopped: Weights, number: signal.Signals, step: int
) -> None:
    with pytest.raises(Interrupted, match=f"step {step}") as caught:
        Case(bert).fit(tmp_path / "cut", loss=signalling(step, number))
    assert caught.value.exit_code == 128 + number
    again = Case(bert, seed=99)  # its first weights must not matter
    rest = iter((0.1, 0.2, 0.3)[(step - 1) // STEPS :])
    again.fit(tmp_path / "cut", validate=lambda _: scores(next(rest)))
    assert same(again.weights(), unstopped)
    epochs = (tmp_path / "cut" / "history.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["epoch"] for line in epochs] == [1, 2, 3]


def test_a_stop_while_dev_is_scored_goes_on_bit_for_bit(
    bert: Path, tmp_path: Path, unstopped: Weights
) -> None:

    def validate(_: nn.Module) -> Scores:
        signal.raise_signal(signal.SIGINT)
        return scores(0.1)

    with pytest.raises(Interrupted, match=f"step {STEPS},"):
        Case(bert).fit(tmp_path / "cut", validate=validate)
    again = Case(bert, seed=99)
    again.fit(tmp_path / "cut", validate=scripted(0.2, 0.3))
    assert same(again.weights(), unstopped)


def test_a_run_stopped_after_every_step_still_ends_the_same(bert: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, epochs=2)
    unbroken = trained(bert, tmp_path / "unbroken", config)
    for _ in range(2 * STEPS):
        with pytest.raises(Interrupted):
            Case(bert).fit(tmp_path / "cut", config, signalling(1, signal.SIGINT), rising(tmp_path))
    again = Case(bert)
    again.fit(tmp_path / "cut", config, validate=rising(tmp_path))
    assert same(again.weights(), unbroken)


def test_a_second_signal_acts_at_once_and_the_handlers_come_back(
    bert: Path, tmp_path: Path
) -> None:
    # A shell starts what runs in its background with SIGINT ignored, and this suite may be that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(KeyboardInterrupt):
        Case(bert).fit(tmp_path, loss=signalling(2, signal.SIGINT, times=2))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize("warmup", [False, True])
def test_a_stopped_run_with_a_moving_average_goes_on_bit_for_bit(
    bert: Path, tmp_path: Path, *, warmup: bool
) -> None:
    config = replace(CONFIG, average=0.9, average_warmup=warmup)
    expected = trained(bert, tmp_path / "whole", config)
    with pytest.raises(Interrupted):
        Case(bert).fit(tmp_path / "cut", config, loss=signalling(STEPS + 2, signal.SIGINT))
    again = Case(bert, seed=99)
    again.fit(tmp_path / "cut", config, validate=scripted(0.2, 0.3, 0.4))
    assert same(again.weights(), expected)


def test_two_checkpoints_are_kept(bert: Path, tmp_path: Path) -> None:
    Case(bert).fit(tmp_path)
    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert names == [
        "best.safetensors",
        f"step-{3 * STEPS:08d}-epoch-0002",  # before dev was scored, and after
        f"step-{3 * STEPS:08d}-epoch-0003",
    ]
    newest = tmp_path / "checkpoints" / names[-1]
    assert sorted(path.name for path in newest.iterdir()) == [
        "best.safetensors", "model.safetensors", "optimizer.safetensors", "state.json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("model.safetensors", "cut"),
        ("optimizer.safetensors", "cut"),
        ("best.safetensors", "gone"),
        ("state.json", "cut"),
    ],
)
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(
    bert: Path,
    tmp_path: Path,
    unstopped: Weights,
    caplog: pytest.LogCaptureFixture,
    name: str,
    harm: str,
) -> None:
    newest = stopped(bert, tmp_path, step=2 * STEPS + 1)
    if harm == "cut":
        (newest / name).write_bytes((newest / name).read_bytes()[:-9])
    else:
        (newest / name).unlink()
    again = Case(bert)
    with caplog.at_level(logging.WARNING):
        again.fit(tmp_path, validate=scripted(0.3))
    assert str(newest) in caplog.text
    assert same(again.weights(), unstopped)


def test_a_damaged_checkpoint_is_replaced_when_its_step_comes_again(
    bert: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    newest = stopped(bert, tmp_path, step=2 * STEPS + 1)
    (newest / "model.safetensors").write_bytes(b"")
    with pytest.raises(Interrupted):  # from the end of epoch 2, stopped at the same step again
        Case(bert).fit(tmp_path, loss=signalling(1, signal.SIGINT))
    caplog.clear()
    Case(bert).fit(tmp_path, validate=scripted(0.3))
    assert "damaged" not in caplog.text


def test_best_weights_that_are_damaged_while_training_end_in_an_error_that_names_them(
    bert: Path, tmp_path: Path
) -> None:
    def validate(_: nn.Module) -> Scores:
        best = tmp_path / "checkpoints" / "best.safetensors"
        if best.exists():
            best.write_bytes(best.read_bytes()[:-9])
        return scores(0.1)

    with pytest.raises(OvertoneError, match=r"best\.safetensors"):
        Case(bert).fit(tmp_path, validate=validate)


def test_going_back_to_a_checkpoint_goes_back_to_its_best_weights(
    bert: Path, tmp_path: Path
) -> None:
    """Epoch 2 was the best when the process died, but is not when it is done again."""
    config = replace(CONFIG, checkpoint_steps=3)
    calls: Iterator[int] = iter(range(1, 1000))

    def dying(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        if next(calls) > 2 * STEPS:
            raise KeyboardInterrupt
        return BCE(logits, targets, count)

    with pytest.raises(KeyboardInterrupt):
        Case(bert).fit(tmp_path / "cut", config, dying, scripted(0.1, 0.9))
    again = Case(bert)
    again.fit(tmp_path / "cut", config, validate=scripted(0.0, 0.0))
    first = Case(bert)
    first.fit(tmp_path / "first", config, validate=scripted(0.1, 0.0, 0.0))
    assert same(again.weights(), first.weights())


def test_without_a_whole_checkpoint_training_begins_anew(
    bert: Path, tmp_path: Path, unstopped: Weights
) -> None:
    only = stopped(bert, tmp_path, step=2)
    (only / "state.json").write_text("{")
    assert same(trained(bert, tmp_path), unstopped)
