"""`overtone adapt`, and `train --teacher`: what is printed, and what is refused."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

Cli = Callable[..., Any]


def test_an_encoder_is_adapted_and_trained_by_the_command_that_is_printed(
    cli: Cli, bert: Path, tmp_path: Path
) -> None:
    (tmp_path / "more.csv").write_text("id,words\n1,so late again\n2,we see\n", encoding="utf-8")
    found = cli(
        "adapt", "--dataset", "sample", "--texts", "more.csv:words", "--encoder", bert,
        "--output", "adapted", "--seed", "3", "--set", "training.epochs=1",
        "--set", "training.device=cpu",
    )  # fmt: skip
    assert found.code == 0, found.err
    assert "more.csv:words: 2 texts" in found.err
    assert found.out.startswith("saved adapted/encoder: loss on texts held out ")
    assert found.out.endswith("go on with: overtone train --encoder adapted\n")
    saved = tomllib.loads((tmp_path / "adapted" / "config.toml").read_text(encoding="utf-8"))
    assert saved["training"]["seed"] == 3
    assert saved["masking"]["texts"] == [f"{tmp_path / 'more.csv'}:words"]
    again = cli("adapt", "--output", "adapted", "--resume")
    assert again.code == 0, again.err
    assert "finished already" in again.err
    trained = cli("train", "--dataset", "sample", "--encoder", "adapted", "--dry-run")
    assert trained.code == 0, trained.err


def test_what_cannot_be_adapted_is_refused_in_two_lines(cli: Cli, tmp_path: Path) -> None:
    for arguments, message in (
        (["--dataset", "no-such-data"], "sample"),
        (["--texts", "gone.csv"], "gone.csv"),
        (["--dataset", "sample", "--encoder", "no/such-encoder"], "no/such-encoder"),
        (["--dataset", "sample", "--set", "masking.share=2"], "masking.share"),
        (["--resume"], "config.toml"),
    ):
        found = cli("adapt", "--output", "new", *arguments)
        found.assert_failed_with_notes()
        assert message in found.err
        assert not (tmp_path / "new").exists()


def test_a_model_learns_from_teachers(cli: Cli, run: Path, bert: Path, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("id,words\n1,so late again\n2,we see\n", encoding="utf-8")
    found = cli(
        "train", "--dataset", "sample", "--encoder", bert, "--output", "student",
        "--teacher", run, "--teacher", run, "--teacher-texts", "more.csv:words",
        "--set", "training.epochs=1", "--set", "training.device=cpu",
    )  # fmt: skip
    assert found.code == 0, found.err
    assert "note: teacher 2 of 2: 409 texts" in found.err
    saved = tomllib.loads((tmp_path / "student" / "config.toml").read_text(encoding="utf-8"))
    assert saved["teacher"]["models"] == [str(run), str(run)]
    refused = cli("train", "--dataset", "sample", "--teacher", "nowhere", "--output", "new")
    refused.assert_failed(2)
    assert "nowhere" in refused.err
