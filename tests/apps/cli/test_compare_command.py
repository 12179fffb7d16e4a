"""`overtone compare`: tables and a verdict for people, JSON for programs, and refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import overtone
from overtone.data.semeval2018 import NAMES

Cli = Callable[..., Any]


def test_json_is_that_of_python(cli: Cli, run: Path, tfidf: Path, tmp_path: Path) -> None:
    arguments = ("compare", run, tfidf, "--dataset", "sample", "--resamples", "200", "--json")
    found = cli(*arguments, "-")
    assert found.code == 0, found.err
    shown = json.loads(found.out)
    expected = overtone.compare(str(run), str(tfidf), "sample", resamples=200).to_json()
    assert shown.pop("seconds") > 0
    del expected["seconds"]
    assert shown == json.loads(json.dumps(expected))
    assert (shown["n"], shown["resamples"], shown["split"]) == (92, 200, "test")
    assert list(shown["per_label"]) == list(NAMES)
    written = cli(*arguments, "found.json", "--split", "dev")
    assert (written.code, written.out) == (0, "")
    assert json.loads((tmp_path / "found.json").read_text())["split"] == "dev"


def test_people_get_tables_and_a_verdict(cli: Cli, run: Path, tfidf: Path) -> None:
    found = cli("compare", run, tfidf, "--dataset", "sample")
    assert found.code == 0, found.err
    expected = overtone.compare(run, tfidf, "sample")
    assert found.out.splitlines()[-1].strip() == expected.verdict
    assert f"{expected.scope}; 10,000 draws" in found.out
    assert "sample, test: 92 texts" in found.out
    jaccard = next(line for line in found.out.splitlines() if line.startswith("│ jaccard "))
    one = expected.differences["jaccard"]
    for shown in (
        f"{expected.a.scores['jaccard']:.4f}",
        f"{expected.b.scores['jaccard']:.4f}",
        f"{100 * one.value:+.2f}",
        f"{100 * one.low:+.2f} to {100 * one.high:+.2f}",
    ):
        assert shown in jaccard
    for name, label in expected.per_label.items():
        line = next(line for line in found.out.splitlines() if line.startswith(f"│ {name} "))
        assert f"{100 * label.low:+.1f} to {100 * label.high:+.1f}" in line
        mark = "" if label.sign == 0 else "**" if label.p_holm <= 0.05 else "*"
        assert line.count("*") == len(mark)
    again = cli("compare", run, tfidf, "--dataset", "sample")
    assert again.out == found.out


def test_the_tables_fit_into_eighty_columns(
    cli: Cli, run: Path, tfidf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = cli("compare", run, tfidf, "--dataset", "sample").out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert len([line for line in lines if line.startswith("│")]) == 5 + len(NAMES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone", "--dataset", "sample"], "found none at 'gone'"),
        (["RUN", "--dataset", "no-such-data"], "sample"),
        (["RUN", "--dataset", "sample", "--split", "validation"], "train, dev, test"),
        (["RUN", "--dataset", "sample", "--resamples", "0"], "--resamples"),
        (["RUN", "--dataset", "sample", "--text-column", "x"], "found the dataset sample"),
        (["RUN", "--dataset", "sample", "--set", "training.epochs=3"], "data.KEY=VALUE"),
        (["--dataset", "sample"], "MODEL_B"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    cli: Cli, tfidf: Path, arguments: list[str], message: str
) -> None:
    found = cli("compare", tfidf, *(str(tfidf) if word == "RUN" else word for word in arguments))
    found.assert_failed(2)
    assert message in found.err


def test_a_label_or_a_folder_cannot_steer_the_terminal(cli: Cli, tmp_path: Path) -> None:
    rows = [f"so {('glad', 'cross')[n % 2]} {n},{int(n % 2 == 0)},{n % 2}" for n in range(20)]
    (tmp_path / "mine.csv").write_text("\n".join(["text,jo\x1b[31my,[red]an\x07ger", *rows]) + "\n")
    overtone.train("mine.csv", tmp_path / "a\x1b[31mb", model="tfidf")
    found = cli("compare", "a\x1b[31mb", "a\x1b[31mb", "--dataset", "mine.csv")
    assert found.code == 0, found.err
    assert not {"\x1b", "\x07"} & {*found.out, *found.err}
    for shown in ("jo [31my", "[red]an ger", "A: a [31mb"):
        assert shown in found.out
