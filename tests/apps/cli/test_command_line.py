"""The command line as a whole: help, version, exit codes, errors, and what it imports."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import overtone
from overtone.apps import cli as command_line

Cli = Callable[..., Any]

COMMANDS = (
    "train", "adapt", "tune", "evaluate", "crossvalidate", "compare", "cooccur", "identity",
    "predict", "explain", "score", "summarise", "serve", "decide", "compress", "export", "push",
    "study",
)  # fmt: skip


def test_version(program: Cli) -> None:
    found = program("--version")
    assert (found.code, found.out, found.err) == (0, f"overtone {overtone.__version__}\n", "")


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_the_commands(cli: Cli, option: str) -> None:
    found = cli(option)
    assert found.code == 0
    for command in ("train", "evaluate", "predict", "data"):
        assert command in found.out


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (["train"], ["--dataset", "--encoder", "--config", "--set", "--seed", "--resume"]),
        (["evaluate"], ["MODEL", "--dataset", "--split", "--json"]),
        (["predict"], ["MODEL", "--input", "--text-column", "--output", "--json"]),
        (["score"], ["MODEL", "--input", "--text-column", "--output", "--format", "--engine"]),
        (["data"], ["list", "show", "check"]),
        (["data", "check"], ["--dataset", "--model", "--only", "--json", "--html", "--show-texts"]),
        (["data", "show"], ["name", "--data-dir"]),
    ],
)
def test_every_command_explains_its_options(
    cli: Cli, command: list[str], options: list[str]
) -> None:
    found = cli(*command, "--help")
    assert found.code == 0
    for option in options:
        assert option in found.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-such-option"],
        ["fly"],
        ["predict"],
        ["predict", "--loud"],
        ["evaluate", "model"],
        ["train", "--output", "x", "--seed", "-1"],
        ["data", "show"],
    ],
)
def test_wrong_usage_ends_in_two(cli: Cli, arguments: list[str]) -> None:
    found = cli(*arguments)
    assert found.code == 2
    assert found.out == ""
    assert "Traceback" not in found.err


def test_wrong_usage_is_one_or_two_lines(cli: Cli) -> None:
    cli("--no-such-option").assert_failed(2)


def test_the_script_ends_in_two_after_an_error(program: Cli) -> None:
    found = program("predict", "no-such-model", "a text")
    found.assert_failed(2)
    assert found.err.startswith("error: MODEL is the folder of a run or a bundle")
    assert "'no-such-model'" in found.err


@pytest.mark.parametrize("place", [0, 1, 3])
def test_debug_shows_a_traceback_from_any_place(program: Cli, place: int) -> None:
    words = ["predict", "no-such-model", "a text"]
    words.insert(place, "--debug")
    found = program(*words)
    assert found.code != 0
    assert "Traceback" in found.err
    assert "InputError" in found.err


def test_after_a_double_dash_debug_is_a_text(cli: Cli, run: Path) -> None:
    found = cli("predict", run, "--json", "-", "--", "--debug")
    assert found.code == 0
    assert '"text": "--debug"' in found.out


@pytest.mark.parametrize("command", [["predict"], ["evaluate", "--dataset", "sample"]])
def test_a_wrong_model_is_named_with_those_nearby(cli: Cli, run: Path, command: list[str]) -> None:
    found = cli(*command, run.parent / "rnu")
    found.assert_failed(2)
    assert str(run.parent / "rnu") in found.err
    assert str(run) in found.err.replace(str(run.parent / "rnu"), "")


def test_models_in_runs_are_nearby(cli: Cli, run: Path, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine").symlink_to(run)
    found = cli("predict", "mien", "a text")
    found.assert_failed(2)
    assert "runs/mine" in found.err


def test_a_damaged_bundle_is_named(cli: Cli, run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in (run / "bundle").iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "tokenizer.json").write_text("{}")
    found = cli("predict", copy, "a text")
    found.assert_failed(2)
    assert "tokenizer.json was changed" in found.err


def test_an_unexpected_error_asks_for_a_report(
    cli: Cli, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("unheard of")

    monkeypatch.setattr(overtone.inference.predictor.Predictor, "predict", fail)
    found = cli("predict", run, "a text")
    assert found.code == 1
    assert len(found.err.splitlines()) == 2
    assert "RuntimeError: unheard of" in found.err


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["predict", "--help"], ["train", "--help"], ["score", "--help"]],
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    script = (
        "import sys\n"
        "from overtone.apps import cli\n"
        "try:\n"
        "    cli.run()\n"
        "except SystemExit as ended:\n"
        "    assert not ended.code, ended.code\n"
        "heavy = ('torch', 'transformers', 'sklearn', 'accelerate', 'huggingface_hub', 'numpy',\n"
        " 'onnxruntime', 'tokenizers')\n"
        "print('heavy:', [name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "heavy: []"


BLOCKED = """
import importlib.abc
import sys

NAMES = ("torch", "transformers", "sklearn", "accelerate", "overtone.models")


class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if any(name == blocked or name.startswith(blocked + ".") for blocked in NAMES):
            raise ImportError(name + " is blocked")
        return None


sys.meta_path.insert(0, Block())
from overtone.apps import cli

cli.run()
"""


def test_datasets_are_shown_without_torch(tmp_path: Path) -> None:
    done = without_torch(["data", "show", "sample"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "407" in done.stdout


def test_datasets_are_checked_without_torch(tmp_path: Path) -> None:
    done = without_torch(["data", "check", "sample"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Near-duplicates" in done.stdout


def without_torch(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BLOCKED, *arguments],
        capture_output=True,
        cwd=folder,
        encoding="utf-8",
        timeout=600,
        check=False,
    )


def test_every_command_is_a_file() -> None:
    commands = {command.callback.__module__ for command in command_line.app.registered_commands}
    assert commands == {f"overtone.apps.cli.{name}" for name in COMMANDS}
