"""`overtone evaluate`: tables for people, JSON for programs, and refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import overtone
from overtone.data.semeval2018 import NAMES

Cli = Callable[..., Any]


def test_json_has_the_promised_keys(cli: Cli, run: Path) -> None:
    found = cli("evaluate", run, "--dataset", "sample", "--json", "-")
    assert found.code == 0
    scores = json.loads(found.out)
    assert {
        "n", "f1_micro", "f1_macro", "jaccard", "jaccard_zero", "exact_match", "hamming_loss",
        "seconds", "per_label",
    } <= scores.keys()  # fmt: skip
    assert scores["n"] == 92
    assert list(scores["per_label"]) == list(NAMES)
    assert {"precision", "recall", "f1", "support"} <= scores["per_label"]["joy"].keys()
    expected = overtone.evaluate(run, "sample").scores
    assert scores["jaccard"] == expected.jaccard
    assert scores["f1_macro"] == expected.f1_macro


def test_json_can_go_to_a_file(cli: Cli, run: Path, tmp_path: Path) -> None:
    found = cli("evaluate", run, "--dataset", "sample", "--split", "dev", "--json", "scores.json")
    assert (found.code, found.out) == (0, "")
    assert json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))["split"] == "dev"


def test_people_get_tables(cli: Cli, run: Path) -> None:
    found = cli("evaluate", run / "bundle", "--dataset", "sample")
    assert found.code == 0
    assert "sample, test: 92 texts" in found.out
    assert f"{overtone.evaluate(run, 'sample').scores.jaccard:.4f}" in found.out
    for name in (*NAMES, "jaccard_zero", "Hamming loss"):
        assert name in found.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "no-such-data"], "sample"),
        (["--dataset", "sample", "--split", "validation"], "train, dev, test"),
        (["--dataset", "semeval2018-en"], "2018-E-c-En-test-gold.txt"),
    ],
)
def test_what_is_not_there_is_refused(
    cli: Cli,
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = cli("evaluate", run, *arguments)
    found.assert_failed(2)
    assert message in found.err


def test_a_split_without_truth_is_refused(cli: Cli, run: Path, tmp_path: Path) -> None:
    header = "\t".join(["ID", "Tweet", *NAMES])
    (tmp_path / "2018-E-c-En-test.txt").write_text(
        header + "\n1\tso happy" + "\tNONE" * len(NAMES) + "\n"
    )
    found = cli("evaluate", run, "--dataset", "semeval2018-en", "--data-dir", tmp_path)
    found.assert_failed(2)
    assert "no truth" in found.err


def test_intervals_are_shown_and_written(cli: Cli, run: Path) -> None:
    found = cli("evaluate", run, "--dataset", "sample", "--intervals")
    assert found.code == 0
    intervals = overtone.evaluate(run, "sample", intervals=True).intervals
    assert intervals is not None
    for interval in intervals.values():
        assert f"{interval.low:.4f}" in found.out
        assert f"to {interval.high:.4f}" in found.out
    assert "95 % bootstrap intervals" in found.out
    written = cli("evaluate", run, "--dataset", "sample", "--intervals", "--json", "-")
    assert json.loads(written.out)["intervals"]["jaccard"] == intervals["jaccard"].to_json()


def test_calibration_is_shown_and_written(cli: Cli, run: Path) -> None:
    found = cli("evaluate", run, "--dataset", "sample", "--calibration")
    assert found.code == 0, found.err
    expected = overtone.evaluate(run, "sample", calibration=True).calibration
    assert expected is not None
    for one in (*expected.per_label.values(), expected.pooled):
        assert f"{one.ece:.4f} │ {one.brier:.4f} │   {one.log_loss:.4f} │" in found.out
    assert "15 bins of width 1/15" in found.out
    written = cli("evaluate", run, "--dataset", "sample", "--calibration", "--json", "-")
    assert json.loads(written.out)["calibration"]["pooled"]["brier"] == expected.pooled.brier


def test_a_plot_is_written_and_brings_the_table(cli: Cli, run: Path, tmp_path: Path) -> None:
    found = cli("evaluate", run, "--dataset", "sample", "--plot", "new/curves.svg")
    assert found.code == 0, found.err
    assert "log loss" in found.out
    drawn = (tmp_path / "new" / "curves.svg").read_text(encoding="utf-8")
    assert f"{run.name} on sample, test" in drawn
    assert all(name in drawn for name in NAMES)


def test_a_plot_of_another_kind_is_refused_before_anything_is_loaded(
    cli: Cli, tmp_path: Path
) -> None:
    found = cli("evaluate", "no-model", "--dataset", "sample", "--plot", "curves.pdf")
    found.assert_failed(2)
    assert "ends in .png or .svg" in found.err
    assert list(tmp_path.iterdir()) == []


def write_own(folder: Path, *, tags: bool = False) -> Path:
    """Write a file of one's own with the labels of the sample, as columns or as names."""
    path = folder / ("tags.tsv" if tags else "mine.csv")
    if tags:
        lines = ["note\twhat\tlist", "x\tso happy\tjoy/ Love", "y\ta bus\t"]
    else:
        lines = [f"note,what,{','.join(NAMES)}"]
        lines += [f"see {n},so {n},{','.join('01'[c == n] for c in range(11))}" for n in range(11)]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_a_file_of_one_s_own_is_scored(cli: Cli, run: Path, tmp_path: Path) -> None:
    path = write_own(tmp_path)
    found = cli(
        "evaluate", run, "--dataset", path.name, "--text-column", "what", "--json", "-",
        "--labels", ",".join(NAMES),
    )  # fmt: skip
    assert found.code == 0, found.err
    scores = json.loads(found.out)
    assert (scores["dataset"], scores["split"], scores["n"]) == ("mine.csv", "all", 11)
    assert all(label["support"] == 1 for label in scores["per_label"].values())
    half = cli(
        "evaluate", run, "--dataset", path.name, "--text-column", "what", "--json", "-",
        "--split", "dev", "--set", "data.dev_share=0.5",
    )  # fmt: skip
    assert json.loads(half.out)["n"] in {5, 6}


