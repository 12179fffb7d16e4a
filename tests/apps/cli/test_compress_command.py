"""`overtone compress`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import overtone

Cli = Callable[..., Any]

FAST = ("--set", "training.device=cpu", "--epochs", "1")


def test_a_model_is_compressed(cli: Cli, run: Path, tmp_path: Path) -> None:
    found = cli(
        "compress", run, "--layers", "1", "--vocabulary-from", "sample", "--output", "new", *FAST
    )
    assert found.code == 0, found.err
    before, after, saved = found.out.splitlines()
    assert before.startswith("before: 0.03 M parameters, 0.1 MB ")
    assert after.startswith("after: 0.02 M parameters, ")
    assert "MB of weights in int8), dev jaccard 0." in after
    assert saved == "saved new/bundle; for int8: overtone export new"
    assert "word pieces are kept" in found.err
    config = overtone.load(tmp_path / "new").bundle.manifest.config
    assert config["compress"]["layers"] == [0]
    again = cli("compress", run, "--output", "new", "--resume")
    assert (again.code, again.out) == (0, found.out)


def test_a_file_of_one_s_own_will_do(cli: Cli, run: Path, tmp_path: Path) -> None:
    names = overtone.load(run).labels.names
    rows = [f"a text of {place}," + ",".join(["1", "0"] * 6)[:21] for place in range(30)]
    (tmp_path / "mine.csv").write_text("\n".join(["text," + ",".join(names), *rows]) + "\n")
    (tmp_path / "more.csv").write_text("text\nthe soup was cold\nwhat a day\n")
    found = cli(
        "compress", run, "--keep-layers", "1", "--vocabulary-from", "more.csv", "--dataset",
        "mine.csv", "--texts", "more.csv:text", "--output", "new", *FAST,
    )  # fmt: skip
    assert found.code == 0, found.err
    config = overtone.load(tmp_path / "new").bundle.manifest.config
    assert config["data"]["file"] == str(tmp_path / "mine.csv")
    assert config["compress"]["vocabulary_from"] == [str(tmp_path / "more.csv")]
    assert config["teacher"]["texts"] == [f"{tmp_path / 'more.csv'}:text"]


def test_a_dry_run_trains_nothing(cli: Cli, run: Path, tmp_path: Path) -> None:
    found = cli("compress", run, "--layers", "1", "--vocabulary-size", "150",
                "--vocabulary-from", "sample", "--dry-run")  # fmt: skip
    assert found.code == 0, found.err
    assert "vocabulary_size = 150" in found.out
    assert "all is in order, nothing was trained" in found.out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "compress needs --output FOLDER"),
        (("--keep-layers", "0;1", "--output", "new"), "--keep-layers takes numbers"),
        (("--layers", "3", "--output", "new"), "1 to 2 layers, as many as the model has, found 3"),
        (("--layers", "1", "--keep-layers", "0", "--output", "new"), "leave one out"),
        (("--layers", "1", "--texts", "nowhere.csv", "--output", "new"), "found none at"),
    ],
)
def test_what_can_t_be_done_is_said(
    cli: Cli, run: Path, arguments: tuple[str, ...], message: str
) -> None:
    found = cli("compress", run, *arguments)
    found.assert_failed(2)
    assert message in found.err
