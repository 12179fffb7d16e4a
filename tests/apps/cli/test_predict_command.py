"""`overtone predict`: where texts come from, where answers go, and texts that mean harm."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import overtone
from overtone.data import tables
from overtone.data.semeval2018 import NAMES

Cli = Callable[..., Any]

TEXTS = ["I am so happy!", 'Say "no", twice', "naïve 🙂"]


def test_texts_as_arguments_are_shown_with_their_labels(cli: Cli, run: Path) -> None:
    found = cli("predict", run, *TEXTS)
    assert (found.code, found.err) == (0, "")
    for text in TEXTS:
        assert text in found.out
    best = max(overtone.load(run).predict(TEXTS[:1])[0].probabilities.items(), key=lambda p: p[1])
    assert f"{best[1]:.2f}" in found.out


def test_json_lines_have_labels_and_every_probability(cli: Cli, run: Path) -> None:
    found = cli("predict", run, *TEXTS, "--json", "-")
    assert (found.code, found.err) == (0, "")
    rows = [json.loads(line) for line in found.out.splitlines()]
    expected = overtone.load(run).predict(TEXTS)
    assert [row["text"] for row in rows] == TEXTS
    for row, prediction in zip(rows, expected, strict=True):
        assert list(row) == ["text", "labels", "probabilities"]
        assert list(row["probabilities"]) == list(NAMES)
        assert row["probabilities"] == pytest.approx(prediction.probabilities, abs=1e-6)
        assert row["labels"] == list(prediction.labels)


def test_json_can_go_to_a_file(cli: Cli, run: Path, tmp_path: Path) -> None:
    found = cli("predict", run, *TEXTS, "--json", "answers.jsonl")
    assert (found.code, found.out) == (0, "")
    lines = (tmp_path / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["text"] for line in lines] == TEXTS


def test_lines_of_standard_input_are_texts(cli: Cli, run: Path) -> None:
    found = cli("predict", run, "--json", "-", stdin="one\r\n\n  \nna\u00efve \U0001f642".encode())
    assert found.code == 0
    texts = [json.loads(line)["text"] for line in found.out.splitlines()]
    assert texts == ["one", "", "  ", "naïve 🙂"]  # line by line, so that answers match


def test_empty_standard_input_gives_nothing(cli: Cli, run: Path) -> None:
    found = cli("predict", run, "--json", "-")
    assert (found.code, found.out, found.err) == (0, "", "")


def test_standard_input_that_is_no_utf8_is_refused_with_its_line(cli: Cli, run: Path) -> None:
    found = cli("predict", run, "--json", "-", stdin=b"fine\ncaf\xe9\n")
    found.assert_failed(2)
    assert "line 2" in found.err


def test_an_argument_that_is_no_utf8_is_shown_with_a_mark(cli: Cli, run: Path) -> None:
    found = cli("predict", run, "caf\udce9", "--json", "-")
    assert found.code == 0
    assert json.loads(found.out)["text"] == "caf?"


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


@pytest.mark.parametrize(
    "text", ["[red]x[/red]", "[link=http://evil]y[/link]", "[/]", "[bold", ":smile:", "\\[x]"]
)
def test_markup_in_a_text_is_shown_as_it_is(cli: Cli, run: Path, text: str) -> None:
    found = cli("predict", run, text)
    assert found.code == 0
    assert text in found.out


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\x08", "\x9b", "\u202e", "\r"])
def test_a_text_cannot_steer_the_terminal(cli: Cli, run: Path, character: str) -> None:
    found = cli("predict", run, f"before{character}[31mafter")
    assert found.code == 0
    assert character not in found.out
    assert "before" in found.out
    assert "after" in found.out


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\x00", "\n", '"', "\\"])
def test_json_keeps_every_character_and_stays_one_line(cli: Cli, run: Path, character: str) -> None:
    found = cli("predict", run, f"a{character}b", "--json", "-")
    assert found.out.count("\n") == 1
    assert json.loads(found.out)["text"] == f"a{character}b"
    assert character in {'"', "\\", "\n"} or character not in found.out


def test_a_text_that_is_too_long_is_warned_about(cli: Cli, run: Path) -> None:
    found = cli("predict", run, "happy " * 500, "short", "--json", "-")
    assert found.code == 0
    assert found.err.startswith("warning: 1 of 2 texts")
    assert len(found.err.splitlines()) == 1
    assert len(found.out.splitlines()) == 2


def test_a_reader_that_leaves_is_no_error(run: Path) -> None:
    with started(run, "--json", "-") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        guard = threading.Timer(120, process.kill)  # bounds every wait below
        guard.start()
        # More answers than a pipe holds, so that the writer must notice.
        process.stdin.write(b"so happy today\n" * 4000)
        process.stdin.close()
        first = process.stdout.readline()
        process.stdout.close()
        message = process.stderr.read()
        code = process.wait(timeout=600)
        guard.cancel()
    assert json.loads(first)["text"] == "so happy today"
    assert message == b""
    assert code == -signal.SIGPIPE  # which a shell shows as 141


def test_closed_standard_input_is_an_error_of_usage(run: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", '"$0" predict "$1" --json - <&-', program(), str(run)],
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "this should not happen" not in done.stderr


def started(run: Path, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [program(), "predict", str(run), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    )


def program() -> str:
    return str(Path(sys.executable).parent / "overtone")


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


def test_labels_that_the_model_never_saw_can_be_asked_for(cli: Cli, run: Path) -> None:
    found = cli("predict", run, TEXTS[0], "--labels", "zeal, the bus is late", "--json", "-")
    assert found.code == 0
    assert list(json.loads(found.out)["probabilities"]) == ["zeal", "the bus is late"]
    assert "not trained to read labels that it never saw" in found.err
    assert "are experimental; no decision was fitted for them" in found.err
    decided = cli("predict", run, "x", "--labels", "zeal", "--threshold", "zeal=0", "--json", "-")
    assert json.loads(decided.out)["labels"] == ["zeal"]
    assert "no decision" not in decided.err
    known = cli("predict", run, "x", "--labels", "joy,anger")
    assert (known.code, known.err) == (0, "")


def test_labels_asked_for_wrongly_are_refused(cli: Cli, run: Path) -> None:
    for given, message in (
        (("--labels", "joy,,fear"), "found ''"),
        (("--labels", "joy,joy"), "'joy' again"),
        (("--labels", "joy", "--labels-of", "goemotions"), "not both"),
    ):
        found = cli("predict", run, "x", *given)
        found.assert_failed(2)
        assert message in found.err
