"""The blocks of the pages about other tools are run as they stand, in order."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.hub_stand_in import Hub

Cli = Callable[..., Any]
PAGES = Path(__file__).parents[3] / "docs" / "how-to"

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def folder(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model and texts, the current one."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(run, tmp_path / "runs" / "first")
    rows = ["text", "so happy today", '"what a day, or not"', "the bus is late"]
    (tmp_path / "texts.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path


def do(page: str, cli: Cli) -> int:
    """Run the blocks of a page; return how many."""
    text = (PAGES / page).read_text(encoding="utf-8")
    found = re.findall(r"^```(sh|python)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    for language, block in found:
        if language == "python":
            exec(compile(block, page, "exec"), {})  # noqa: S102 - the page's own code
            continue
        for line in block.splitlines():
            program, *arguments = shlex.split(line)
            assert program == "overtone"
            done = cli(*arguments)
            assert done.code == 0, done.err
    return len(found)


def test_the_page_about_the_hub(
    folder: Path, cli: Cli, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert folder.is_dir()
    hub.tokens["hf_you"] = "you"
    monkeypatch.setenv("HF_TOKEN", "hf_you")
    assert do("hub.md", cli) == 2
    assert hub.repositories["you/moods"].private


def test_the_page_about_other_tools(
    folder: Path, cli: Cli, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("spacy", reason="NOT RUN: spaCy is not installed (extra spacy)")
    from overtone.apps import spacy_component  # noqa: PLC0415 - the entry point's work

    assert spacy_component.make
    assert do("ecosystem.md", cli) == 6
    assert (folder / "encoder" / "config.json").is_file()
    assert "torch.Size([2, " in capsys.readouterr().out
