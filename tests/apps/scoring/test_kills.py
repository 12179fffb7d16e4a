"""Scorings that are killed for real at any moment, and go on without a row twice or lost."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.apps.scoring.conftest import lines, write_jsonl, written

ROWS, SHARD = 400, 40


class Driver:
    """Starts scorings in children of a process that has imported everything (kill_driver.py)."""

    def __init__(self, process: subprocess.Popen[str], model: Path, inputs: list[Path]) -> None:
        self._process = process
        files = [word for path in inputs for word in ("--input", str(path))]
        self._command = ["score", str(model), *files, "--id-column", "id",
                         "--rows-per-shard", str(SHARD)]  # fmt: skip

    def score(
        self, output: Path, kind: str, count: int = 0, number: signal.Signals = signal.SIGKILL
    ) -> tuple[int, str]:
        """Begin or go on, and get a signal at the `count`-th event; what became of it."""
        order = {
            "arguments": [*self._command, "--output", str(output), "--format", kind],
            "folder": str(output), "count": count, "signal": number,
        }  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return answer["code"], answer["said"]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("inputs")
    first = write_jsonl(folder / "a.jsonl", range(150))
    return [first, write_jsonl(folder / "b.jsonl", range(150, ROWS))]


@pytest.fixture(scope="module")
def driver(model: Path, inputs: list[Path]) -> Iterator[Driver]:
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("kill_driver.py")), str(model)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        # The tokenizers' own threads would not be there after a fork.
        env=os.environ | {"TOKENIZERS_PARALLELISM": "false"},
    ) as process:
        yield Driver(process, model, inputs)
        process.kill()


@pytest.fixture(scope="module")
def events(driver: Driver, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many things a scoring does in its folder."""
    code, said = driver.score(tmp_path_factory.mktemp("counted") / "out", "jsonl")
    assert code == 0, said
    return int(said.splitlines()[-1])


@pytest.mark.parametrize(("kind", "seed"), [("jsonl", 0), ("csv", 1), ("parquet", 2)])
def test_a_run_killed_again_and_again_ends_in_the_same_rows(
    driver: Driver, events: int, tmp_path: Path, kind: str, seed: int
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert driver.score(whole, kind)[0] == 0
    rng, kills = random.Random(seed), 0  # noqa: S311 - draws moments
    while (ended := driver.score(out, kind, rng.randint(1, events // 4 + 10 * kills)))[0]:
        assert ended[0] == -signal.SIGKILL, ended[1]
        kills += 1
        assert kills < 100, "each life goes on a little further"
    assert kills >= 3
    assert written(out) == written(whole)
    assert {path.name for path in out.iterdir()} == {path.name for path in whole.iterdir()}
    if kind == "jsonl":
        scored = [int(row["id"]) for row in lines(out, "part-*")]
        assert scored == [n for n in range(ROWS) if n % 50 != 49]
        assert len(list(lines(out, "rejects-*"))) == ROWS // 50


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_says_how_to_go_on(
    driver: Driver, events: int, tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "out"
    code, said = driver.score(out, "csv", events // 2, number)
    assert code == 128 + number
    assert "go on with: overtone score" in said
    assert "Traceback" not in said
    assert not list(out.glob(".part*"))
    assert written(out)
    code, said = driver.score(out, "csv")
    assert code == 0
    assert "rows of them earlier" in said
    assert driver.score(tmp_path / "whole", "csv")[0] == 0
    assert written(out) == written(tmp_path / "whole")


def test_the_program_itself_is_killed_from_outside_and_goes_on(
    driver: Driver, model: Path, inputs: list[Path], tmp_path: Path
) -> None:
    for attempt in range(10):  # the run may be faster
        out = tmp_path / str(attempt)
        files = [word for path in inputs for word in ("--input", str(path))]
        with subprocess.Popen(
            [sys.executable, "-m", "overtone", "score", str(model), *files, "--output", str(out),
             "--id-column", "id", "--rows-per-shard", str(SHARD)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            guard = threading.Timer(300, process.kill)  # bounds the wait
            guard.start()
            while process.poll() is None and not any(out.glob(".part-000003.*")):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.001)
            guard.cancel()
            process.kill()
        if process.returncode == -signal.SIGKILL:
            break
    else:
        pytest.fail("the run was never killed")
    assert driver.score(out, "csv")[0] == 0
    assert driver.score(tmp_path / "whole", "csv")[0] == 0
    assert written(out) == written(tmp_path / "whole")
