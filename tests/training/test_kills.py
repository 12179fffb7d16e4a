"""Runs that are killed for real, at any moment, and go on to the same bits."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import overtone
from overtone.errors import InputError
from overtone.training import checkpoint

if TYPE_CHECKING:
    from tests.training.conftest import Driver, Whole

STEPS = 4
"""Of an epoch of the runs that conftest.py has; they have three, and a checkpoint every two."""
NEXT = "/checkpoints/.step-00000006-epoch-0001"
"""The checkpoint in the middle of the second epoch, while it is written."""
BY_TIME = ("--set", "training.checkpoint_steps=0")


def test_a_run_follows_its_seed(driver: Driver, whole: Whole, tmp_path: Path) -> None:
    """What all of this rests on: other random numbers would not go unnoticed."""
    driver.finish(tmp_path / "run", "--seed", "1")
    file = tmp_path / "run" / "bundle" / "model.safetensors"
    assert file.read_bytes() != whole.weights


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("os.rename /.config.toml", 1),
        ("Loop.run", 1),  # there is a recipe, and no step
        ("Stepper._backward", STEPS + 2),  # the middle of an epoch
        ("Average.update_parameters", 2 * STEPS),  # the weights are new, their average is not
        ("os.rename /checkpoints/.best.safetensors", 2),
        ("Display.finish_epoch", 1),  # the best weights are there, their checkpoint is not
        (f"tempfile.mkstemp {NEXT}/.best.safetensors", 1),  # the weights are there, no more
        (f"open {NEXT}/state.json", 1),
        (f"os.rename {NEXT}", 1),  # all is there, without its name
        ("os.remove optimizer.safetensors", 2),  # the oldest is half gone
        ("logits_of", 3),
        ("os.rename /.history.jsonl", 2),
        ("open /.bundle/README.md", 1),
        ("os.rename /.bundle", 1),
        ("shutil.rmtree /checkpoints", 1),  # the bundle is there
    ],
)
def test_a_run_killed_at_a_moment_goes_on_bit_for_bit(
    driver: Driver, whole: Whole, tmp_path: Path, name: str, count: int
) -> None:
    run = tmp_path / "run"
    ended = driver.kill(run, name=name, count=count)
    assert ended.code == -signal.SIGKILL, ended.messages
    assert ended.messages.endswith(f"Killed at {name}\n")
    said = driver.finish(run)
    assert "damaged" not in said
    whole.assert_same(run)


def test_a_run_with_every_recipe_goes_on_bit_for_bit(driver: Driver, tmp_path: Path) -> None:
    options = ("training.layer_decay=0.8", "training.rdrop=1", "training.adversarial=0.5",
               "model.dropout_samples=3", "model.train_embeddings=false",
               "training.average_warmup=true")  # fmt: skip
    recipe = [word for option in options for word in ("--set", option)]
    driver.finish(tmp_path / "whole", *recipe)
    # Between the two passes of an adversarial step, in the middle of an epoch.
    ended = driver.kill(tmp_path / "run", *recipe, name="Perturbed.perturb", count=STEPS + 2)
    assert ended.code == -signal.SIGKILL, ended.messages
    driver.finish(tmp_path / "run", *recipe)
    found, expected = (
        (tmp_path / name / "bundle" / "model.safetensors").read_bytes() for name in ("run", "whole")
    )
    assert found == expected


def test_a_run_killed_before_its_first_checkpoint_begins_anew(
    driver: Driver, whole: Whole, tmp_path: Path
) -> None:
    """Checkpoints are spaced by time where nothing else is said, and this takes less."""
    run = tmp_path / "run"
    ended = driver.kill(run, *BY_TIME, name="Stepper._backward", count=2 * STEPS + 2)
    assert ended.code == -signal.SIGKILL, ended.messages
    assert not list(run.glob("checkpoints/step-*"))
    assert len((run / "history.jsonl").read_text(encoding="utf-8").splitlines()) == 2
    driver.finish(run, *BY_TIME)
    whole.assert_same(run)


@pytest.mark.parametrize(
    ("arguments", "share"), [((), 1.5), (BY_TIME, 0.5)], ids=["optimizer", "best"]
)
def test_a_run_killed_in_the_middle_of_a_file_goes_on_bit_for_bit(
    driver: Driver, whole: Whole, tmp_path: Path, arguments: tuple[str, ...], share: float
) -> None:
    """The optimiser's state is more than the weights, and the best weights are as much."""
    run = tmp_path / "run"
    driver.start(run, *arguments, most_bytes=int(share * len(whole.weights)))
    assert driver.end().code == -signal.SIGXFSZ
    assert list(run.glob("checkpoints/.*"))
    driver.kill(run, *arguments, name="Loop.run")
    assert not list(run.glob("checkpoints/.*"))
    driver.finish(run, *arguments)
    whole.assert_same(run)


