"""`overtone study`: the grid from a file, its list, its tables, and how it stops."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.apps.cli.conftest import Cli

from overtone.study import cells, reading
from overtone.study.do import do

TABLES = {"table-1", "table-2", "significance", "intervals", "labels-sample", "not-done"}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A plan of two cells, one of which has no encoder."""
    path = tmp_path / "plan.toml"
    path.write_text(
        f"""
        [study]
        name = "two"
        hold_out = 0.2
        [datasets.sample]
        [models.tfidf]
        config = "best/tfidf"
        [models.lost]
        settings = ["model.encoder={tmp_path}/nowhere"]
        """,
        encoding="utf-8",
    )
    return path


def do_all(plan: Path, output: Path) -> None:
    """Do the cells in this process."""
    for cell in cells.find(reading.read(plan), None):
        do(cell, output)


def test_the_list_shows_each_cell_and_its_state(cli: Cli, plan: Path, tmp_path: Path) -> None:
    result = cli("study", plan, "--output", "out", "--list")
    assert result.code == 0
    assert [line.split() for line in result.out.splitlines()] == [
        ["sample/tfidf/1/seed-0", "open"],
        ["sample/lost/1/seed-0", "open"],
    ]
    assert not (tmp_path / "out").exists()
    do_all(plan, tmp_path / "out")
    result = cli("study", plan, "--output", "out", "--list")
    done, failed = result.out.splitlines()
    assert "done     dev jaccard 0." in done
    assert "failed   expected an encoder at" in failed
    one = cli("study", plan, "--output", "out", "--list", "--only", "*/tfidf/*")
    assert one.out.splitlines() == ["sample/tfidf/1/seed-0  done   " + done.split("done   ")[1]]


def test_tables_are_written_from_what_is_there(cli: Cli, plan: Path, tmp_path: Path) -> None:
    result = cli("study", plan, "--output", "out", "--tables")
    result.assert_failed(2)
    assert "no cell in out is done" in result.err
    do_all(plan, tmp_path / "out")
    result = cli("study", plan, "--output", "out", "--tables")
    assert result.code == 0, result.err
    assert "1 of 2 cells are done, 1 failed, 0 are open" in result.out
    assert "sample/lost/1/seed-0 failed: expected an encoder" in result.err
    assert {path.stem for path in (tmp_path / "out" / "tables").iterdir()} == TABLES
    with (tmp_path / "out" / "tables" / "not-done.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["cell"], row["state"]) == ("sample/lost/1/seed-0", "failed")


def test_wrong_names_and_patterns_are_refused(cli: Cli, plan: Path) -> None:
    result = cli("study", "study/lapto", "--output", "out", "--list")
    result.assert_failed(2)
    assert "study/laptop" in result.err
    result = cli("study", plan, "--output", "out", "--list", "--only", "nothing/*")
    result.assert_failed(2)
    assert "--only nothing/*: no cell is called so" in result.err
    result = cli("study", plan, "--output", "out", "--cost-only", "--only", "*/tfidf/*")
    result.assert_failed(2)
    assert "expected encoders to measure, found none" in result.err


def test_the_plan_of_cells_that_are_there_can_t_be_changed(
    cli: Cli, plan: Path, tmp_path: Path
) -> None:
    do_all(plan, tmp_path / "out")
    text = plan.read_text(encoding="utf-8")
    plan.write_text(text.replace("hold_out = 0.2", "hold_out = 0.3"), encoding="utf-8")
    result = cli("study", plan, "--output", "out")
    result.assert_failed(2)
    assert "cell.hold_out was 0.2, now 0.3" in result.err
    assert "lost" not in result.err  # it failed, so it may be asked for otherwise


@pytest.mark.slow
def test_a_whole_study_runs_each_cell_in_a_process_of_its_own(
    program: Cli, plan: Path, tmp_path: Path
) -> None:
    result = program("study", plan, "--output", "out")
    assert result.code == 1, result.err  # one of the two failed
    assert "[1 of 2 done" in result.err
    assert "best on sample tfidf 0." in result.err
    assert {path.stem for path in (tmp_path / "out" / "tables").iterdir()} == TABLES
    folder = tmp_path / "out" / "cells" / "sample" / "lost" / "1" / "seed-0"
    assert "error" not in (folder / "log.txt").read_text(encoding="utf-8")  # it is recorded
    again = program("study", plan, "--output", "out", "--retry", "--only", "*/lost/*")
    assert "sample/lost/1/seed-0: failed" in again.err
    assert again.code == 1
    assert program("study", plan, "--output", "out", "--only", "*/tfidf/*").code == 0
    assert '"attempts": 2' in (folder / "failure.json").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_study_that_is_asked_to_stop_says_how_to_go_on(
    plan: Path, tmp_path: Path, bert: Path, number: signal.Signals
) -> None:
    text = plan.read_text(encoding="utf-8")
    settings = f'"model.encoder={bert}", "training.epochs=1000", "training.patience=0"'
    plan.write_text(text.replace(f'"model.encoder={tmp_path}/nowhere"', settings), encoding="utf-8")
    command = [sys.executable, "-m", "overtone", "study", str(plan), "--output", "out"]
    with subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    ) as process:  # fmt: skip
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        assert next(line for line in lines if line == "sample/lost/1/seed-0 begins\n")
        process.send_signal(number)
        rest = process.stderr.read()
    assert process.returncode == 128 + number
    assert f"stopped by {number.name}; go on with: overtone study {plan} --output out" in rest
    folder = tmp_path / "out" / "cells" / "sample"
    assert (folder / "tfidf" / "1" / "seed-0" / "cell.json").is_file()
    assert not (folder / "lost" / "1" / "seed-0" / "failure.json").exists()


@pytest.mark.slow
def test_cost_alone_is_measured_and_tabulated(
    program: Cli, plan: Path, tmp_path: Path, bert: Path
) -> None:
    text = plan.read_text(encoding="utf-8").replace(f"{tmp_path}/nowhere", str(bert))
    text = text.replace("[models.lost]\n", "[models.lost]\ncost_only = true\n")
    plan.write_text(text, encoding="utf-8")
    result = program("study", plan, "--output", "out", "--cost-only", "--only", "*/lost/*")
    assert result.code == 0, result.err
    assert "measuring sample/lost" in result.err
    with (tmp_path / "out" / "tables" / "cost.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert int(row["steps"]) == 20
    assert float(row["memory_mb"]) > 100
