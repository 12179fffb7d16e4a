"""The pages' code is run, each page's in order, as blocks.py says of its marks."""

from __future__ import annotations

import logging
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.docs.blocks import LOOP, PAGES, REASONS, ROOT, Block, blocks, calls, commands, unrolled
from tests.docs.short import shortened, shortened_python
from tests.docs.usage import found
from tests.hub_stand_in import Hub

from overtone.apps import cli

PROGRAMS = Path(sys.executable).parent
# A server stays where it is, and Ray's processes are its own.
PLAIN = re.compile(r"(cat \S+ \| )?overtone (?!serve |.* ray )|pip install |make |#")
EXTRAS = {"ecosystem": "spacy", "score-at-scale": "ray"}
"""Pages that need what not every machine has."""
Play = Callable[..., None]

SERVE = re.compile(r"^(overtone serve [^&#\n]*[^&#\s])\s*(?:#.*)?$", re.MULTILINE)
SHELL = """
trap 'kill $(jobs -p) 2>&- || true' EXIT
pip() { :; }
stopped() { for job in $(jobs -p); do kill $job && wait $job; done; }
ready() {
  until curl --silent --fail --output /dev/null http://127.0.0.1:8000/readyz
  do sleep 0.2; kill -0 $!; done
}
"""
"""What a script is begun with. A page's server that one would leave in another terminal goes to the
background, the one before it is stopped, and it is waited for."""


def is_plain(block: Block) -> bool:
    """Return whether a block is Python, or has only commands that need no shell."""
    lines = LOOP.sub(unrolled, block.text).replace("\\\n", " ").splitlines()
    return block.language == "python" or all(
        PLAIN.match(line.strip()) and not line.endswith("&") for line in lines if line
    )


def to_run(page: Path) -> list[Block]:
    """Return a page's blocks that are run in any way."""
    return [block for block in blocks(page) if block.mark in {"run", "short", "dry"}]


def pages(*, plain: bool) -> pytest.MarkDecorator:
    """Return a parameter for each page whose code needs no shell, or that needs one."""
    chosen = [
        page for page in PAGES if (code := to_run(page)) and all(map(is_plain, code)) == plain
    ]
    assert chosen
    return pytest.mark.parametrize("page", chosen, ids=lambda page: str(page.relative_to(ROOT)))


@pytest.fixture
def play(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Return a function that runs a command in this process: starting torch takes seconds."""

    def run(words: list[str], source: str = "") -> None:
        make_room(words)
        log = logging.getLogger("overtone")
        before = list(log.handlers), log.level
        given = workplace / (source or os.devnull)
        with monkeypatch.context() as patch, given.open(encoding="utf-8") as file:
            patch.setattr(sys, "argv", ["overtone", *words])
            patch.setattr(sys, "stdin", file)
            with pytest.raises(SystemExit) as ended:
                cli.run()
        log.handlers[:], log.level = before
        assert not ended.value.code, words

    return run


def make_room(words: list[str]) -> None:
    """Take away what a command is about to make, where the tests put a model of that name."""
    if "--output" in words:
        output = Path(words[words.index("--output") + 1])
        for place in (output, *output.parents):
            if place.is_symlink():
                place.unlink()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # of huggingface_hub
@pages(plain=True)
def test_a_page_runs(
    page: Path, play: Play, tiny: Path, request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if page.stem == "hub":
        hub: Hub = request.getfixturevalue("hub")
        hub.tokens["hf_you"] = "you"
        monkeypatch.setenv("HF_TOKEN", "hf_you")
    prepare(page)
    for block in to_run(page):
        if block.language == "python":
            text = shortened_python(block.text, tiny) if block.mark == "short" else block.text
            exec(compile(text, str(page), "exec"), {"__name__": "__main__"})  # noqa: S102
        elif block.mark == "dry":
            for words in commands(block.text):
                play(dry(words))
            make(block.text)
        else:
            for call in calls(block.text):
                short = block.mark == "short"
                play(shortened(call.words, tiny) if short else call.words, call.source)


def prepare(page: Path) -> None:
    """Write the files that a page shows; skip the page where what it needs isn't there."""
    if extra := EXTRAS.get(page.stem):
        pytest.importorskip(extra, reason=f"NOT RUN: the extra {extra} is not installed")
    for block in blocks(page):
        if block.language == "toml" and block.mark:
            Path(block.mark).write_text(block.text, encoding="utf-8")


def dry(words: list[str]) -> list[str]:
    """Return the words of a command, so that it shows what it would do."""
    command, _, wrong = found(words)
    assert not wrong
    options = {name for each in command.params for name in each.opts}
    (option,) = options & {"--dry-run", "--list"}
    return [*words, option]


def make(script: str) -> None:
    """Have make say what a script's targets would do."""
    for target in re.findall(r"^make (.*?)(?: +#.*)?$", script, re.MULTILINE):
        command = ["make", "--dry-run", *target.split()]
        subprocess.run(command, cwd=ROOT, check=True, timeout=60)


@pytest.mark.slow
@pages(plain=False)
def test_a_page_that_needs_a_shell_runs(page: Path, workplace: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("NOT RUN: no curl here; Debian's package is curl")
    prepare(page)
    code = to_run(page)
    assert {block.mark for block in code} == {"run"}
    script = SHELL + "\n".join(
        f"python - <<'PYTHON'\n{block.text}PYTHON\n"
        if block.language == "python"
        else SERVE.sub(r"stopped; \1 --port 8000 & ready", block.text)
        for block in code
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["bash", "-euxo", "pipefail", "-c", script.replace("8000", str(port))]
    environment = {
        **os.environ,
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        "HF_HUB_OFFLINE": "0",  # else the hub's client asks no server, not even the page's
    }
    log = workplace / "log.txt"
    # To a file: a server that outlives a failed script would keep a pipe open.
    with log.open("wb") as file:
        done = subprocess.run(
            command, cwd=workplace, env=environment, stdin=subprocess.DEVNULL,
            stdout=file, stderr=file, check=False, timeout=600,
        )  # fmt: skip
    assert done.returncode == 0, log.read_text(encoding="utf-8", errors="replace")[-4000:]


@pytest.mark.parametrize(
    ("page", "reason"),
    sorted({(str(page.relative_to(ROOT)), block.reason)
            for page in PAGES for block in blocks(page) if block.mark == "not-run"}),
)  # fmt: skip
def test_what_is_not_run_is_said(page: str, reason: str) -> None:
    pytest.skip(f"NOT RUN: {page}: {reason}, {REASONS[reason]}")
