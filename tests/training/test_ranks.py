"""Several processes train one model: the same batches, losses and scores as one, and one writer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer

from overtone import inputs, models
from overtone.inputs import Batch, batches
from overtone.labels import Labels

LIMIT = 600
"""Seconds after which a process that should have ended counts as hanging."""
ALONE = (sys.executable, "-m", "overtone")
TOGETHER = (
    sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2",
    "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no",
    "--main_process_port", "0", "-m", "overtone",
)  # fmt: skip
"""What starts two processes on one machine: they find each other, and, without a GPU, use gloo."""
DETERMINISTIC = ("model.dropout=0", "model.encoder_dropout=0", "model.attention_dropout=0")


@dataclass(frozen=True)
class Gathered:
    """One of two processes whose sums the test looks at."""

    rank: int
    size: int = 2
    sharded: bool = False

    def sum_array(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the values, of this process alone."""
        return values


@pytest.mark.slow
def test_two_processes_follow_ones_losses_and_scores(bert: Path, tmp_path: Path) -> None:
    """Whatever the shares: 27 texts don't halve, and 600 tokens at a time cut each share anew."""
    settings = ("training.epochs=2", "training.batch_size=27", "training.batch_tokens=600")
    alone = history(launch(ALONE, command(bert, tmp_path / "alone", *settings), 0))
    together = history(launch(TOGETHER, command(bert, tmp_path / "two", *settings), 0))
    assert [entry["processes"] for entry in alone + together] == [1, 1, 2, 2]
    for one, other in zip(alone, together, strict=True):
        assert other["loss"] == pytest.approx(one["loss"], abs=1e-4)
        assert other["dev"] == pytest.approx(one["dev"], abs=1e-4)
        assert other["steps"] == one["steps"]
    assert {path.name for path in (tmp_path / "two").iterdir()} == {
        "bundle", "config.toml", "history.jsonl", "lock",
    }  # fmt: skip


