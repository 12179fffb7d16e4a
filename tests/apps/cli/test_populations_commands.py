"""`overtone cooccur`, `identity`, `summarise` and `evaluate --slice`: tables, files, refusals."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import overtone
from overtone import data
from overtone.data.semeval2018 import NAMES

Cli = Callable[..., Any]


@pytest.fixture(scope="session")
def own_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's test texts as a file of one's own, with ids in reverse and a column."""
    split = data.load("sample", "test")
    assert split.targets is not None
    path = tmp_path_factory.mktemp("own") / "texts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["key", "text", "source", *NAMES])
        for n, (text, targets) in enumerate(zip(split.texts, split.targets, strict=True)):
            source = "<b>web" if n % 3 else "phone"
            writer.writerow([f"k{500 - n}", text, source, *map(int, targets)])
    return path


def test_cooccur_shows_pairs_and_writes_files(cli: Cli, run: Path, tmp_path: Path) -> None:
    found = cli(
        "cooccur", run, "--dataset", "sample", "--split", "train", "--csv", "pairs.csv", "--html",
        "page.html", "--mixed", "3",
    )  # fmt: skip
    assert found.code == 0, found.err
    assert "surprising pairs" in found.out
    with (tmp_path / "pairs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 11 * 10  # in the truth and as said, each way round
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 2
    assert "prefers-color-scheme: dark" in page


def test_cooccur_gives_json(cli: Cli, run: Path) -> None:
    found = cli("cooccur", run, "--dataset", "sample", "--split", "train", "--json", "-")
    content = json.loads(found.out)
    assert len(content["truth"]["pairs"]) == len(content["said"]["pairs"]) == 55
    assert content["n"] == len(data.load("sample", "train"))
    expected = overtone.cooccur(run, "sample", split="train").cooccurrence
    assert content["truth"]["pairs"][0]["lift"] == expected.first.pairs[0].lift


def test_cooccur_shows_what_is_said_in_scored_texts(
    cli: Cli, run: Path, own_file: Path, tmp_path: Path
) -> None:
    overtone.score(run, own_file, tmp_path / "scored", keep=["text", "key"])
    found = cli("cooccur", "scored", "--csv", "pairs.csv", "--html", "page.html")
    assert found.code == 0, found.err
    assert "scored: 92 texts, surprising pairs" in found.out
    assert "as said" not in found.out
    with (tmp_path / "pairs.csv").open(encoding="utf-8", newline="") as file:
        assert {row["in"] for row in csv.DictReader(file)} == {"said"}
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "the truth of these texts is not known" in page
    assert "In the truth" not in page
    asked = ("cooccur", "scored", "--id-column", "key", "--json", "-")
    bare = json.loads(cli(*asked).out)
    expected = overtone.cooccur_scored(tmp_path / "scored", id_column="key").cooccurrence.to_json()
    assert bare | json.loads(json.dumps(expected)) == bare
    assert "truth" not in bare
    assert all("text" not in one for one in bare["mixed_said"])
    shown = json.loads(cli(*asked, "--show-texts").out)["mixed_said"]
    assert all(one["text"] for one in shown)
    assert [one["id"] for one in shown] == [one["id"] for one in bare["mixed_said"]]


def test_cooccur_says_what_it_takes(cli: Cli, run: Path, tmp_path: Path) -> None:
    found = cli("cooccur", run)
    found.assert_failed(2)
    assert "is a model: name the dataset with --dataset" in found.err
    (tmp_path / "said.csv").write_text("labels,p_joy\njoy,1\n", encoding="utf-8")
    found = cli("cooccur", "said.csv", "--split", "dev", "--set", "data.x=1")
    found.assert_failed(2)
    assert "expected --dataset with --split, --set, found none" in found.err
    found = cli("cooccur", "said.csv", "--show-texts")
    found.assert_failed(2)
    assert "expected the column 'text'" in found.err


def test_evaluate_scores_slices_of_a_column(cli: Cli, run: Path, own_file: Path) -> None:
    for more in ([], ["--id-column", "key"]):
        found = cli(
            "evaluate", run, "--dataset", own_file, "--text-column", "text", "--labels",
            ",".join(NAMES), "--slice", "source", "--json", "-", *more,
        )  # fmt: skip
        assert found.code == 0, found.err
        slices = {one["value"]: one for one in json.loads(found.out)["slices"]}
        assert {name: one["n"] for name, one in slices.items()} == {"<b>web": 61, "phone": 31}
        truth = overtone.evaluate(run, str(own_file), slice_by=["source"]).slices
        assert slices["phone"]["scores"]["jaccard"]["value"] == pytest.approx(
            next(one for one in truth if one.value == "phone").scores["jaccard"].value
        )
        assert slices["phone"]["small"]


def test_evaluate_scores_built_in_slices(cli: Cli, run: Path, tmp_path: Path) -> None:
    found = cli("evaluate", run, "--dataset", "sample", "--slices", "--html", "page.html")
    assert found.code == 0, found.err
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<figure>") == 5
    assert "without negation" in page
    for by in ("length", "emoji", "negation", "hashtags", "all-caps", "to the rest"):
        assert by in found.out


def test_slices_that_can_t_be_are_refused(cli: Cli, run: Path, own_file: Path) -> None:
    found = cli("evaluate", run, "--dataset", "sample", "--slice", "source")
    found.assert_failed(2)
    assert "--slices" in found.err
    found = cli("evaluate", run, "--dataset", own_file, "--slice", "colour")
    found.assert_failed_with_notes()
    assert "expected the column 'colour'" in found.err


def test_identity_compares_terms(cli: Cli, run: Path, tmp_path: Path) -> None:
    (tmp_path / "terms.txt").write_text("tall\nyoung\n\ntall\n", encoding="utf-8")
    found = cli("identity", run, "--label", "anger", "--terms", "terms.txt", "--json", "-")
    assert found.code == 0, found.err
    content = json.loads(found.out)
    assert sorted(one["term"] for one in content["terms"]) == ["tall", "young"]
    always = cli("identity", run, "--label", "anger", "--threshold", "0", "--html", "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "100.0 %" in page
    assert "transgender" in page
    assert "all terms: 100.0 % false alarms" in always.out


def test_identity_needs_a_label_of_the_model_and_two_terms(
    cli: Cli, run: Path, tmp_path: Path
) -> None:
    found = cli("identity", run, "--label", "toxic")
    found.assert_failed(2)
    assert "no label 'toxic'; there are: anger" in found.err
    (tmp_path / "terms.txt").write_text("tall\n", encoding="utf-8")
    cli("identity", run, "--label", "anger", "--terms", "terms.txt").assert_failed(2)


def test_summarise_shows_and_writes(cli: Cli, run: Path, own_file: Path, tmp_path: Path) -> None:
    overtone.score(run, own_file, tmp_path / "scored", keep=["source"])
    found = cli("summarise", "scored", "--by", "source", "--model", run, "--output", "out")
    assert found.code == 0, found.err
    assert "92 texts" in found.out
    assert "2 groups" in found.out
    assert (tmp_path / "out" / "summary.html").is_file()
    asked = ("summarise", "scored", "--model", run, "--output", "out", "--json", "-")
    assert json.loads(cli(*asked).out)["texts"] == 92
    cli("summarise", "scored", "--by", "who", "--output", "out").assert_failed_with_notes()


def test_summarise_claims_no_correction_where_errors_are_too_uncertain(
    cli: Cli, tmp_path: Path
) -> None:
    rows = [f"sun t{n},{int(n % 4 == 0)},{int(n % 3 == 0)}" for n in range(40)]
    (tmp_path / "own.csv").write_text("\n".join(["text,joy,fear", *rows]), encoding="utf-8")
    path = overtone.train(str(tmp_path / "own.csv"), tmp_path / "run", model="tfidf").path
    overtone.score(path, tmp_path / "own.csv", tmp_path / "scored")
    found = cli("summarise", "scored", "--model", path, "--output", "out")
    assert found.code == 0, found.err
    assert found.out.count("not corrected") == 2
    assert "corrected for" not in found.out
