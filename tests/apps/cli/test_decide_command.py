"""`overtone decide`, and --threshold where models are used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import overtone

Cli = Callable[..., Any]


def test_a_model_gets_another_decision(cli: Cli, run: Path, tmp_path: Path) -> None:
    found = cli(
        "decide", run, "--dataset", "sample", "--kind", "per_label", "--set",
        "decision.aim=f1_micro", "--calibration", "platt", "--output", "new",
    )  # fmt: skip
    assert found.code == 0, found.err
    assert "sample, dev: " in found.out
    assert "cross-fitted" in found.out
    for row in ("at 0.5", "before", "now"):
        assert row in found.out
    saved = overtone.load(tmp_path / "new").bundle.manifest
    assert saved.config["decision"]["aim"] == "f1_micro"
    assert saved.calibration["name"] == "platt"
    told = cli("evaluate", "new", "--dataset", "sample", "--split", "dev")
    assert "each fifth of them a fit on the other four decides" in " ".join(told.out.split())


def test_a_file_of_one_s_own_will_do(cli: Cli, run: Path, tmp_path: Path) -> None:
    names = overtone.load(run).labels.names
    rows = [f"a text of {place}," + ",".join(["1", "0"] * 6)[:21] for place in range(30)]
    (tmp_path / "mine.csv").write_text("\n".join(["text," + ",".join(names), *rows]) + "\n")
    found = cli("decide", run, "--dataset", "mine.csv", "--kind", "at_least", "--output", "new")
    assert found.code == 0, found.err
    assert "mine.csv, all: 30 texts" in found.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kind", "per_labels"], "did you mean per_label?"),
        (["--kind", "per_label", "--set", "training.epochs=3"], "can't be changed now"),
        (["--calibration", "isotonik"], "did you mean isotonic?"),
        (["--kind", "per_label", "--set", "decision.floor=2"], "between 0 and 1"),
    ],
)
def test_wrong_words_are_refused(
    cli: Cli, run: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    found = cli("decide", run, "--dataset", "sample", "--output", "new", *arguments)
    found.assert_failed(2)
    assert message in found.err
    assert not (tmp_path / "new").exists()


def test_thresholds_at_prediction_time(cli: Cli, run: Path) -> None:
    def labels(*options: str) -> list[str]:
        found = cli("predict", run, "a text", *options, "--json", "-")
        assert found.code == 0, found.err
        return sorted(json.loads(found.out)["labels"])

    everything = sorted(overtone.load(run).labels.names)
    assert labels("--threshold", "0") == everything
    assert labels("--threshold", "1") == []
    assert labels("--threshold", "1", "--threshold", "joy=0") == ["joy"]
    assert labels("--threshold", "joy=1", "--threshold", "0") == [
        name for name in everything if name != "joy"
    ]


def test_thresholds_in_evaluation(cli: Cli, run: Path) -> None:
    found = cli("evaluate", run, "--dataset", "sample", "--threshold", "1", "--json", "-")
    assert json.loads(found.out)["f1_micro"] == 0


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("low", "takes a number, or a label and a number as joy=0.3, found 'low'"),
        ("joy=low", "found 'joy=low'"),
        ("glee=0.3", "'glee', which is no label; there are: anger"),
        ("1.5", "between 0 and 1"),
        ("nan", "found nan"),
    ],
)
def test_thresholds_that_are_none_are_refused(cli: Cli, run: Path, word: str, message: str) -> None:
    found = cli("predict", run, "a text", "--threshold", word)
    found.assert_failed(2)
    assert message in found.err
