"""`make docs` builds every page, without a warning, and the reference is that of the code."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from docs.extensions import command_pages, option_pages, python_pages
from tests.docs.blocks import ROOT

from overtone.config import Share, plugin_names, preset_names
from overtone.losses import joint


@pytest.mark.slow
def test_the_pages_build_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html",
         "-d", str(tmp_path / "trees"), str(ROOT / "docs"), str(tmp_path / "html")],
        capture_output=True, text=True, check=False, timeout=600, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    built = {path.relative_to(tmp_path / "html").with_suffix("").as_posix()
             for path in (tmp_path / "html").rglob("*.html")}  # fmt: skip
    sources = {path.relative_to(ROOT / "docs").with_suffix("").as_posix()
               for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts}  # fmt: skip
    assert sources <= built
    for page in ("reference/cli/train", "reference/config/loss", "reference/python/train"):
        assert page in built
    # Nothing is loaded from elsewhere when a page is opened.
    for path in (tmp_path / "html").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert 'src="http' not in text, path
        assert 'rel="stylesheet" type="text/css" href="http' not in text, path


def test_every_option_of_a_command_stands_in_the_reference() -> None:
    pages = command_pages.pages()
    assert "```{option} --dataset NAME|FILE" in pages["train"]
    assert "As `overtone data list` shows them, or a table." in pages["train"]
    assert "Default: `127.0.0.1`." in pages["serve"]
    assert "## overtone data split" in pages["data"]
    assert "[`train`](train.md)" in pages["index"]


def test_every_option_of_a_plugin_stands_in_the_reference() -> None:
    pages = option_pages.pages()
    assert f": {joint.Config.__name__}" not in pages["loss"]
    assert "`alpha` <small>number, between 0 and 1; default `0.2`</small>" in pages["loss"]
    assert ": Weight of the label-correlation-aware term; 0 leaves" in pages["loss"]
    for name in plugin_names("overtone.losses"):
        assert f"\n## {name}\n" in pages["loss"]
    for name in preset_names():
        assert f"\n## {name}\n" in pages["presets"]


def test_no_option_lacks_its_docstring() -> None:
    bare = [(page, key) for page, text in option_pages.pages().items()
            for key, below in zip(text.splitlines(), text.splitlines()[1:], strict=False)
            if below == ": "]  # fmt: skip
    assert bare == []


def test_docstrings_under_fields_are_found_wherever_they_are_inherited_from() -> None:
    assert option_pages.docstrings(Below) == {"above": "From above.", "own": "Its own,\nlong."}


def test_types_are_words() -> None:
    assert option_pages.words(Share) == "number, between 0 and 1"
    assert option_pages.words(tuple[int, ...]) == "list (whole number)"
    assert option_pages.words(dict[str, float]) == "table (number)"
    assert option_pages.words(Annotated[int, "any"]) == "whole number, any"
    assert option_pages.words(str | None) == "text"


def test_public_names_have_a_page() -> None:
    pages = python_pages.pages()
    assert ".. autofunction:: overtone.train" in pages["train"]
    assert ".. autoclass:: overtone.EmotionClassifier" in pages["EmotionClassifier"]


@dataclass
class Above:
    """One to inherit from."""

    above: int = 0
    """From above."""


@dataclass
class Below(Above):
    """One that inherits."""

    own: int = 1
    """Its own,
    long."""
