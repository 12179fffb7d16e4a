"""The command line: in this process for speed, in its own for the rest."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from overtone.apps import cli as command_line

PROGRAM = Path(sys.executable).parent / "overtone"


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def assert_failed(self, code: int) -> None:
        """Check the promises about errors: the exit code, two lines at most, no traceback."""
        assert self.code == code, self.err
        assert self.out == ""
        assert 1 <= len(self.err.splitlines()) <= 2, self.err
        assert "Traceback" not in self.err
        assert "this should not happen" not in self.err

    def assert_failed_with_notes(self) -> None:
        """Check the same of a command that reads a file, and may have said something about it."""
        lines = self.err.splitlines()
        rest = [line for line in lines if not line.startswith(("note: ", "warning: "))]
        Result(self.code, self.out, "\n".join(rest)).assert_failed(2)


Cli = Callable[..., Result]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Return a function that runs a command in this process, as the script `overtone` does."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("OVERTONE_DATA_DIR", raising=False)

    def invoke(*arguments: str | Path, stdin: bytes = b"") -> Result:
        log = logging.getLogger("overtone")
        before = list(log.handlers), log.level
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["overtone", *map(str, arguments)])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
            capsys.readouterr()
            with pytest.raises(SystemExit) as ended:
                command_line.run()
        log.handlers[:], log.level = before
        captured = capsys.readouterr()
        code = ended.value.code
        return Result(code if isinstance(code, int) else 0, captured.out, captured.err)

    return invoke


@pytest.fixture
def program(tmp_path: Path) -> Cli:
    """Return a function that runs a command in a process of its own, away from the sources."""

    def invoke(*arguments: str | Path, stdin: bytes | None = None) -> Result:
        done = subprocess.run(
            [PROGRAM, *map(str, arguments)],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            cwd=tmp_path,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            timeout=600,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    return invoke
