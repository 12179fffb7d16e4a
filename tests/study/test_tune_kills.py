"""Searches whose workers are killed for real, and several workers at once."""

from __future__ import annotations

import csv
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.study.conftest import Case, Driver

pytestmark = pytest.mark.slow

EPOCHS, STEPS, TRIALS = 3, 4, 2
"""As conftest.py has them, and how many trials the searches here have."""
PROGRAM = str(Path(sys.executable).parent / "overtone")


def trials(output: Path) -> list[dict[str, str]]:
    """Return a search's table, times left out."""
    with (output / "trials.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def weights(output: Path) -> list[bytes]:
    """Return every trial's weights, in the trials' order."""
    return [path.read_bytes() for path in sorted(output.glob("trial-*/bundle/model.safetensors"))]


def epochs(output: Path) -> list[list[int]]:
    """Return the epochs that each trial's run has."""
    return [
        [json.loads(line)["epoch"] for line in path.read_text(encoding="utf-8").splitlines()]
        for path in sorted(output.glob("trial-*/history.jsonl"))
    ]


@pytest.fixture(scope="module")
def whole(driver: Driver, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A search that nothing stopped."""
    output = tmp_path_factory.mktemp("whole") / "search"
    ended = driver.work(output, TRIALS)
    assert ended.code == 0, ended.messages
    return output


def assert_same(output: Path, whole: Path) -> None:
    """Check that a search has the trials of one that nothing stopped, to the bit, each once."""
    assert trials(output) == trials(whole)
    assert weights(output) == weights(whole)
    assert len(weights(output)) == TRIALS
    assert epochs(output) == TRIALS * [list(range(1, EPOCHS + 1))]
    assert not list(output.glob("trial-*/checkpoints"))
    assert {path.name for path in output.iterdir()} == {path.name for path in whole.iterdir()}


def test_a_search_killed_in_the_midst_of_two_trials_is_that_of_one_that_was_not(
    driver: Driver, whole: Path, tmp_path: Path
) -> None:
    output = tmp_path / "search"
    # The middle of the first trial's second epoch; then between the second's bundle and its note.
    ended = driver.work(output, TRIALS, name="Stepper._backward", count=STEPS + 2)
    assert ended.code == -signal.SIGKILL, ended.messages
    ended = driver.work(output, TRIALS, trial=1, name="_note_cost", count=1)
    assert ended.code == -signal.SIGKILL, ended.messages
    assert "trial 0 goes on" in ended.messages
    assert "epoch 1/3" not in ended.messages.partition("trial 1")[0]
    ended = driver.work(output, TRIALS)
    assert ended.code == 0, ended.messages
    assert "epoch" not in ended.messages.partition("trial 1 goes on")[2].partition("trial 1:")[0]
    assert_same(output, whole)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("do", 1),  # all values are drawn, nothing is trained
        ("os.rename /.config.toml", 1),
        ("_report", 2),  # the second epoch is done, and not noted
        ("os.rename /.bundle", 1),
        ("shutil.rmtree /checkpoints", 1),
    ],
)
def test_a_search_killed_at_a_moment_is_that_of_one_that_was_not(
    driver: Driver, whole: Path, tmp_path: Path, name: str, count: int
) -> None:
    output = tmp_path / "search"
    ended = driver.work(output, TRIALS, trial=1, name=name, count=count)
    assert ended.code == -signal.SIGKILL, ended.messages
    ended = driver.work(output, TRIALS)
    assert ended.code == 0, ended.messages
    assert_same(output, whole)


def test_ctrl_c_says_how_to_go_on(driver: Driver, whole: Path, tmp_path: Path) -> None:
    output = tmp_path / "a search's folder"  # what is printed must be quoted for the shell
    ended = driver.work(
        output, TRIALS, trial=1, name="Stepper._backward", count=2, number=signal.SIGINT
    )
    assert ended.code == 130, ended.messages
    said = ended.messages.splitlines()[-1]
    assert "is saved; go on with the same command: overtone tune" in said
    words = shlex.split(said.partition("the same command: ")[2])
    done = subprocess.run(
        [PROGRAM, *words[1:]], capture_output=True, timeout=600, check=False, env=environment()
    )
    assert done.returncode == 0, done.stderr
    assert_same(output, whole)


def test_a_run_that_cannot_go_on_is_done_anew_and_counts_once(
    driver: Driver, tmp_path: Path
) -> None:
    output = tmp_path / "search"
    driver.work(output, TRIALS, name="Stepper._backward", count=STEPS + 2)
    for path in output.glob("trial-0000/checkpoints/step-*/state.json"):
        state = json.loads(path.read_text(encoding="utf-8"))
        del state["sha256"]
        path.write_text(json.dumps({**state, "format": 1}), encoding="utf-8")
    ended = driver.work(output, TRIALS)
    assert ended.code == 0, ended.messages
    failed, again, other = trials(output)
    assert (failed["state"], again["state"], other["state"]) == ("failed", "complete", "complete")
    assert "another version of overtone" in failed["reason"]
    key = "training.learning_rate"
    assert failed[key] == again[key] != other[key]
    assert not (output / "trial-0000" / "checkpoints").exists()


def test_a_trial_that_always_kills_its_process_is_given_up(driver: Driver, tmp_path: Path) -> None:
    output = tmp_path / "search"
    for _ in range(5):
        ended = driver.work(output, 1, name="Stepper._backward", count=1)
        assert ended.code == -signal.SIGKILL, ended.messages
    ended = driver.work(output, 1)
    assert ended.code == 0, ended.messages
    (row,) = trials(output)
    assert row["state"] == "failed"
    assert row["reason"] == "its process ended 5 times at the same point"


@pytest.mark.parametrize("storage", ["tune.log", "tune.db"])
def test_two_workers_do_each_trial_once(case: Case, tmp_path: Path, storage: str) -> None:
    output, count = tmp_path / "search", 3
    command = case.command(output, count, "--storage", str(tmp_path / storage))
    script = Path(__file__).with_name("worker_pair.py")
    pair = subprocess.run(
        [sys.executable, script, tmp_path, *command],
        capture_output=True,
        timeout=1800,
        check=False,
        env=environment() | {"TOKENIZERS_PARALLELISM": "false"},
    )
    said = [(tmp_path / f"worker-{number}").read_text(encoding="utf-8") for number in (0, 1)]
    assert pair.returncode == 0, (said, pair.stderr)
    rows = trials(output)
    assert [row["state"] for row in rows] == count * ["complete"]
    assert len({row["training.learning_rate"] for row in rows}) == count
    assert epochs(output) == count * [list(range(1, EPOCHS + 1))]
    # Each was trained by one of them.
    for number in range(count):
        assert sum(f"note: trial {number}: training." in text for text in said) == 1


def environment() -> dict[str, str]:
    return os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