@pytest.mark.slow
def test_a_killed_process_ends_the_run_and_another_number_goes_on(
    bert: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    # Of more steps than are done before the signal comes; stopped by it, not by their end.
    words = command(bert, folder, "training.epochs=200", "training.checkpoint_steps=3")
    with started(TOGETHER, words) as process:
        await_checkpoint(folder, process)
        workers = psutil.Process(process.pid).children(recursive=True)
        assert len(workers) == 2
        workers[-1].kill()
        assert process.wait(timeout=LIMIT) != 0
        psutil.wait_procs(workers, timeout=LIMIT)
        assert not any(worker.is_running() for worker in workers)
    before = steps(folder)
    assert before > 0

    # One process goes on from there, until it is asked to stop.
    with started(ALONE, [*words, "--resume"]) as process:
        await_checkpoint(folder, process, after=before + 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=LIMIT) == 143
    assert steps(folder) > before

    # And two again, both asked to stop, as a system that shuts down does.
    before = steps(folder)
    with started(TOGETHER, [*words, "--resume"]) as process:
        await_checkpoint(folder, process, after=before + 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=LIMIT) != 0
    assert steps(folder) > before
    assert not list((folder / "checkpoints").glob(".*"))


@pytest.mark.slow
def test_processes_that_are_resumed_take_the_best_weights_that_came_after(
    bert: Path, tmp_path: Path
) -> None:
    """With low-rank updates, which one process writes. The loss on dev falls in every epoch."""
    settings = ("training.epochs=4", "training.metric=loss", "training.checkpoint_steps=13",
                "training.lora=2", "training.learning_rate=1e-3")  # fmt: skip
    words = command(bert, tmp_path / "run", *settings)
    with started(TOGETHER, words) as process:
        # 13 steps an epoch: the first epoch was scored and was the best.
        await_checkpoint(tmp_path / "run", process, after=14)
        for worker in psutil.Process(process.pid).children(recursive=True):
            worker.kill()
        process.wait(timeout=LIMIT)
    found = history(launch(TOGETHER, [*words, "--resume"], 0))
    assert [entry["best"] for entry in found] == [True] * 4
    assert (tmp_path / "run" / "adapter" / "adapter_model.safetensors").is_file()


@pytest.mark.slow
def test_resuming_on_another_number_of_processes_goes_on_with_the_same_losses(
    bert: Path, tmp_path: Path
) -> None:
    expected = history(launch(ALONE, command(bert, tmp_path / "whole", "training.epochs=3"), 0))
    words = command(bert, tmp_path / "cut", "training.epochs=3", "training.checkpoint_steps=3")
    with started(ALONE, words) as process:
        await_checkpoint(tmp_path / "cut", process)
        process.kill()
        process.wait(timeout=LIMIT)
    found = history(launch(TOGETHER, [*words, "--resume"], 0))
    assert found[-1]["processes"] == 2
    for one, other in zip(expected, found, strict=True):
        assert other["loss"] == pytest.approx(one["loss"], abs=1e-4)


@pytest.mark.slow
def test_what_is_wrong_ends_all_processes_with_one_message_each(bert: Path, tmp_path: Path) -> None:
    words = [*command(bert, tmp_path / "run"), "--set", "loss.alpha=7"]
    found = launch(TOGETHER, words, 1)
    assert "loss.alpha must be" in found.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_solved_family_is_refused(tmp_path: Path) -> None:
    words = ["train", "--dataset", "sample", "--model", "tfidf", "--output", str(tmp_path / "run")]
    found = launch(TOGETHER, words, 1)
    assert "tfidf is solved by one process, found 2" in found.stderr


def test_every_row_is_evaluated_in_one_process(bert: Path) -> None:
    labels = Labels.of("joy", "anger")
    made = models.create("spanemo", {"encoder": str(bert)}, labels, ())
    kind = inputs.load("label_prefix", {}, Tokenizer.from_str(made.tokenizer), made.limit)
    encoded = kind.encode([f"happy {'day ' * n}" for n in range(50)], labels)
    seen: list[int] = []

    def ones(batch: Batch) -> NDArray[np.float32]:
        seen.append(len(batch["input_ids"]))
        return np.ones((seen[-1], 2), dtype=np.float32)

    shares = [
        batches.logits(ones, kind, encoded, tokens=200, gather=Gathered(rank)) for rank in (0, 1)
    ]
    assert sum(seen) == 50
    assert (shares[0] + shares[1] == 1).all()
    assert 0 < shares[0].sum() < 100


def command(encoder: Path, output: Path, *settings: str) -> list[str]:
    """Return a training command whose losses depend on nothing random."""
    words = ["train", "--dataset", "sample", "--encoder", str(encoder), "--output", str(output)]
    for setting in (
        "training.device=cpu",
        "training.precision=fp32",
        "training.patience=0",
        *DETERMINISTIC,
        *settings,
    ):
        words += ["--set", setting]
    return words


def launch(
    program: tuple[str, ...], words: list[str], code: int
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and check its exit code."""
    done = subprocess.run(
        [*program, *words],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


@contextmanager
def started(program: tuple[str, ...], words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command; it and all that it started are gone at the end."""
    process = subprocess.Popen(
        [*program, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        start_new_session=True,
    )
    try:
        yield process
    finally:
        left = (
            psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        )
        for child in left:
            child.kill()
        process.kill()
        process.wait(timeout=LIMIT)


def environment() -> dict[str, str]:
    return os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}


def history(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Return what a finished command wrote into its run's history."""
    folder = Path(done.args[done.args.index("--output") + 1])
    lines = (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def steps(folder: Path) -> int:
    """Return the steps of a run's newest checkpoint; 0 without one."""
    names = (path.name for path in (folder / "checkpoints").glob("step-*"))
    return max((int(name.split("-")[1]) for name in names), default=0)


def await_checkpoint(folder: Path, process: subprocess.Popen[bytes], after: int = 1) -> None:
    """Wait until a run has a checkpoint of at least so many steps, while its process lives."""
    end = time.monotonic() + LIMIT
    while steps(folder) < after:
        assert process.poll() is None, "the process ended"
        assert time.monotonic() < end, "no checkpoint came"
        time.sleep(0.05)
