"""The base install: an export predicts there, without torch, in 250 MB and the models that ship."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import overtone
from overtone import shipped

ROOT = Path(__file__).parents[1]
MOST = 250e6
"""Bytes, without the models that ship."""
MODEL = 12e6
"""Bytes of a model that ships, at most."""


@pytest.mark.slow
def test_the_base_install_is_small_and_predicts(bert: Path, tmp_path: Path) -> None:
    python = sys.executable
    run_quietly(python, "-m", "venv", str(tmp_path / "venv"))
    inside = tmp_path / "venv" / "bin"
    run_quietly(
        str(inside / "pip"), "install", "--quiet", "--disable-pip-version-check", "--constraint",
        str(ROOT / "constraints.txt"), str(ROOT),
    )  # fmt: skip
    run_quietly(str(inside / "pip"), "uninstall", "--quiet", "--yes", "setuptools", "pip")
    (packages,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    names = {path.name for path in packages.iterdir()}
    assert not names & {"torch", "transformers", "sklearn"}
    models = {
        name: sum(file.stat().st_size for file in (packages / "overtone/shipped" / name).iterdir())
        for name in shipped.names()
    }
    assert models
    assert max(models.values()) <= MODEL, models
    weights = sum(models.values())
    whole = sum(file.stat().st_size for file in packages.rglob("*") if file.is_file())
    size = whole - weights
    assert size <= MOST, f"{size / 1e6:.0f} MB"

    run = overtone.train(
        "sample",
        tmp_path / "run",
        encoder=str(bert),
        settings=["training.epochs=1", "training.device=cpu"],
    )
    overtone.export(run.path, tmp_path / "export", precision="int8", jaccard_tolerance=100)
    (tmp_path / "in.csv").write_text("text\nso happy today\nthe bus is late\n", encoding="utf-8")
    lines = [json.dumps({"text": text}) for text in ("so happy today", "the bus is late")]
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    program, export = str(inside / "overtone"), str(tmp_path / "export")
    for kind in ("csv", "jsonl"):
        run_quietly(
            program, "predict", export, "--input", str(tmp_path / f"in.{kind}"), "--output",
            str(tmp_path / f"out.{kind}"),
        )  # fmt: skip
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        found = [row["labels"] for row in csv.DictReader(file)]
    expected = [
        " ".join(one.labels)
        for one in overtone.load(export).predict(["so happy today", "the bus is late"])
    ]
    assert found == expected
    assert len((tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()) == len(expected)
    start = time.perf_counter()
    run_quietly(program, "predict", export, "so happy today", "--json", "-")
    seconds = time.perf_counter() - start
    for name in models:
        listed = run_quietly(program, "predict", name, "What a lovely surprise, thank you!")
        assert "0." in listed
    assert all(name in run_quietly(program, "models", "list") for name in models)
    print(  # noqa: T201
        f"base install {size / 1e6:.0f} MB, with the models that ship {whole / 1e6:.0f} MB; "
        f"start-up to first answer {seconds:.2f} s"
    )


def run_quietly(*command: str) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=1200, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
