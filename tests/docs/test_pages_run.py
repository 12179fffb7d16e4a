"""What the pages mark as `run` is run as it stands, and what they mark as `dry` with --dry-run.

Two things differ from what a reader types: the SemEval data, which may not be passed on, are the
sample, which has the same labels; and the server gets a free port.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.docs.blocks import PAGES, ROOT, Block, blocks, commands
from tests.docs.usage import found

from overtone.apps import cli

PROGRAMS = Path(sys.executable).parent
Play = Callable[[list[str]], None]


def marked(mark: str, *, plain: bool = True) -> pytest.MarkDecorator:
    """Return a parameter for each page with code of a mark, in overtone's words alone or not."""
    pages = [
        page for page in PAGES if (code := of(page, mark)) and all(map(is_plain, code)) == plain
    ]
    assert pages
    return pytest.mark.parametrize("page", pages, ids=lambda page: str(page.relative_to(ROOT)))


def of(page: Path, mark: str) -> list[Block]:
    """Return a page's blocks of a mark."""
    return [block for block in blocks(page) if block.mark == mark]


def is_plain(block: Block) -> bool:
    """Return whether a block is Python, or has calls of overtone and what installs it alone."""
    lines = block.text.replace("\\\n", " ").splitlines()
    return block.language == "python" or all(
        line.startswith(("overtone ", "pip install ", "#")) and not line.endswith("&")
        for line in lines
        if line
    )


@pytest.fixture
def play(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Return a function that runs a command in this process: starting torch takes seconds."""
    monkeypatch.chdir(workplace)
    monkeypatch.delenv("OVERTONE_DATA_DIR", raising=False)

    def run(words: list[str]) -> None:
        log = logging.getLogger("overtone")
        before = list(log.handlers), log.level
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["overtone", *words])
            with pytest.raises(SystemExit) as ended:
                cli.run()
        log.handlers[:], log.level = before
        assert not ended.value.code, words

    return run


@pytest.mark.slow
@marked("run")
def test_commands_and_examples_run(page: Path, play: Play) -> None:
    for block in of(page, "run"):
        text = block.text.replace("semeval2018-en", "sample")
        if block.language == "python":
            exec(compile(text, str(page), "exec"), {"__name__": "__main__"})  # noqa: S102
            continue
        for words in commands(text):
            play(words)


@pytest.mark.slow
@marked("run", plain=False)
def test_pages_that_need_a_shell_run(page: Path, workplace: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("NOT RUN: no curl here; Debian's package is curl")
    code = [
        f"python - <<'PYTHON'\n{block.text}PYTHON\n" if block.language == "python" else block.text
        for block in of(page, "run")
    ]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # What the script leaves behind in the background ends with it.
    script = "trap 'kill $(jobs -p) 2>&- || true' EXIT\n" + "\n".join(code).replace(
        "8000", str(port)
    )
    command = ["bash", "-euxo", "pipefail", "-c", script]
    environment = {**os.environ, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
    log = workplace / "log.txt"
    # To a file: a server that outlives a failed script would keep a pipe open.
    with log.open("wb") as file:
        done = subprocess.run(
            command, cwd=workplace, env=environment, stdin=subprocess.DEVNULL,
            stdout=file, stderr=file, check=False, timeout=600,
        )  # fmt: skip
    assert done.returncode == 0, log.read_text(encoding="utf-8", errors="replace")[-4000:]


@pytest.mark.slow
@marked("dry")
def test_what_takes_long_would_start(page: Path, data_dir: Path, play: Play) -> None:
    for words in (words for block in of(page, "dry") for words in commands(block.text)):
        command, _, wrong = found(words)
        assert not wrong
        assert "--dry-run" in {name for each in command.params for name in each.opts}, words
        # The last --data-dir counts.
        Path("data").mkdir(exist_ok=True)
        play([*words, "--dry-run", "--data-dir", str(data_dir)])