def test_checkpoints_do_not_pile_up_where_each_is_the_last_that_is_done(
    driver: Driver, whole: Whole, tmp_path: Path
) -> None:
    """Killed between giving a checkpoint its name and dropping the oldest, again and again."""
    for name in ("04-epoch-0000", "04-epoch-0001", "06-epoch-0001", "08-epoch-0001"):
        event = f"shutil.rmtree /checkpoints/.step-000000{name}"
        assert driver.kill(tmp_path / "run", name=event).code == -signal.SIGKILL
    driver.finish(tmp_path / "run")
    whole.assert_same(tmp_path / "run")


@pytest.mark.parametrize("name", ["model", "optimizer", "average", "best"])
def test_one_changed_byte_is_found_and_the_checkpoint_before_used(
    driver: Driver, whole: Whole, tmp_path: Path, name: str
) -> None:
    run = tmp_path / "run"
    driver.kill(run, name="Stepper._backward", count=STEPS + 1)
    older, newest = sorted((run / "checkpoints").glob("step-*"))
    file = newest / f"{name}.safetensors"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    said = driver.finish(run)
    assert f"the checkpoint {newest} is damaged; using the one before it" in said
    assert str(older) not in said
    whole.assert_same(run)


def test_any_changed_byte_of_a_checkpoint_s_state_is_found(driver: Driver, tmp_path: Path) -> None:
    driver.kill(tmp_path / "run", name="Stepper._backward", count=STEPS + 1)
    newest = max((tmp_path / "run" / "checkpoints").glob("step-*"))
    content, before = bytearray((newest / "state.json").read_bytes()), checkpoint._read(newest)
    assert before is not None
    for place in range(len(content)):
        content[place] ^= 1
        (newest / "state.json").write_bytes(content)
        content[place] ^= 1
        # The last of many digits may not matter.
        assert checkpoint._read(newest) in (None, before), place


@pytest.mark.parametrize(
    "sight", ["history.jsonl", "checkpoints/step-*", "checkpoints/.step-*", "checkpoints/.best*"]
)
def test_a_run_killed_from_outside_goes_on_bit_for_bit(
    driver: Driver, whole: Whole, tmp_path: Path, sight: str
) -> None:
    """The moment is that at which another process sees a file, and whatever comes then."""
    for attempt in range(20):  # the run may be faster
        run = tmp_path / str(attempt)
        child = driver.start(run)
        while driver.running():
            if any(run.glob(sight)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
                break
        if driver.end().code == -signal.SIGKILL:
            break
    else:
        pytest.fail("the run was never killed")
    driver.finish(run)
    whole.assert_same(run)


def test_the_program_itself_is_killed_with_its_group_and_goes_on_bit_for_bit(
    driver: Driver, whole: Whole, tmp_path: Path
) -> None:
    for attempt in range(5):
        run = tmp_path / str(attempt)
        with subprocess.Popen(
            [sys.executable, "-m", "overtone", *driver.command, "--output", str(run)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            guard = threading.Timer(120, process.kill)  # bounds the wait
            guard.start()
            while process.poll() is None and not any(run.glob("checkpoints/step-*")):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.001)
            guard.cancel()
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
        if process.returncode == -signal.SIGKILL:
            break
    else:
        pytest.fail("the run was never killed")
    driver.finish(run)
    whole.assert_same(run)


def test_a_run_has_one_process_at_a_time_and_a_killed_one_leaves_its_place(
    driver: Driver, whole: Whole, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    child = driver.start(run, name="Stepper._backward", count=STEPS + 2, number=signal.SIGSTOP)
    assert driver.answer() == "stopped"
    try:
        with pytest.raises(InputError, match="another process is training into"):
            overtone.train(None, run, resume=True)
    finally:
        os.kill(child, signal.SIGKILL)
        ended = driver.end()
    assert ended.code == -signal.SIGKILL
    driver.finish(run)
    whole.assert_same(run)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_a_run_that_is_killed_again_and_again_ends_in_the_same_bits(
    driver: Driver, whole: Whole, tmp_path: Path, seed: int
) -> None:
    """At random moments, most of them so soon that little was done since the last."""
    run, rng = tmp_path / "run", np.random.default_rng(seed)
    often = ("--set", "training.checkpoint_steps=1")
    kills = 0
    # Longer lives little by little, however much there is to do before the first step of each.
    while (
        ended := driver.kill(
            run, *often, count=int(rng.integers(1, whole.events // 8 + 25 * kills))
        )
    ).code:
        assert ended.code == -signal.SIGKILL, ended.messages
        kills += 1
        assert kills < 200, "each life goes on a little further"
    assert kills >= 20
    whole.assert_same(run)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("arguments", [(), BY_TIME], ids=["often", "by time"])
def test_a_run_killed_at_a_random_moment_goes_on_bit_for_bit(
    driver: Driver, whole: Whole, tmp_path: Path, seed: int, arguments: tuple[str, ...]
) -> None:
    """Twice: once at any moment of the whole run, and once more of what is left."""
    run = tmp_path / "run"
    for count in np.random.default_rng(seed).integers(1, whole.events, 2):
        driver.kill(run, *arguments, count=int(count))
    driver.finish(run, *arguments)
    whole.assert_same(run)