def test_labels_may_be_names_in_a_column(cli: Cli, run: Path, tmp_path: Path) -> None:
    path = write_own(tmp_path, tags=True)
    found = cli(
        "evaluate", run, "--dataset", path, "--text-column", "what", "--label-column", "list",
        "--separator", "/", "--json", "-",
    )  # fmt: skip
    assert found.code == 0, found.err
    on = {name for name, label in json.loads(found.out)["per_label"].items() if label["support"]}
    assert on == {"joy", "love"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "gone.csv"], "gone.csv: can't be read"),
        (["--dataset", "mine.csv"], "--text-column"),
        (["--dataset", "mine.csv", "--text-column", "waht"], "did you mean 'what'?"),
        (
            ["--dataset", "mine.csv", "--text-column", "what", "--labels", "jy"],
            "in --labels, found 'jy'; did you mean 'joy'?",
        ),
        (
            ["--dataset", "mine.csv", "--text-column", "what", "--split", "validation"],
            "all, train, dev, test",
        ),
        (["--dataset", "mine.csv", "--text-column", "what", "--split", "test"], "data.test=FILE"),
        (["--dataset", "sample", "--text-column", "Tweet"], "for --text-column, found the dataset"),
        (["--dataset", "sample", "--set", "training.epochs=3"], "data.KEY=VALUE"),
        (["--dataset", "sample", "--set", "nonsense"], "section.key=value"),
        (["--dataset", "sample", "--set", "data.sample=0.4"], "data.sample is not an option"),
        (["--dataset", "jigsaw", "--set", "data.sample=2"], "data.sample must be between"),
    ],
)
def test_an_own_file_or_an_option_that_cannot_be_used_is_refused(
    cli: Cli, run: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    write_own(tmp_path)
    found = cli("evaluate", run, *arguments)
    found.assert_failed_with_notes()
    assert message in found.err


def test_a_label_cannot_steer_the_terminal(cli: Cli, tmp_path: Path) -> None:
    header = "text,jo\x1b[31my,[red]an\x07ger"
    rows = [f"so {('glad', 'cross')[n % 2]} {n},{int(n % 2 == 0)},{n % 2}" for n in range(20)]
    (tmp_path / "mine.csv").write_text("\n".join([header, *rows]) + "\n")
    overtone.train("mine.csv", tmp_path / "run", model="tfidf")
    for arguments in (["evaluate", "run", "--dataset", "mine.csv"], ["predict", "run", "so glad"]):
        found = cli(*arguments)
        assert found.code == 0, found.err
        assert not {"\x1b", "\x07"} & {*found.out, *found.err}
        assert "jo [31my" in found.out
        assert "[red]an ger" in found.out
    (tmp_path / "other.csv").write_text("text,\x1bz\na b,1\nc d,0\n")
    found = cli("evaluate", "run", "--dataset", "other.csv")
    found.assert_failed_with_notes()
    assert "\x1b" not in found.err
