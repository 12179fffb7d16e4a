"""The README's commands are run as they stand, and its tree is the tree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the README's code blocks of a language."""
    found = re.findall(r"^```([a-z]*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [block for name, block in found if name == language]


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with this environment's `overtone` on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # All cores: this trains the real MiniLM.
    environment = {**os.environ, "PATH": path, "OMP_NUM_THREADS": str(os.cpu_count() or 1)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False,
        timeout=1800,
    )  # fmt: skip


def test_the_first_command_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    script = blocks("sh")[1]
    install, command = script.splitlines()
    assert install == "pip install ."  # this environment has it
    shown = run(["bash", "-euc", command], tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "joy" in shown.stdout
    assert "commercially is unclear" in shown.stderr


@pytest.mark.slow
def test_the_commands_and_the_python_example_work(tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("what a day\nso sad\n", encoding="utf-8")
    (tmp_path / "texts.csv").write_text('id,text\n1,"what, a day"\n2,so sad\n', encoding="utf-8")
    script = next(block for block in blocks("sh") if "overtone evaluate" in block)
    # Installing is what made this environment.
    commands = [line for line in script.splitlines() if not line.startswith("pip install")]
    assert len(commands) == 6
    shown = run(["bash", "-euxo", "pipefail", "-c", "\n".join(commands)], tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert (tmp_path / "labelled.csv").read_text(encoding="utf-8").count("\n") == 3
    example = next(block for block in blocks("python") if "overtone.train(" in block)
    shown = run([sys.executable, "-c", example], tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert len(shown.stdout.splitlines()) == 2


@pytest.mark.slow
def test_the_commands_for_a_file_of_one_s_own_work(tmp_path: Path) -> None:
    rows = [f"{text} {n},{label}" for n in range(20) for text, label in (("good", 1), ("bad", 0))]
    for name in ("reviews.csv", "more-reviews.csv"):
        (tmp_path / name).write_text("\n".join(["text,happy", *rows]) + "\n", encoding="utf-8")
    script = next(block for block in blocks("sh") if "reviews.csv" in block)
    shown = run(["bash", "-euxo", "pipefail", "-c", script], tmp_path)
    assert shown.returncode == 0, shown.stderr
    made = {file.name for file in tmp_path.glob("reviews-*.csv")}
    assert made == {"reviews-train.csv", "reviews-dev.csv", "reviews-test.csv"}


@pytest.mark.slow
def test_the_example_of_the_estimator_works(tmp_path: Path) -> None:
    example = next(block for block in blocks("python") if "EmotionClassifier" in block)
    shown = run([sys.executable, "-c", example], tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert (tmp_path / "runs" / "estimator" / "bundle.json").is_file()
    assert "surprise" in shown.stdout


@pytest.mark.slow
def test_the_commands_for_official_data_are_in_order(tmp_path: Path) -> None:
    given = os.environ.get("OVERTONE_DATA_DIR", str(ROOT.parent / "shared" / "data"))
    if not (Path(given) / "semeval2018").is_dir():
        pytest.skip("NOT RUN: the SemEval-2018 files are not here (set OVERTONE_DATA_DIR)")
    script = next(block for block in blocks("sh") if "semeval2018-en" in block)
    (tmp_path / "data").symlink_to(Path(given).resolve())
    # What `data fetch` gets is what the folder holds; there is no network here.
    fetched = re.findall("^overtone data fetch ([^ ]+) --data-dir data$", script, re.MULTILINE)
    trained = re.findall(
        "^overtone train .*--dataset ([^ ]+) --data-dir data .*$", script, re.MULTILINE
    )
    assert fetched == trained == ["goemotions", "semeval2018-en"]
    for command in re.findall("^overtone train .*$", script, re.MULTILINE):
        shown = run(["bash", "-c", f"{command} --dry-run"], tmp_path)
        assert shown.returncode == 0, shown.stderr
        assert re.search(
            "6,838 texts to train on, 886|43,410 texts to train on, 5,426", shown.stdout
        )


def test_the_tree_names_what_is_there() -> None:
    tree = next(block for block in blocks("") if "src/overtone/" in block)
    names = re.findall(r"^  ([a-z_]+(?:/[a-z_]+)*(?:\.py|/))\s", tree, re.MULTILINE)
    assert len(names) >= 15
    package = ROOT / "src" / "overtone"
    assert [name for name in names if not (package / name).exists()] == []
    top = {name.split("/")[0] for name in names}
    there = {f.name for f in package.iterdir() if f.is_dir() or f.suffix == ".py"}
    assert there - top - {"__pycache__"} == set()
