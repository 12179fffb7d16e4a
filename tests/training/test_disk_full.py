"""Runs on a disk that has no room left: one clear error, and no work lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from overtone.training import checkpoint

if TYPE_CHECKING:
    from tests.training.conftest import Driver, Ended, Whole

NEXT = "/checkpoints/.step-00000006-epoch-0001"
"""The checkpoint in the middle of the second epoch, while it is written."""
BLOCK = bytes(4096)


class Disk:
    """A disk in memory whose size is what a test says."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mount(self, options: str) -> None:
        """Mount it, or change its size."""
        program = shutil.which("mount")
        if program is None:
            pytest.skip("NOT RUN: there is no program mount")
        command = [program, "-t", "tmpfs", "-o", options, "tmpfs", str(self.path)]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
        if done.returncode:
            reason = done.stderr.splitlines()[0]
            pytest.skip(f"NOT RUN: a disk can't be mounted here: {reason}")

    def grow(self, size: int) -> None:
        """Make room."""
        self.mount(f"remount,size={size}")

    def fill(self) -> None:
        """Leave not one block."""
        handle = os.open(self.path / "filler", os.O_WRONLY | os.O_CREAT)
        try:
            while True:
                os.write(handle, BLOCK)
        except OSError:
            pass
        finally:
            os.close(handle)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    path = tmp_path / "disk"
    path.mkdir()
    made = Disk(path)
    made.mount("size=16m")
    yield made
    subprocess.run([shutil.which("umount") or "umount", str(path)], check=True)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("tempfile.mkstemp /checkpoints/.data.json", 1),
        ("tempfile.mkstemp /.config.toml", 1),
        ("tempfile.mkdtemp /checkpoints/.step-00000002-epoch-0000", 1),
        ("tempfile.mkstemp /checkpoints/.best.safetensors", 2),
        (f"tempfile.mkdtemp {NEXT}", 1),
        (f"open {NEXT}/state.json", 1),  # the weights found room
        ("tempfile.mkstemp /.history.jsonl", 2),
        ("tempfile.mkdtemp /.bundle", 1),
        ("open /.bundle/tokenizer.json", 1),
    ],
)
def test_a_disk_that_is_full_at_a_moment_costs_no_work(
    driver: Driver, whole: Whole, disk: Disk, name: str, count: int
) -> None:
    run = disk.path / "run"
    child = driver.start(run, name=name, count=count, number=signal.SIGSTOP)
    assert driver.answer() == "stopped"
    try:
        before = checkpoints(run)
        disk.fill()
    finally:
        os.kill(child, signal.SIGCONT)
        ended = driver.end()
    assert_explained(ended, run)
    assert checkpoints(run) == before

    disk.grow(32 << 20)
    said = driver.finish(run)
    assert "damaged" not in said
    assert "anew" not in said
    whole.assert_same(run)


def test_a_disk_for_two_checkpoints_and_not_for_three_keeps_the_two(
    driver: Driver, whole: Whole, disk: Disk
) -> None:
    """A checkpoint is four times the weights, its best ones shared; the third is beside them."""
    run = disk.path / "run"
    disk.grow(11 * len(whole.weights))
    driver.start(run)
    assert_explained(driver.end(), run)
    assert checkpoints(run) == ["step-00000002-epoch-0000", "step-00000004-epoch-0000"]

    disk.grow(24 * len(whole.weights))
    driver.finish(run)
    whole.assert_same(run)


@pytest.mark.slow
def test_a_disk_that_grows_bit_by_bit_never_loses_a_checkpoint(
    driver: Driver, whole: Whole, disk: Disk
) -> None:
    """It is full in another place each time."""
    run = disk.path / "run"
    before: list[str] = []
    for blocks in range(1, 1000, 16):
        disk.grow(blocks * len(BLOCK))
        driver.start(run)
        ended = driver.end()
        if ended.code == 0:
            break
        assert_explained(ended, run)
        now = checkpoints(run)
        assert max(now, default="") >= max(before, default="")
        before = now
    whole.assert_same(run)
    assert blocks > 400, "the disk was full often enough for this to mean something"


def checkpoints(run: Path) -> list[str]:
    """Return the names of a run's checkpoints, which must be whole."""
    found = sorted((run / "checkpoints").glob("step-*"))
    assert all(checkpoint._read(path) for path in found)
    return [path.name for path in found]


def assert_explained(ended: Ended, run: Path) -> None:
    """Check that a run failed with one message, which says what is whole and what to do."""
    assert ended.code == 1, ended.messages
    said = [line for line in ended.messages.splitlines() if "Stopped (signal)" not in line]
    assert said[-1].startswith("error: "), ended.messages
    assert f"{run}" in said[-1]
    assert "the disk is full" in said[-1]
    assert said[-1].endswith("with --resume")
    newest = max(checkpoints(run), default=None)
    assert (newest or "There is no checkpoint yet") in said[-1]
    assert "Traceback" not in ended.messages
    assert "should not happen" not in ended.messages
    assert not list(run.rglob(".*")), "what was half written is gone"
