"""`overtone predict --input`: tables in, tables out, and what is refused before the work."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from tests.apps.cli.test_predict_command import TEXTS, Cli

import overtone
from overtone.data import tables
from overtone.data.semeval2018 import NAMES


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl"])
@pytest.mark.parametrize("output", ["csv", "tsv", "jsonl"])
def test_a_table_gets_the_answers_as_columns(
    cli: Cli, run: Path, tmp_path: Path, kind: str, output: str
) -> None:
    write_table(tmp_path / f"in.{kind}", [{"id": str(n), "say": t} for n, t in enumerate(TEXTS)])
    found = cli(
        "predict", run, "--input", f"in.{kind}", "--text-column", "say", "--output", f"out.{output}"
    )
    assert (found.code, found.out) == (0, "")
    assert found.err == f"wrote out.{output}\n"
    rows = read_table(tmp_path / f"out.{output}")
    assert [row["say"] for row in rows] == TEXTS
    assert [row["id"] for row in rows] == ["0", "1", "2"]
    for row, prediction in zip(rows, overtone.load(run).predict(TEXTS), strict=True):
        assert list(row) == ["id", "say", "labels", *(f"p_{name}" for name in NAMES)]
        assert row["labels"].split() == list(prediction.labels)
        assert float(row["p_joy"]) == pytest.approx(prediction.probabilities["joy"], abs=1e-5)


def test_a_tables_texts_can_go_to_json_lines(cli: Cli, run: Path, tmp_path: Path) -> None:
    write_table(tmp_path / "in.csv", [{"text": text} for text in TEXTS])
    found = cli("predict", run, "--input", "in.csv", "--json", "-")
    assert [json.loads(line)["text"] for line in found.out.splitlines()] == TEXTS


def test_a_table_without_rows_is_refused(cli: Cli, run: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\n")
    found = cli("predict", run, "--input", "in.csv", "--output", "out.csv")
    found.assert_failed(2)
    assert "rows below the header" in found.err
    assert not (tmp_path / "out.csv").exists()


def test_the_input_is_not_replaced(cli: Cli, run: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\na\n")
    cli("predict", run, "--input", "in.csv", "--output", "in.csv").assert_failed(2)
    assert (tmp_path / "in.csv").read_text() == "text\na\n"


def test_json_lines_keep_the_other_columns(cli: Cli, run: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("ID\ttext\n7\tso happy\n")
    found = cli("predict", run, "--input", "in.txt", "--json", "-")
    assert found.code == 0
    answer = json.loads(found.out)
    assert (answer["ID"], answer["text"]) == ("7", "so happy")


def test_a_text_column_that_is_there_without_doubt_is_found_and_said(
    cli: Cli, run: Path, tmp_path: Path
) -> None:
    write_table(tmp_path / "in.csv", [{"id": "1", "Tweet": "a"}])
    found = cli("predict", run, "--input", "in.csv", "--json", "-")
    assert (found.code, found.err) == (0, "note: in.csv: the texts are in column 'Tweet'\n")
    assert json.loads(found.out)["Tweet"] == "a"


def test_the_column_called_text_is_taken_before_others(cli: Cli, run: Path, tmp_path: Path) -> None:
    write_table(tmp_path / "in.csv", [{"comment": "what a day", "text": "a"}])
    found = cli("predict", run, "--input", "in.csv", "--json", "-")
    assert (found.code, found.err) == (0, "")


@pytest.mark.parametrize("columns", [("id", "note"), ("tweet", "comment")])
def test_a_missing_column_is_refused_with_those_that_exist(
    cli: Cli, run: Path, tmp_path: Path, columns: tuple[str, str]
) -> None:
    write_table(tmp_path / "in.csv", [dict.fromkeys(columns, "a")])
    found = cli("predict", run, "--input", "in.csv", "--output", "out.csv")
    found.assert_failed(2)
    assert "'text'" in found.err
    assert ", ".join(map(repr, columns)) in found.err
    assert not (tmp_path / "out.csv").exists()


def test_a_column_that_is_named_is_not_guessed(cli: Cli, run: Path, tmp_path: Path) -> None:
    write_table(tmp_path / "in.csv", [{"id": "1", "tweet": "a"}])
    found = cli("predict", run, "--input", "in.csv", "--text-column", "twet", "--json", "-")
    found.assert_failed(2)
    assert "'twet'" in found.err


def test_a_failure_half_way_leaves_the_old_output(cli: Cli, run: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,text\n1,fine\n2,one,cell,too,many\n")
    (tmp_path / "out.csv").write_text("old")
    found = cli("predict", run, "--input", "in.csv", "--output", "out.csv")
    found.assert_failed(2)
    assert "line 3" in found.err
    assert (tmp_path / "out.csv").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a text", "--input", "in.csv"], "not both"),
        (["a text", "--output", "out.csv"], "--input"),
        (["--input", "in.csv"], "--output"),
        (["--input", "gone.csv", "--json", "-"], "gone.csv"),
        (["--input", "in.csv", "--output", "out.xlsx"], ".xlsx"),
        (["--input", "in.xlsx", "--json", "-"], ".xlsx"),
        (["--input", "in.csv", "--output", "out.csv", "--json", "-"], "--json"),
    ],
)
def test_what_does_not_go_together_is_refused(
    cli: Cli, run: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    for name in ("in.csv", "in.xlsx"):
        (tmp_path / name).write_text("text\na\n")
    found = cli("predict", run, *arguments)
    found.assert_failed(2)
    assert message in found.err
    assert not list(tmp_path.glob("out.*"))


def test_rows_of_json_lines_may_differ_in_their_keys(cli: Cli, run: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "a", "x": "1"}\n{"text": "b", "y": "2"}\n')
    found = cli("predict", run, "--input", "in.jsonl", "--output", "out.csv")
    assert found.code in {0, 2}  # both written, or refused with the line
    assert "this should not happen" not in found.err


@pytest.mark.parametrize("target", [["--json", "-"], ["--output", "out.jsonl"]])
def test_half_a_surrogate_in_json_lines_is_no_crash(
    cli: Cli, run: Path, tmp_path: Path, target: list[str]
) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "half \\ud83d"}\n')
    found = cli("predict", run, "--input", "in.jsonl", *target)
    assert found.code in {0, 2}
    assert "this should not happen" not in found.err


@pytest.mark.parametrize(
    ("column", "target"),
    [
        ("labels", ("--output", "out.csv")),
        ("p_joy", ("--output", "out.csv")),
        ("labels", ("--json", "-")),
        ("labels", ("--json", "out.jsonl")),
        ("probabilities", ("--json", "-")),
    ],
)
def test_a_column_that_answers_would_replace_is_refused(
    cli: Cli, run: Path, tmp_path: Path, column: str, target: tuple[str, str]
) -> None:
    write_table(tmp_path / "in.csv", [{"text": "a", column: "by hand"}])
    found = cli("predict", run, "--input", "in.csv", *target)
    found.assert_failed(2)
    assert repr(column) in found.err
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.parametrize("column", ["probabilities", "p_joyful", "Labels"])
def test_other_columns_are_kept(cli: Cli, run: Path, tmp_path: Path, column: str) -> None:
    write_table(tmp_path / "in.csv", [{"text": "a", column: "by hand"}])
    assert cli("predict", run, "--input", "in.csv", "--output", "out.csv").code == 0
    assert read_table(tmp_path / "out.csv")[0][column] == "by hand"


@pytest.mark.parametrize("option", ["--output", "--json"])
def test_a_place_that_takes_no_file_is_refused_before_the_work(
    cli: Cli, run: Path, tmp_path: Path, option: str
) -> None:
    """The second row would fail, so an error about the place shows that no row was read."""
    (tmp_path / "in.csv").write_text("text\na\nb,c\n")
    (tmp_path / "full").write_text("a file, no folder")
    found = cli("predict", run, "--input", "in.csv", option, "full/out.csv")
    found.assert_failed(2)
    assert "full/out.csv can't be written" in found.err
    (tmp_path / "folder.csv").mkdir()
    found = cli("predict", run, "--input", "in.csv", option, "folder.csv")
    found.assert_failed(2)
    assert "found the folder" in found.err


@pytest.mark.parametrize("option", ["--output", "--json"])
def test_no_option_replaces_the_input(cli: Cli, run: Path, tmp_path: Path, option: str) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "a"}\n')
    found = cli("predict", run, "--input", "in.jsonl", option, "in.jsonl")
    found.assert_failed(2)
    assert option in found.err
    assert (tmp_path / "in.jsonl").read_text() == '{"text": "a"}\n'


def test_an_input_that_is_gone_does_not_hide_behind_an_old_output(
    cli: Cli, run: Path, tmp_path: Path
) -> None:
    (tmp_path / "out.csv").write_text("old")
    found = cli("predict", run, "--input", "in.csv", "--text-column", "text", "--output", "out.csv")
    found.assert_failed(2)
    assert "in.csv: can't be read" in found.err
    assert (tmp_path / "out.csv").read_text() == "old"


@pytest.mark.parametrize("kind", ["csv.gz", "tsv.gz", "jsonl.gz", "parquet"])
def test_packed_tables_come_and_go(cli: Cli, run: Path, tmp_path: Path, kind: str) -> None:
    write_table(tmp_path / "in.csv", [{"id": str(n), "text": text} for n, text in enumerate(TEXTS)])
    cli("predict", run, "--input", "in.csv", "--output", "all.csv")
    with tables.write(tmp_path / f"in.{kind}", f".{kind}") as write:
        for n, text in enumerate(TEXTS):
            write({"id": str(n), "text": text})
    found = cli("predict", run, "--input", f"in.{kind}", "--output", f"out.{kind}")
    assert (found.code, found.err) == (0, f"wrote out.{kind}\n")
    assert [row for _, row in tables.read(tmp_path / f"out.{kind}")] == read_table(
        tmp_path / "all.csv"
    )


def test_a_header_cannot_stretch_an_error_over_many_lines(
    cli: Cli, run: Path, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text('id,"a\nb\nc\x1b[31m"\n1,2\n')
    found = cli("predict", run, "--input", "in.csv", "--json", "-")
    found.assert_failed(2)
    assert "\x1b" not in found.err


def test_formulas_are_guarded_in_tables_for_people(cli: Cli, run: Path, tmp_path: Path) -> None:
    write_table(tmp_path / "in.jsonl", [{"text": "=1+1"}])
    cli("predict", run, "--input", "in.jsonl", "--output", "out.csv")
    assert read_table(tmp_path / "out.csv")[0]["text"] == "'=1+1"


def write_table(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            file.writelines(json.dumps(row) + "\n" for row in rows)
            return
        dialect = "excel-tab" if path.suffix == ".tsv" else "excel"
        if path.suffix == ".tsv":  # quotes mean nothing there
            file.writelines("\t".join(cells) + "\n" for cells in [[*rows[0]], *map(values, rows)])
            return
        writer = csv.DictWriter(file, list(rows[0]), dialect=dialect)
        writer.writeheader()
        writer.writerows(rows)


def values(row: dict[str, str]) -> list[str]:
    return list(row.values())


def read_table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            return [json.loads(line) for line in file]
        return list(csv.DictReader(file, dialect="excel-tab" if path.suffix == ".tsv" else "excel"))
