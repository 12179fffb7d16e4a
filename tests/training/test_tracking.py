"""Trackers: what stands in TensorBoard's real event files, and what is said where they fail."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import (  # type: ignore[import-untyped]
    EventAccumulator,
)
from tensorboard.plugins.hparams.plugin_data_pb2 import (  # type: ignore[import-untyped]
    HParamsPluginData,
)

from overtone.errors import InputError, OvertoneError
from overtone.training import tracking

RECIPE = {
    "data": {"name": "semeval2018-en", "file": "../tweets.csv", "ratios": [0.8, 0.1, 0.1]},
    "inputs": {"prompts": {"joy": "glad"}},
    "model": {"name": "spanemo", "dropout": 0.1},
    "training": {"epochs": 3, "device": "cpu", "average": True},
}

Curve = list[tuple[int, float]]

# Logs steps 1 to 5 and is killed with nothing closed.
KILLED = """
import os, signal, sys
from pathlib import Path

from overtone.training import tracking

tracker = tracking.start(sys.argv[1], Path(sys.argv[2]), 0)
tracker.log_config({"model": {"name": "spanemo"}})
for step in range(1, 6):
    tracker.log({"loss": 10.0 + step}, step)
os.kill(os.getpid(), signal.SIGKILL)
"""

# Of the package sys.argv[1], only a folder of that name in the current one is there.
MISSING = """
import importlib.abc
import importlib.machinery
import os
import sys
from pathlib import Path

NAME = sys.argv[1]


class Hide(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != NAME:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, [os.getcwd()])
        if spec is None:
            raise ModuleNotFoundError(name + " is hidden", name=name)
        return spec


sys.meta_path.insert(0, Hide())
from overtone.errors import InputError
from overtone.training import tracking

for found in ("nothing", "a folder"):
    try:
        tracking.start(NAME, Path("run"), 0)
    except InputError as error:
        print(error)
    else:
        raise AssertionError("the package should be missing")
    Path(NAME).mkdir(exist_ok=True)
"""

# No file may grow beyond 4 KB, as on a disk that is full.
FULL = """
import logging
import resource
import sys
from pathlib import Path

import accelerate.tracking, torch.utils.tensorboard

from overtone.training import tracking

# Not on standard error, where TensorBoard's own thread says that it died, at the same time.
logging.basicConfig(format="%(levelname)s %(message)s", stream=sys.stdout)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
with tracking.start("tensorboard", Path(sys.argv[1]), 0) as tracker:
    for step in range(1, 1001):
        tracker.log({"loss": 1.0}, step)
print("the run goes on")
"""

RANK = """
import sys
from pathlib import Path

from accelerate import PartialState

from overtone.training import tracking

state = PartialState(cpu=True)
with tracking.start("tensorboard", Path(sys.argv[1]), 0) as tracker:
    tracker.log({"rank": float(state.process_index)}, 1)
print(state.num_processes)
state.destroy_process_group()
"""


def curves(folder: Path) -> dict[str, Curve]:
    """What TensorBoard shows of a run: the steps and values of each name."""
    events = EventAccumulator(str(folder / "tracker" / "tensorboard")).Reload()
    return {
        name: [(event.step, event.value) for event in events.Scalars(name)]
        for name in events.Tags()["scalars"]
    }


def recipes(folder: Path) -> list[dict[str, Any]]:
    """The recipes that TensorBoard has of a run."""
    found = []
    for file in (folder / "tracker" / "tensorboard").glob("*/events.*"):
        metadata = EventAccumulator(str(file)).Reload().summary_metadata
        content = metadata["_hparams_/session_start_info"].plugin_data.content
        values = HParamsPluginData.FromString(content).session_start_info.hparams
        found.append(
            {key: getattr(value, value.WhichOneof("kind")) for key, value in values.items()}
        )
    return found


def call(
    script: str, *arguments: str, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True, text=True, check=False, timeout=600, cwd=cwd, env=env,
    )  # fmt: skip


def environment(**values: str) -> dict[str, str]:
    """The environment of a user's process: without what MLflow takes for a test."""
    hidden = ("PYTEST_", "MLFLOW_", "WANDB_", "CI")
    return {k: v for k, v in os.environ.items() if not k.startswith(hidden)} | values


def test_values_and_steps_are_those_that_were_logged(tmp_path: Path) -> None:
    with tracking.start("tensorboard", tmp_path, 0) as tracker:
        for step in (1, 2, 5):
            tracker.log({"loss": 1 / step, "dev/jaccard": 0.5 + step / 64}, step)
        tracker.log({"count": 3}, 6)

    assert curves(tmp_path) == {
        "loss": [(1, 1.0), (2, 0.5), (5, pytest.approx(0.2))],
        "dev/jaccard": [(1, 0.515625), (2, 0.53125), (5, 0.578125)],
        "count": [(6, 3.0)],
    }


def test_numbers_of_numpy_and_torch_count_too(tmp_path: Path) -> None:
    values: dict[str, Any] = {"numpy": np.float32(0.25), "torch": torch.tensor(0.75)}
    with tracking.start("tensorboard", tmp_path, 0) as tracker:
        tracker.log(values, 1)

    assert curves(tmp_path) == {"numpy": [(1, 0.25)], "torch": [(1, 0.75)]}


