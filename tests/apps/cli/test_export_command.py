"""`overtone export`, and its export in every command that takes a model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import overtone

Cli = Callable[..., Any]


def test_an_export_is_made_and_every_command_takes_it(cli: Cli, run: Path, tmp_path: Path) -> None:
    found = cli("export", run, "--output", "new")
    assert found.code == 0, found.err
    out = " ".join(found.out.split())
    assert "sample, dev" in out
    assert "labels flipped" in out
    assert "saved new (" in out
    assert overtone.load(tmp_path / "new").bundle.manifest.export["format"] == "onnx"
    for command in (
        ["predict", "new", "so happy today", "--json", "-"],
        ["evaluate", "new", "--dataset", "sample", "--json", "-"],
        ["compare", run, "new", "--dataset", "sample", "--resamples", "10", "--json", "-"],
    ):
        done = cli(*command)
        assert done.code == 0, done.err
        assert json.loads(done.out.splitlines()[0] if command[0] == "predict" else done.out)


def test_texts_of_a_file_will_do_and_json_is_written(cli: Cli, run: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("id,words\n1,so happy\n2,what a day\n", encoding="utf-8")
    found = cli(
        "export", run, "--precision", "fp16", "--input", "mine.csv", "--text-column", "words",
        "--output", "new", "--json", "-",
    )  # fmt: skip
    assert found.code == 0, found.err
    written = json.loads(found.out)
    assert written["parity"]["texts"] == 2
    assert written["megabytes"] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "pickle"], "'pickle' is not one of"),
        (["--dataset", "sample", "--input", "a.csv"], "not both"),
        (["--dataset", "nothing"], "nothing"),
        (["--input", "missing.csv"], "missing.csv"),
    ],
)
def test_wrong_words_are_refused(
    cli: Cli, run: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "a.csv").write_text("text\na\n", encoding="utf-8")
    found = cli("export", run, "--output", "new", *arguments)
    found.assert_failed(2)
    assert message in found.err
    assert not (tmp_path / "new").exists()


def test_what_is_too_far_is_a_failure(cli: Cli, run: Path, tmp_path: Path) -> None:
    found = cli("export", run, "--precision", "int8", "--tolerance", "1e-9", "--output", "new")
    assert found.code == 1
    assert "too far from the model" in found.err
    assert not (tmp_path / "new").exists()
