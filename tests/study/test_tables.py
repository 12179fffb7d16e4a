"""The tables' figures, beside the same ones computed in another way."""

from __future__ import annotations

import csv
import re
import statistics
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score, jaccard_score
from tests.study.conftest import Chosen, Study, make

from overtone.config import Table as Toml
from overtone.evaluation import compare
from overtone.evaluation.bootstrap import Interval
from overtone.study import render, results, tables
from overtone.study.results import Results, Spread
from overtone.study.significance import compared, intervals
from overtone.study.table import Column, Kind, Table, Value, shown


@pytest.fixture(scope="session")
def found(study: Study) -> Results:
    """The small study's results."""
    return results.load(study.plan, study.cells, study.folder)


@pytest.fixture(scope="session")
def written(found: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its tables."""
    folder = tmp_path_factory.mktemp("tables")
    render.write(tables.draw(found).tables, folder, "Study small")
    return folder


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    """Return a CSV file's rows."""
    with (folder / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_what_all_are_compared_on_is_the_largest_part_of_train(
    table: Toml, choose: Chosen, tmp_path: Path
) -> None:
    parts = {**table["study"], "fractions": [0.2, 0.5]}
    study = make({**table, "study": parts, "sensitivity": {}}, tmp_path)
    truth = np.eye(2, dtype=np.float32)
    for cell in study.cells:
        choose(cell, study.folder, truth, truth > (0.5 if cell.fraction == 0.5 else 2))
    found = results.load(study.plan, study.cells, study.folder)
    render.write(tables.draw(found).tables, tmp_path, "parts")
    assert {row["jaccard"] for row in rows(tmp_path, "table-2") if row["seeds"]} == {"1"}
    notes = (tmp_path / "tables.md").read_text(encoding="utf-8")
    assert notes.count("Trained on 50 % of the train split.") == 2


def test_table_2_has_the_mean_and_sd_of_scikit_learn_s_scores(
    found: Results, written: Path
) -> None:
    table = {row["model"]: row for row in rows(written, "table-2")}
    for model in ("tfidf", "tiny"):
        group = found.group("sample", model)
        assert group is not None
        assert group.seeds == (0, 1)
        truth = [result.predictions.truth > 0.5 for result in group.results]
        said = [result.predictions.decided for result in group.results]
        for name, score, average, empty in (
            ("f1_micro", f1_score, "micro", 0),
            ("f1_macro", f1_score, "macro", 0),
            ("jaccard_zero", jaccard_score, "samples", 0),
            ("jaccard", jaccard_score, "samples", 1),
        ):
            values = [
                float(score(t, p, average=average, zero_division=empty))
                for t, p in zip(truth, said, strict=True)
            ]
            assert float(table[model][name]) == pytest.approx(statistics.mean(values), abs=1e-5)
            assert float(table[model][f"{name}_sd"]) == pytest.approx(
                statistics.stdev(values), abs=1e-5
            )
        assert table[model]["seeds"] == "2"
        assert table[model]["test_is"] == "20 % of train"
    assert table["tfidf"]["paper_jaccard_zero"] == "0.5009"
    assert table["tiny"]["paper_f1_micro"] == "0.7071"
    assert table["DistilBERT (the paper's only)"]["f1_micro"] == ""
    assert table["DistilBERT (the paper's only)"]["paper_f1_micro"] == "0.6932"


def test_table_1_has_dev_and_the_cost_that_the_bundles_hold(found: Results, written: Path) -> None:
    row = next(row for row in rows(written, "table-1") if row["model"] == "tiny")
    group = found.group("sample", "tiny")
    assert group is not None
    costs = [result.cost for result in group.results]
    assert float(row["epochs"]) == 2
    assert float(row["seconds_per_epoch"]) == pytest.approx(
        statistics.mean(cost["seconds_per_epoch"] for cost in costs), rel=1e-4
    )
    assert float(row["peak_memory_mb"]) == max(cost["peak_memory_mb"] for cost in costs)
    assert float(row["f1_micro"]) == pytest.approx(
        statistics.mean(result.dev["f1_micro"] for result in group.results), rel=1e-4
    )
    assert row["paper_seconds"] == "2640"
    assert float(row["parameters_m"]) * 1e6 == pytest.approx(group.results[0].saved["parameters"])


def test_significance_is_that_of_the_saved_decisions_with_seeds_in_pairs(found: Results) -> None:
    (one,) = compared(found, resamples=200)
    best = max(found.groups("sample"), key=lambda group: group.of("dev", "jaccard").mean)
    assert one.other == best.model
    other = found.group("sample", one.model)
    assert other is not None
    expected = compare.compare(
        best.results[0].predictions.truth, other.decided(), best.decided(),
        seeds_paired=True, resamples=200,
    )  # fmt: skip
    assert one.scores == expected.scores
    assert one.p_holm == expected.scores["jaccard"].p_value  # one comparison only
    assert one.seeds == (0, 1)


def test_intervals_hold_the_mean_over_seeds(found: Results) -> None:
    group = found.group("sample", "tfidf")
    assert group is not None
    interval = intervals(group)["jaccard"]
    assert interval.value == pytest.approx(group.of("test", "jaccard").mean)
    assert interval.low < interval.value < interval.high


def test_the_other_tables_have_their_rows(found: Results, written: Path) -> None:
    assert {(row["model"], row["fraction"]) for row in rows(written, "fractions")} == {
        ("tfidf", "0.5"), ("tfidf", "1"), ("tiny", "0.5"), ("tiny", "1"),
    }  # fmt: skip
    sensitivity = rows(written, "sensitivity")
    assert [(row["value"], row["own"]) for row in sensitivity] == [("1", ""), ("2", "yes")]
    group = found.group("sample", "tiny")
    assert group is not None
    own = group.results[0].test["jaccard"]  # the seed of the sensitivity's cells alone
    assert float(sensitivity[1]["test_jaccard"]) == pytest.approx(own, rel=1e-4)
    labels = rows(written, "labels-sample")
    assert len(labels) == 11
    first = group.results[0].test["per_label"]
    assert [int(row["texts"]) for row in labels] == [label["support"] for label in first.values()]
    assert not (written / "tables" / "not-done.csv").exists()


def test_markdown_and_latex_hold_the_same_figures(found: Results, written: Path) -> None:
    markdown = (written / "tables.md").read_text(encoding="utf-8")
    latex = (written / "tables.tex").read_text(encoding="utf-8")
    group = found.group("sample", "tfidf")
    assert group is not None
    score = shown(group.of("test", "f1_micro"), "score")
    assert re.fullmatch(r"0\.\d{4} ± 0\.\d{4}", score)
    assert score in markdown
    assert score.replace("±", r"$\pm$") in latex
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}")
    for line in markdown.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")


def test_what_titles_hold_is_no_markup_and_no_formula(tmp_path: Path) -> None:
    nasty = "=SUM(A1) | <b> 50% & $x_1$ \\end"
    table = Table("t", nasty, (Column("a", nasty), Column("b", "b", "score")), ((nasty, 0.5),))
    render.write([table], tmp_path, nasty)
    assert rows(tmp_path, "t")[0]["a"] == f"'{nasty}"
    markdown = (tmp_path / "tables.md").read_text(encoding="utf-8")
    assert r"=SUM(A1) \| \<b\> 50% & $x_1$ \\end" in markdown
    latex = (tmp_path / "tables.tex").read_text(encoding="utf-8")
    assert r"50\% \& \$x\_1\$ \textbackslash{}end" in latex


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (None, "score", "\N{EN DASH}"),
        (Spread((0.5, 0.6)), "score", "0.5500 ± 0.0707"),
        (Spread((0.5,)), "score", "0.5000"),
        (Spread((57.65, 74.21)), "seconds", "66 ± 12"),
        (Spread((0.0701, 0.0765)), "seconds", "0.0733 ± 0.0045"),
        (Spread((13, 18, 15)), "count", "15.3 ± 2.5"),
        (Spread((4, 4)), "count", "4 ± 0"),
        (Interval(0.5, 0.4, 0.6), "points", "+50.00 [+40.00, +60.00]"),
        (15219, "clock", "4:13:39"),
        (0.0004, "p", "<0.001"),
        (0.05, "share", "5.0 %"),
        (1691.0, "seconds", "1,691"),
        (0.925, "seconds", "0.925"),
        (12345.0, "count", "12,345"),
        (10426.1, "count", "10,426"),
        (15.5, "count", "15.5"),
    ],
)
def test_figures_are_shown_as_people_read_them(value: Value, kind: Kind, expected: str) -> None:
    assert shown(value, kind) == expected


def test_a_study_that_is_half_done_has_its_tables(
    table: Toml, tmp_path: Path, choose: Chosen
) -> None:
    study = make(table, tmp_path)
    rng = np.random.default_rng(0)
    truth = (rng.random((40, 3)) < 0.4).astype(np.float32)
    cell = study.cells[0]
    choose(cell, tmp_path, truth, truth > 0.5)
    found = results.load(study.plan, study.cells, tmp_path)
    render.write(tables.draw(found).tables, tmp_path, "Half")
    table_1 = rows(tmp_path, "table-1")
    assert table_1[0]["seeds"] == "1 of 2"
    assert table_1[1]["f1_micro"] == ""
    assert len(rows(tmp_path, "not-done")) == len(study.cells) - 1
