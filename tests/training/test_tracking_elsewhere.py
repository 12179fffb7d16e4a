"""Trackers besides TensorBoard: MLflow and W&B, where they are."""

from __future__ import annotations

import importlib.util
import json
import signal
from pathlib import Path

import pytest
from tests.training.test_tracking import KILLED, call, environment

# Goes on after step 3 of the same run.
RESUMED = """
import sys
from pathlib import Path

from overtone.training import tracking

with tracking.start(sys.argv[1], Path(sys.argv[2]), 3) as tracker:
    tracker.log_config({"model": {"name": "other"}})
    for step in range(4, 8):
        tracker.log({"loss": 10.0 + step, "nothing": float("nan")}, step)
"""

# Says where a process looks for the internet.
WATCHED = """
import socket

found = socket.getaddrinfo


def noted(host, *arguments, **options):
    print("looked up", host)
    return found(host, *arguments, **options)


socket.getaddrinfo = noted
"""


def test_mlflow_writes_to_a_file_and_has_each_step_once_after_a_kill(tmp_path: Path) -> None:
    if importlib.util.find_spec("mlflow") is None:
        pytest.skip("NOT RUN: mlflow is not installed")
    run, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    elsewhere.mkdir()
    killed = call(WATCHED + KILLED, "mlflow", str(run), cwd=elsewhere, env=environment())
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    resumed = call(WATCHED + RESUMED, "mlflow", str(run), cwd=elsewhere, env=environment())
    assert resumed.returncode == 0, resumed.stderr
    read = """
import json, sys
import mlflow
client = mlflow.MlflowClient(tracking_uri="sqlite:///" + sys.argv[1] + "/tracker/mlflow.db")
(experiment,) = client.search_experiments(filter_string="name = 'overtone'")
(run,) = client.search_runs([experiment.experiment_id])
steps = [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, "loss")]
print(json.dumps([run.info.status, run.data.params, list(run.data.metrics), steps]))
"""
    status, parameters, names, steps = json.loads(call(read, str(run), env=environment()).stdout)

    assert status == "FINISHED"
    assert parameters == {"model.name": "spanemo"}
    assert names == ["loss"]
    assert steps == [[step, 10.0 + step] for step in range(1, 8)]
    assert "looked up" not in killed.stdout + resumed.stdout
    assert list(elsewhere.iterdir()) == []
    assert "failed" not in resumed.stderr


def test_wandb_offline_stays_in_the_run_and_keeps_its_id(tmp_path: Path) -> None:
    if importlib.util.find_spec("wandb") is None:
        pytest.skip("NOT RUN: wandb is not installed")
    run, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    elsewhere.mkdir()
    offline = environment(WANDB_MODE="offline")
    killed = call(WATCHED + KILLED, "wandb", str(run), cwd=elsewhere, env=offline)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    known = (run / "tracker" / "wandb.id").read_text()
    resumed = call(WATCHED + RESUMED, "wandb", str(run), cwd=elsewhere, env=offline)
    assert resumed.returncode == 0, resumed.stderr

    assert "looked up" not in killed.stdout + resumed.stdout
    files = list((run / "tracker" / "wandb").glob(f"offline-run-*/run-{known}.wandb"))
    assert any(b"model.name" in file.read_bytes() for file in files)
    assert list(elsewhere.iterdir()) == []
    assert "failed" not in resumed.stderr
