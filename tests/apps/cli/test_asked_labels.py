"""`--labels` of the commands that ask a model: what is said, and refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import overtone

Cli = Callable[..., Any]


def write(folder: Path) -> None:
    (folder / "in.csv").write_text("text,calm,dread\nso still today,1,0\noh no not again,0,1\n")


def test_score_asks_a_torch_model_and_says_what_to_expect(
    cli: Cli, run: Path, tmp_path: Path
) -> None:
    write(tmp_path)
    command = ["score", run, "--input", "in.csv", "--output", "out", "--format", "jsonl"]
    found = cli(*command, "--labels", "zeal, the bus is late", "--threshold", "zeal=0")
    assert found.code == 0, found.err
    assert "was not trained to read labels" in found.err
    assert "no decision was fitted" not in found.err, "the user has decided"
    lines = (tmp_path / "out" / "part-000000.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    model = overtone.load(run, labels=["zeal", "the bus is late"])
    for row, one in zip(rows, model.predict(["so still today", "oh no not again"]), strict=True):
        assert row["probabilities"] == pytest.approx(one.probabilities, abs=1e-4)
        assert "zeal" in row["labels"]
    again = cli(*command, "--labels", "zeal, the bus is late", "--threshold", "zeal=0")
    assert "2 rows of them earlier" in again.err
    other = cli(*command, "--labels", "zeal", "--threshold", "zeal=0")
    other.assert_failed_with_notes()
    assert "the labels were zeal, the bus is late, now zeal" in other.err


def test_evaluate_says_what_was_asked_and_by_which_threshold(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path)
    command = ["evaluate", "zero-shot", "--dataset", "in.csv", "--labels", "stillness=calm, dread"]
    found = cli(*command, "--threshold", "stillness=0.2", "--html", "page.html")
    assert found.code == 0, found.err
    said = " ".join(found.out.split())
    assert "asked for: stillness (in the data: calm), dread; never trained on: stillness;" in said
    assert "stillness 0.2; dread on above 0.0779, the model's one threshold" in said
    assert "never trained on: stillness" in (tmp_path / "page.html").read_text(encoding="utf-8")
    written = json.loads(cli(*command, "--json", "-").out)
    assert written["asked"]["labels"] == {"stillness": "calm", "dread": "dread"}
    assert list(written["per_label"]) == ["stillness", "dread"]


def test_explain_asks_first(cli: Cli) -> None:
    found = cli("explain", "zero-shot", "Thank you so much!", "--labels", "praise, complaint",
                "--label", "complaint", "--json", "-")  # fmt: skip
    assert found.code == 0, found.err
    written = json.loads(found.out)
    assert written["explained"] == ["complaint"]
    assert list(written["probabilities"]) == ["praise", "complaint"]


MANY = ",".join(f"l{n}" for n in range(65))


@pytest.mark.parametrize(
    ("command", "labels", "message"),
    [
        (("score", "--input", "in.csv", "--output", "out"), "", "found ''"),
        (("score", "--input", "in.csv", "--output", "out"), MANY, "at most 64"),
        (("serve", "--port", "0"), "calm,calm", "'calm' again"),
        (("serve", "--port", "0"), MANY, "at most 64"),
        (("evaluate", "--dataset", "in.csv"), "calm,calm", "'calm' again"),
        (("evaluate", "--dataset", "in.csv"), "", "found ''"),
        (("explain", "a text"), "calm,,dread", "found ''"),
    ],
)
def test_what_cannot_be_asked_is_one_error(
    cli: Cli, tmp_path: Path, command: tuple[str, ...], labels: str, message: str
) -> None:
    write(tmp_path)
    found = cli(command[0], "zero-shot", *command[1:], "--labels", labels)
    found.assert_failed_with_notes()
    assert message in found.err
    assert not (tmp_path / "out").exists()


def test_score_takes_one_way_to_name_labels(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path)
    found = cli("score", "zero-shot", "--input", "in.csv", "--output", "out", "--labels", "joy",
                "--labels-of", "jigsaw")  # fmt: skip
    found.assert_failed(2)
    assert "not both" in found.err