def test_what_is_not_finite_is_left_out(tmp_path: Path) -> None:
    with tracking.start("tensorboard", tmp_path, 0) as tracker:
        tracker.log({"loss": math.nan, "norm": math.inf, "dev/f1_micro": 0.5}, 1)
        tracker.log({"loss": -math.inf}, 2)
        tracker.log({"loss": 0.25}, 3)

    assert curves(tmp_path) == {"dev/f1_micro": [(1, 0.5)], "loss": [(3, 0.25)]}


def test_the_recipe_is_there_as_section_and_key(tmp_path: Path) -> None:
    with tracking.start("tensorboard", tmp_path, 0) as tracker:
        tracker.log_config(RECIPE)

    (found,) = recipes(tmp_path)
    assert json.loads(found.pop("data.ratios")) == [0.8, 0.1, 0.1]
    assert json.loads(found.pop("inputs.prompts")) == {"joy": "glad"}
    assert found == {
        "data.name": "semeval2018-en",
        "data.file": "../tweets.csv",
        "model.name": "spanemo",
        "model.dropout": 0.1,
        "training.epochs": 3.0,
        "training.device": "cpu",
        "training.average": 1.0,
    }


def test_a_killed_run_keeps_what_it_logged_and_a_resumed_one_hides_what_it_repeats(
    tmp_path: Path,
) -> None:
    killed = call(KILLED, "tensorboard", str(tmp_path))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert curves(tmp_path) == {"loss": [(step, 10.0 + step) for step in range(1, 6)]}
    # TensorBoard reads files in the order of the seconds in their names.
    (events,) = (tmp_path / "tracker" / "tensorboard").glob("events.*")
    events.rename(events.with_name("events.out.tfevents.1000000000.earlier"))

    with tracking.start("tensorboard", tmp_path, 3) as tracker:
        tracker.log_config({"model": {"name": "other"}})
        assert curves(tmp_path) == {"loss": [(1, 11.0), (2, 12.0), (3, 13.0)]}
        tracker.log({"loss": 24.0}, 4)

    assert curves(tmp_path) == {"loss": [(1, 11.0), (2, 12.0), (3, 13.0), (4, 24.0)]}
    assert recipes(tmp_path) == [{"model.name": "spanemo"}]  # one, and the first


def test_what_is_logged_is_on_the_disk_at_once(tmp_path: Path) -> None:
    with tracking.start("tensorboard", tmp_path, 0) as tracker:
        tracker.log({"loss": 0.5}, 1)
        assert curves(tmp_path) == {"loss": [(1, 0.5)]}


def test_a_closed_tracker_takes_nothing_more(tmp_path: Path) -> None:
    threads = set(threading.enumerate())
    tracker = tracking.start("tensorboard", tmp_path, 0)
    tracker.log({"loss": 0.5}, 1)
    tracker.close()
    assert set(threading.enumerate()) <= threads  # TensorBoard's writer is one of its own
    files = sorted(tmp_path.rglob("*"))
    tracker.log({"loss": 0.25}, 2)
    tracker.log_config(RECIPE)
    tracker.close()

    assert curves(tmp_path) == {"loss": [(1, 0.5)]}
    assert sorted(tmp_path.rglob("*")) == files


def test_a_tracker_is_closed_when_training_stops(tmp_path: Path) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        tracking.start("tensorboard", tmp_path, 0) as tracker,
    ):
        raise KeyboardInterrupt
    tracker.log({"loss": 0.5}, 1)

    assert curves(tmp_path) == {}


def test_no_tracker_writes_nothing(tmp_path: Path) -> None:
    with tracking.start(None, tmp_path, 0) as tracker:
        tracker.log_config(RECIPE)
        tracker.log({"loss": 0.5}, 1)

    assert list(tmp_path.iterdir()) == []


def test_an_unknown_tracker_is_an_error_that_lists_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"tensorboard, mlflow, wandb, found 'comet'"):
        tracking.start("comet", tmp_path, 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", tracking.TRACKERS)
def test_a_missing_package_is_one_line_that_says_what_to_install(name: str, tmp_path: Path) -> None:
    done = call(MISSING, name, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    lacks = f"the tracker {name} needs the package {name}, which is not installed"
    command = f"pip install {name}"
    if name == "tensorboard":
        lacks = "the tracker tensorboard needs packages that are not installed"
        command = 'pip install "overtone[tensorboard]"'
    assert done.stdout == f"{lacks}: run {command}\n" * 2
    assert not (tmp_path / "run").exists()


def test_where_it_cannot_write_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "tracker").write_text("in the way")
    with pytest.raises(OvertoneError, match=r"the tracker tensorboard can't be started \(.*exists"):
        tracking.start("tensorboard", tmp_path, 0)


def test_a_full_disk_costs_the_curve_and_not_the_run(tmp_path: Path) -> None:
    done = call(FULL, str(tmp_path))

    assert done.returncode == 0, done.stderr
    warning, goes_on = done.stdout.splitlines()  # one warning for a thousand steps
    assert warning.startswith("WARNING the tracker tensorboard failed, the run goes on without it")
    assert goes_on == "the run goes on"


def test_of_several_processes_the_main_one_tracks(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RANK, str(tmp_path)],
            env={
                **environment(), "RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": "2",
                "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port,
                "ACCELERATE_USE_CPU": "true",
            },
            stdout=subprocess.PIPE, text=True,
        )
        for rank in "01"
    ]  # fmt: skip
    try:
        said = [process.communicate(timeout=600)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()

    assert [process.returncode for process in processes] == [0, 0]
    assert said == ["2\n", "2\n"]
    assert curves(tmp_path) == {"rank": [(1, 0.0)]}
    assert len(list(tmp_path.rglob("events.*"))) == 1
