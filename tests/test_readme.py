"""The README's first command works, and its tree is the tree. tests/docs runs its other code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the README's code blocks of a language."""
    found = re.findall(r"^```([a-z]*)[^\n]*\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [block for name, block in found if name == language]


def test_the_first_command_works(tmp_path: Path) -> None:
    install, command = blocks("sh")[1].splitlines()
    assert install == "pip install ."  # this environment has it
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = ["bash", "-euc", command]
    shown = subprocess.run(
        script, cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": path, "XDG_STATE_HOME": str(tmp_path / "state")}, timeout=600,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert "joy" in shown.stdout
    assert "commercially is unclear" in shown.stderr


def test_the_tree_names_what_is_there() -> None:
    tree = next(block for block in blocks("") if "src/overtone/" in block)
    names = re.findall(r"^  ([a-z_]+(?:/[a-z_]+)*(?:\.py|/))\s", tree, re.MULTILINE)
    assert len(names) >= 15
    package = ROOT / "src" / "overtone"
    assert [name for name in names if not (package / name).exists()] == []
    top = {name.split("/")[0] for name in names}
    there = {f.name for f in package.iterdir() if f.is_dir() or f.suffix == ".py"}
    assert there - top - {"__pycache__"} == set()
