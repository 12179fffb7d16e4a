"""The memory benchmark trains what it says, and says what it measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "memory.py"


@pytest.mark.slow
def test_the_benchmark_runs_and_writes_its_figures_and_nothing_else(tmp_path: Path) -> None:
    rows = ("one", "two", "plain", "lora", "frozen", "least", "claim")
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), "--quick", "--only", *rows, "--json", "memory.json"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["memory.json"]
    figures = json.loads((tmp_path / "memory.json").read_text(encoding="utf-8"))
    assert tuple(figures["rows"]) == rows
    for name, row in figures["rows"].items():
        assert row.get("peak_gb", 0) > 0, (name, row)
        assert f"| {row['peak_gb']:.2f} |" in done.stdout
    found = {name: row["texts_at_once"] for name, row in figures["rows"].items()}
    assert (found["one"], found["two"], found["plain"]) == (1, 2, 8)
    assert figures["rows"]["claim"]["batch_size"] == 8
    assert figures["rows"]["least"]["precision"] == "bf16"
    # Of minilm's 23 M parameters, the moments alone are 0.18 GB.
    assert figures["rows"]["lora"]["peak_gb"] < figures["rows"]["one"]["peak_gb"] - 0.1
    assert done.stdout.strip().endswith("at most 10 GB: yes")


def test_an_unknown_row_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), "--only", "everything"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 2
    assert "invalid choice: 'everything'" in done.stderr
    assert list(tmp_path.iterdir()) == []
