"""The Dockerfile, which is not built here: linted, and read for what it promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT / "Dockerfile"
LINES = DOCKERFILE.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()


def instructions(name: str) -> list[str]:
    """Return the arguments of each instruction of a kind, in order."""
    return [line.partition(" ")[2].strip() for line in LINES if line.startswith(f"{name} ")]


def test_hadolint_finds_nothing() -> None:
    program = Path(sys.executable).parent / "hadolint"
    if not program.is_file():
        pytest.skip("NOT RUN: hadolint is not here; its package is for Linux")
    done = subprocess.run(
        [program, DOCKERFILE], capture_output=True, encoding="utf-8", timeout=600, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_does_not_run_as_root() -> None:
    assert len(instructions("USER")) == 1
    assert int(instructions("USER")[0]) > 0
    last_stage = max(n for n, line in enumerate(LINES) if line.startswith("FROM "))
    assert any(line.startswith("USER ") for line in LINES[last_stage:])


def test_it_is_slim_pinned_and_watched() -> None:
    assert all(re.match(r"python:3\.\d+-slim( |$)", image) for image in instructions("FROM"))
    assert "/healthz" in instructions("HEALTHCHECK")[0] + " ".join(LINES)
    assert instructions("STOPSIGNAL") == ["SIGTERM"]


def test_what_it_copies_is_there_and_let_through() -> None:
    let_through = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    copied = [line.split()[:-1] for line in instructions("COPY") if "--from" not in line]
    names = {name for line in copied for name in line}
    assert names == let_through
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_it_serves_by_exec_so_that_signals_arrive() -> None:
    assert instructions("ENTRYPOINT") == ['["overtone", "serve"]']
    assert "0.0.0.0" in instructions("CMD")[-1]  # noqa: S104 - of the container
