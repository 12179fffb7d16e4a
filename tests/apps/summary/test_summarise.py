"""Summing up scored texts: counts, groups, periods, corrections, what is written and refused."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from pathlib import Path

import pytest
from tests.apps.summary.conftest import NAMES

import overtone
from overtone.apps.summary.summarise import Summary, summarise
from overtone.bundle import load, locate
from overtone.errors import DataError, InputError
from overtone.evaluation.cost import resident
from overtone.insight.prevalence import of_metrics


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "shares.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def said(labelled: Path, model: Path) -> list[set[str]]:
    with labelled.open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    return [set(one.labels) for one in overtone.load(model).predict(texts)]


def test_counts_are_those_of_the_predictions(scored: Path, labelled: Path, model: Path) -> None:
    found = summarise(scored, by=["author"], time="when", every="month", model=model)
    expected = said(labelled, model)
    assert found.texts == len(expected)
    whole = found.shares(found.counts.whole())
    for name in NAMES:
        assert whole[name].said == sum(name in labels for labels in expected)
    groups = found.counts.by_group()
    assert {group[0] for group in groups} == {"@ann", "=bob", "<script>alert(1)</script>", ""}
    ann = groups["@ann",]
    assert ann.texts == len(expected[::4])
    assert ann.said[NAMES.index("joy")] == sum("joy" in labels for labels in expected[::4])
    assert list(found.counts.by_period()) == [date(2026, month, 1) for month in (1, 2, 3)]
    assert found.counts.timeless == 1
    assert sum(count.texts for count in found.counts.by_period().values()) == found.texts - 1
    both = found.counts.by_both()["@ann",]
    assert sum(count.texts for count in both.values()) == ann.texts - 1


def test_several_columns_make_groups_of_their_combinations(scored: Path) -> None:
    found = summarise(scored, by=["author", "place"])
    assert all(len(group) == 2 for group in found.counts.by_group())
    assert len(found.counts.by_group()) == 4  # authors alternate with places
    assert not found.errors


def test_the_bundle_s_errors_correct(scored: Path, model: Path) -> None:
    found = summarise(scored, model=model)
    assert found.errors == of_metrics(load(locate(model)).manifest.metrics["dev"])
    whole = found.shares(found.counts.whole())
    assert any(one.corrected for one in whole.values())
    assert any(one.value != one.said_share for one in whole.values())
    assert set(found.uncorrected) == {name for name in NAMES if not whole[name].corrected}


def test_labelled_texts_correct_themselves_exactly(scored: Path, labelled: Path) -> None:
    found = summarise(scored, errors_from=scored)
    with labelled.open(encoding="utf-8", newline="") as file:
        truth = list(csv.DictReader(file))
    for name, one in found.shares(found.counts.whole()).items():
        if one.corrected:  # half a text is added to each rate
            share = sum(int(row[name]) for row in truth) / len(truth)
            assert one.value == pytest.approx(share, abs=0.02)
            assert one.low <= share <= one.high


def test_a_table_and_a_page_are_written(scored: Path, model: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    summarise(scored, output, by="author", time="when", every="week", model=model)
    assert {path.name for path in output.iterdir()} == {"shares.csv", "summary.html"}
    found = rows(output)
    assert {row["of"] for row in found} == {"all", "group", "period", "group and period"}
    assert len([row for row in found if row["of"] == "all"]) == len(NAMES)
    # What a spreadsheet would run is guarded.
    assert {"'@ann", "'=bob"} <= {row["by_author"] for row in found}
    for row in found:
        assert float(row["low"]) <= float(row["share"]) <= float(row["high"])
        assert date.fromisoformat(row["week"]).weekday() == 0 if row["week"] else True
    page = (output / "summary.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert page.count("<figure>") == 1 + 2 * len(NAMES)


def test_without_errors_it_says_so(
    scored: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = summarise(scored, tmp_path / "out")
    assert "shares are not corrected" in caplog.text
    assert all(not one.corrected for one in found.shares(found.counts.whole()).values())
    assert "Not corrected" in (tmp_path / "out" / "summary.html").read_text(encoding="utf-8")
    assert {row["corrected"] for row in rows(tmp_path / "out")} == {"no"}


def test_one_file_of_a_scoring_will_do(scored: Path, model: Path) -> None:
    part = min(scored.glob("part-*"))
    assert summarise(part, model=model).texts == 50


def test_another_model_s_errors_are_refused(
    scored: Path, model: Path, labelled: Path, tmp_path: Path
) -> None:
    overtone.score(model, labelled, tmp_path / "strict", threshold=0.9)
    with pytest.raises(InputError, match=r"scored with --threshold, --labels or --labels-of"):
        summarise(tmp_path / "strict", model=model)
    with pytest.raises(InputError, match=r"scored in different ways \(another threshold\)"):
        summarise(tmp_path / "strict", errors_from=scored)
    manifest = tmp_path / "strict" / "manifest.json"
    content = json.loads(manifest.read_text(encoding="utf-8"))
    content["asked"]["model"] = "0" * 64
    manifest.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match="scored by another model"):
        summarise(tmp_path / "strict", model=model)


def test_what_is_no_scoring_is_refused(labelled: Path, tmp_path: Path, scored: Path) -> None:
    for path, message in (
        (labelled, "with the columns labels and p_"),
        (tmp_path / "nowhere", "found none at"),
        (tmp_path, "with a manifest.json"),
    ):
        with pytest.raises(InputError, match=message):
            summarise(path)
    with pytest.raises(InputError, match="expected every of day, week, month, found 'hour'"):
        summarise(scored, time="when", every="hour")  # type: ignore[arg-type]


def test_a_column_that_is_not_there_is_named(model: Path, labelled: Path, tmp_path: Path) -> None:
    overtone.score(model, labelled, tmp_path / "bare")
    with pytest.raises(DataError, match=r"expected the column 'author'.*--keep author"):
        summarise(tmp_path / "bare", by=["author"])
    with pytest.raises(DataError, match=r"expected the column 'anger'"):
        summarise(tmp_path / "bare", errors_from=tmp_path / "bare")


def test_a_column_without_a_time_is_refused_with_the_form_of_what_is_there(
    scored: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"found none in \d+ rows, the first of the form '@aaa'"):
        summarise(scored, time="author", every="month")
    path = tmp_path / "scored.csv"
    path.write_text("labels,p_so,when\nso,1,\n,0,25.11.2026\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"none in 2 rows, the first of the form '99\.99\.9999'"):
        summarise(path, time="when")
    path.write_text("labels,p_so,when\nso,1, \n,0,\n", encoding="utf-8")
    with pytest.raises(InputError, match="found only empty cells"):
        summarise(path, time="when")


def test_empty_parts_are_left_out_and_nothing_else_is_empty(tmp_path: Path) -> None:
    (tmp_path / "said.jsonl").touch()
    with pytest.raises(InputError, match=r"said.jsonl is empty \(0 bytes\)"):
        summarise(tmp_path / "said.jsonl")
    asked = {"model": "0" * 64, "threshold": None, "labels_of": None}
    (tmp_path / "manifest.json").write_text(json.dumps({"asked": asked, "finished": 1}))
    (tmp_path / "part-000000.jsonl").touch()
    row = {"labels": ["joy"], "probabilities": {"joy": 0.9}}
    (tmp_path / "part-000001.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    assert summarise(tmp_path).texts == 1


def test_labels_with_spaces_and_formulas_in_their_names(tmp_path: Path) -> None:
    path = tmp_path / "scored.csv"
    lines = ["labels,p_so,p_so sad,p_=x", "so so sad,1,1,0", "'=x so,0,1,1", ",0,0,0"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = summarise(path)
    assert found.labels == ("so", "so sad", "=x")
    assert found.counts.whole().said.tolist() == [2, 1, 1]
    path.write_text("\n".join([*lines, "glad,0,0,0"]) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 5: expected labels among"):
        summarise(path)


def test_memory_grows_with_groups_and_not_with_texts(tmp_path: Path) -> None:
    def write(count: int) -> Path:
        path = tmp_path / f"{count}.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("labels,p_joy,who,when\n")
            for row in range(count):
                file.write(f"{'joy' * (row % 2)},0.5,{row % 7},{1_600_000_000 + 61 * row}\n")
        return path

    def read(path: Path) -> Summary:
        return summarise(path, by=["who"], time="when", every="month")

    few, many = write(20_000), write(150_000)
    read(few)
    before = resident("VmRSS")
    found = read(many)
    assert found.texts == 150_000
    assert len(found.counts.by_group()) == 7
    # All rows, even as bare numbers, would be more.
    assert resident("VmRSS") - before < 30e6
