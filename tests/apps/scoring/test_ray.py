"""Ray's workers: the same rows as from one process, also where a worker is killed."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
from tests.apps.scoring.conftest import write_jsonl, written

import overtone
from overtone.apps.scoring.on_ray import plan
from overtone.apps.scoring.stream import Position
from overtone.errors import MissingExtraError


def test_the_stream_is_cut_as_one_process_cuts_it() -> None:
    assert list(plan([3, 0, 5, 2], 4)) == [
        (0, Position(0, 0)), (1, Position(2, 1)), (2, Position(3, 0)),
    ]  # fmt: skip
    assert list(plan([0, 0], 4)) == []


def test_a_missing_ray_is_named_with_the_command(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jsonl(tmp_path / "in.jsonl", range(3))
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r'pip install "overtone\[ray\]"'):
        overtone.score(model, tmp_path / "in.jsonl", tmp_path / "out", engine="ray")


@pytest.mark.slow
def test_workers_write_what_one_process_writes_though_one_is_killed(
    model: Path, tmp_path: Path
) -> None:
    pytest.importorskip("ray", reason="NOT RUN: the extra ray is not installed")
    inputs = [write_jsonl(tmp_path / "a.jsonl", range(700)),
              write_jsonl(tmp_path / "b.jsonl", range(700, 30_000))]  # fmt: skip
    command = [
        sys.executable, "-m", "overtone", "score", str(model), "--input", str(tmp_path / "*.jsonl"),
        "--id-column", "id", "--rows-per-shard", "500", "--output",
    ]  # fmt: skip
    out = tmp_path / "out"
    killed = 0
    with subprocess.Popen(
        [*command, str(out), "--engine", "ray", "--workers", "2"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        guard = threading.Timer(500, process.kill)  # bounds the wait
        guard.start()
        # Two deaths: one of a worker that has begun, another of one that wrote shards.
        for sight in ("done/.*.tries", "done/*.json"):
            while process.poll() is None:
                if any(out.glob(sight)) and _kill_a_worker(process.pid):
                    killed += 1
                    break
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.01)
        said, _ = process.communicate()
        guard.cancel()
    assert process.returncode == 0, said
    assert killed == 2, said
    overtone.score(model, inputs, tmp_path / "whole", id_column="id", rows_per_shard=500)
    assert written(out) == written(tmp_path / "whole")
    assert not list(out.rglob(".*"))


def _kill_a_worker(parent: int) -> bool:
    """Kill one of the actors, with SIGKILL."""
    for each in psutil.Process(parent).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "MapWorker" in " ".join(each.cmdline()):
                each.kill()
                return True
    return False
