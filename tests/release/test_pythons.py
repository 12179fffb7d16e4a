"""The wheel on the other Pythons that it is declared for, where they are at hand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import overtone

ROOT = Path(__file__).parents[2]
TEXTS = ["so happy today", "the bus is late"]
OTHERS = [
    version for version in ("3.11", "3.12", "3.13")
    if version != f"{sys.version_info.major}.{sys.version_info.minor}"
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("version", OTHERS)
def test_the_base_install_works_on_another_python(
    version: str, dist: Path, bert: Path, tmp_path: Path
) -> None:
    other = interpreter(version)
    if other is None:
        pytest.skip(f"NOT RUN: Python {version} is not here")
    command(other, "-m", "venv", str(tmp_path / "venv"))
    python = str(tmp_path / "venv" / "bin" / "python")
    (wheel,) = dist.glob("*.whl")
    command(
        python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint",
        str(ROOT / "constraints.txt"), f"{wheel}[serve]",
    )  # fmt: skip
    # Files that only training imports are at least compiled.
    command(python, "-W", "error", "-m", "compileall", "-qq", "-f", str(package(python)))
    run = overtone.train(
        "sample", tmp_path / "run", encoder=str(bert),
        settings=["training.epochs=1", "training.device=cpu"],
    )  # fmt: skip
    export = overtone.export(run.path, tmp_path / "export", precision="int8", jaccard_tolerance=100)
    told = command(
        python, "-W", "error", "-m", "overtone", "predict", str(export.bundle.path), "--json", "-",
        *TEXTS,
    )  # fmt: skip
    expected = overtone.load(export.bundle.path).predict(TEXTS)
    assert [json.loads(line)["labels"] for line in told.splitlines()] == [
        list(one.labels) for one in expected
    ]
    assert "407" in command(python, "-m", "overtone", "data", "show", "sample")
    assert "--port" in command(python, "-m", "overtone", "serve", "--help")


def interpreter(version: str) -> str | None:
    """Return a Python of a version: on the path, or one of pyenv's."""
    homes = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    for found in (shutil.which(f"python{version}"), *map(str, homes)):
        if found:
            done = subprocess.run(
                [found, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip
            if done.stdout.strip() == version:
                return found
    return None


def package(python: str) -> Path:
    """Return where a Python has overtone."""
    return Path(command(python, "-c", "import overtone; print(overtone.__file__)").strip()).parent


def command(*words: str) -> str:
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=1200, env=kept
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
