"""Scoring files: what is written, what is rejected, and what is refused."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet
from tests.apps.scoring.conftest import lines, write_jsonl

import overtone
from overtone.apps.scoring import shard
from overtone.apps.scoring.score import Step
from overtone.data import tables
from overtone.errors import DataError, InputError, MissingExtraError

TEXTS = ["What a lovely surprise", "I am afraid, so late", 'He said "no"\nand left', "naïve 🙂"]


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with tables.write(path, tables.check_kind(path)) as append:
        for row in rows:
            append(row)
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = [(f"k{number}", text, "=1+1") for number, text in enumerate(TEXTS)]
        csv.writer(file).writerows([("key", "say", "more"), *rows])
    return path


def test_each_row_has_its_source_its_id_and_what_predict_says(
    model: Path, table: Path, tmp_path: Path
) -> None:
    found = overtone.score(
        model, table, tmp_path / "out", text_column="say", id_column="key", keep=["more"]
    )
    assert (found.scored, found.rejected, found.shards, found.before) == (4, 0, 1, 0)
    expected = overtone.load(model).predict(TEXTS)
    with (tmp_path / "out" / "part-000000.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = list(expected[0].probabilities)
    for number, (row, prediction) in enumerate(zip(rows, expected, strict=True), start=1):
        assert list(row) == [
            "source_file", "source_row", "key", "labels", *(f"p_{n}" for n in names), "more",
        ]  # fmt: skip
        assert (row["source_file"], row["source_row"]) == (str(table), str(number))
        assert row["key"] == f"k{number - 1}"
        assert row["labels"] == " ".join(prediction.labels)
        assert row["more"] == "'=1+1"
        for name in names:
            assert float(row[f"p_{name}"]) == pytest.approx(
                prediction.probabilities[name], abs=1e-6
            )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "done", "lock", "manifest.json", "part-000000.csv",
    ]  # fmt: skip


def test_json_lines_and_parquet_say_the_same(model: Path, table: Path, tmp_path: Path) -> None:
    for kind in ("jsonl", "parquet"):
        overtone.score(
            model, table, tmp_path / kind, text_column="say", keep=["more"], format=kind,
        )  # fmt: skip
    rows = list(lines(tmp_path / "jsonl", "part-*"))
    typed = parquet.read_table(tmp_path / "parquet" / "part-000000.parquet").to_pylist()
    expected = overtone.load(model).predict(TEXTS)
    for row, cells, prediction in zip(rows, typed, expected, strict=True):
        assert list(row) == ["source_file", "source_row", "more", "labels", "probabilities"]
        assert row["more"] == cells["more"] == "=1+1"
        assert tuple(row["labels"]) == tuple(cells["labels"]) == prediction.labels
        assert row["probabilities"] == pytest.approx(prediction.probabilities, abs=1e-6)
        assert cells["p_joy"] == pytest.approx(prediction.probabilities["joy"], abs=1e-6)
        assert row["source_row"] == cells["source_row"]


@pytest.mark.parametrize("cell", ["=1", "+a", "-a", "@a", "\t=1", "\r=1"])
def test_cells_that_a_spreadsheet_would_run_are_guarded(
    model: Path, tmp_path: Path, cell: str
) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps({"text": "a day", cell: cell}) + "\n")
    for kind in ("csv", "jsonl"):
        overtone.score(
            model, tmp_path / "in.jsonl", tmp_path / kind, id_column=cell, format=kind,
        )  # fmt: skip
    with (tmp_path / "csv" / "part-000000.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row[f"'{cell}"] == f"'{cell}"
    assert next(lines(tmp_path / "jsonl", "part-*"))[cell] == cell


def test_shards_are_so_many_rows_of_all_files_together(model: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", range(30))
    write_jsonl(tmp_path / "b.jsonl", range(30, 130))
    found = overtone.score(
        model, tmp_path / "*.jsonl", tmp_path / "out", rows_per_shard=40, format="jsonl",
        id_column="id",
    )  # fmt: skip
    assert (found.scored, found.rejected, found.shards) == (128, 2, 4)
    scored = [int(row["id"]) for row in lines(tmp_path / "out", "part-*")]
    assert scored == [n for n in range(130) if n % 50 != 49]
    assert [
        (Path(row["source_file"]).name, row["source_row"], row["line"], row["reason"])
        for row in lines(tmp_path / "out", "rejects-*")
    ] == [
        ("b.jsonl", 20, 20, "expected a text, found none (null)"),
        ("b.jsonl", 70, 70, "expected a text, found none (null)"),
    ]
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["finished"] == {
        "scored": 128, "rejected": 2, "shards": 4,
    }  # fmt: skip


def test_each_bad_row_is_rejected_with_its_reason_and_without_its_text(
    model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = {
        '{"text": null}': "expected a text, found none (null)",
        '{"text": ""}': "expected a text, found an empty one",
        '{"text": " \\t"}': "expected a text, found an empty one",
        '{"text": NaN}': "expected a text, found NaN",
        '{"text": 7}': "expected a text, found int",
        '{"text": ["secret"]}': "expected a text, found list",
        '{"other": "secret"}': "expected the column 'text', found none",
        '{"text": "secret"': "expected one JSON object",
        '{"text": "secret \\ud800"}': "surrogates not allowed",
        '{"text": "%s"}' % ("secret" * 20): "expected at most 50 characters in a text, found 120",
        '{"text": "%s"}' % ("secret" * 90): "a line longer than 400 bytes",
    }
    (tmp_path / "in.jsonl").write_text("".join(f'{line}\n{{"text": "a day"}}\n' for line in bad))
    found = overtone.score(
        model, tmp_path / "in.jsonl", tmp_path / "out", format="jsonl", most_characters=50
    )
    assert (found.scored, found.rejected) == (len(bad), len(bad))
    rejects = list(lines(tmp_path / "out", "rejects-*"))
    for number, (row, reason) in enumerate(zip(rejects, bad.values(), strict=True)):
        assert row["source_row"] == 2 * number + 1
        assert reason in row["reason"]
    said = caplog.text + (tmp_path / "out" / "rejects-000000.jsonl").read_text()
    assert "secret" not in said


def test_a_shard_of_rejects_only_has_a_header(model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\n,\n,\nfine\n")
    found = overtone.score(model, tmp_path / "in.csv", tmp_path / "out", rows_per_shard=2)
    assert (found.scored, found.rejected, found.shards) == (1, 2, 2)
    first = (tmp_path / "out" / "part-000000.csv").read_text()
    assert first.count("\n") == 1
    assert first.startswith("source_file,source_row,labels,p_")


def test_texts_that_lose_a_part_are_counted(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from overtone.inference.predictor import Predictor  # noqa: PLC0415 - heavy

    found = Predictor.encode

    def encode(self: Predictor, texts: list[str]) -> object:
        return dataclasses.replace(found(self, texts), lost=np.arange(len(texts)) < 3)

    monkeypatch.setattr(Predictor, "encode", encode)
    write_jsonl(tmp_path / "in.jsonl", range(10))
    scored = overtone.score(model, tmp_path / "in.jsonl", tmp_path / "out", rows_per_shard=5)
    assert scored.truncated == 6
    assert "longer" not in caplog.text


def test_kept_columns_may_be_all(model: Path, tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [{"text": "a day", "one": "1"}])
    write(tmp_path / "b.csv", [{"two": "2", "text": "a night"}])
    both = [tmp_path / "a.csv", tmp_path / "b.csv"]
    overtone.score(model, both, tmp_path / "csv", keep="all")
    with (tmp_path / "csv" / "part-000000.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["text"], row["one"], row["two"]) for row in rows] == [
        ("a day", "1", ""), ("a night", "", "2"),
    ]  # fmt: skip
    overtone.score(model, both, tmp_path / "jsonl", keep="all", format="jsonl")
    assert [row.get("two") for row in lines(tmp_path / "jsonl", "part-*")] == [None, "2"]


def test_thresholds_decide_instead(model: Path, table: Path, tmp_path: Path) -> None:
    for threshold in (0.0, {"joy": 0.0}):
        out = tmp_path / str(isinstance(threshold, float))
        overtone.score(model, table, out, text_column="say", threshold=threshold, format="jsonl")
        expected = overtone.load(model).predict(TEXTS, threshold=threshold)
        assert [tuple(row["labels"]) for row in lines(out, "part-*")] == [
            each.labels for each in expected
        ]


def test_progress_ends_at_the_end(model: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "in.jsonl", range(200))
    steps: list[Step] = []
    overtone.score(
        model, tmp_path / "in.jsonl", tmp_path / "out", rows_per_shard=60, progress=steps.append
    )
    assert sum(step.scored for step in steps) == 196
    assert sum(step.rejected for step in steps) == 4
    assert steps[-1].read == steps[-1].total == (tmp_path / "in.jsonl").stat().st_size
    assert [step.read for step in steps] == sorted(step.read for step in steps)


@pytest.mark.parametrize(
    ("inputs", "options", "said"),
    [
        ("none-*.csv", {}, "found none for"),
        (".", {}, "found the folder"),
        ("in.jsonl", {"text_column": "tex"}, "expected the column 'tex', found 'id', 'text'"),
        ("in.csv", {"id_column": "key"}, "expected the column 'key'"),
        ("in.csv", {"keep": ["key"]}, "--keep"),
        ("in.jsonl", {"keep": "all"}, "--keep all needs --format jsonl"),
        ("in.jsonl", {"keep": "id"}, "expected columns to keep"),
        ("taken.csv", {"keep": ["labels"]}, "has a column 'labels'"),
        ("taken.csv", {"keep": "all"}, "has a column 'labels'"),
        ("empty.jsonl", {}, "expected rows to score, found none"),
        ("in.csv", {"format": "xml"}, "expected the format csv, jsonl, parquet"),
        ("in.csv", {"rows_per_shard": 0}, "at least 1"),
        ("in.csv", {"threshold": 2.0}, "threshold"),
        ("in.csv", {"threshold": {"no": 0.5}}, "no"),
        ("in.csv", {"labels_of": "no"}, "trained on besides"),
        ("in.csv", {"workers": 2}, "--engine ray"),
        ("in.xlsx", {}, "expected a name that ends in"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_written(
    model: Path, tmp_path: Path, inputs: str, options: dict[str, object], said: str
) -> None:
    write_jsonl(tmp_path / "in.jsonl", range(3))
    write(tmp_path / "in.csv", [{"id": "1", "text": "a"}])
    write(tmp_path / "taken.csv", [{"labels": "1", "text": "a"}])
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "in.xlsx").touch()
    with pytest.raises((InputError, DataError), match=said):
        overtone.score(model, tmp_path / inputs, tmp_path / "out", **options)  # type: ignore[arg-type]
    assert not list((tmp_path / "out").glob("part-*"))


def test_where_there_was_nothing_to_score_the_folder_is_free(model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(DataError, match="found none"):
        overtone.score(model, tmp_path / "empty.jsonl", tmp_path / "out")
    write_jsonl(tmp_path / "in.jsonl", range(3))
    assert overtone.score(model, tmp_path / "in.jsonl", tmp_path / "out").scored == 3


def test_a_name_with_signs_of_patterns_is_a_name(model: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "in[1].jsonl", range(3))
    assert overtone.score(model, tmp_path / "in[1].jsonl", tmp_path / "out").scored == 3


def test_a_chunk_never_spans_shards_and_is_bounded_in_texts_and_characters(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from overtone.inference.predictor import Predictor  # noqa: PLC0415 - heavy

    monkeypatch.setattr(shard, "TEXTS", 8)
    monkeypatch.setattr(shard, "CHARACTERS", 100)
    seen: list[list[str]] = []
    encode = Predictor.encode

    def watched(self: Predictor, texts: list[str]) -> object:
        seen.append(texts)
        return encode(self, texts)

    monkeypatch.setattr(Predictor, "encode", watched)
    texts = [*("a" * n for n in range(1, 21)), "b" * 500, "c"]
    write(tmp_path / "in.csv", [{"text": text} for text in texts])
    overtone.score(model, tmp_path / "in.csv", tmp_path / "out", rows_per_shard=15)
    assert [text for chunk in seen for text in chunk] == texts
    assert all(len(chunk) <= 8 for chunk in seen)
    assert all(sum(map(len, chunk)) <= 100 or len(chunk) == 1 for chunk in seen)
    assert texts[15] in [chunk[0] for chunk in seen]


def test_parquet_output_without_pyarrow_is_refused_at_once(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jsonl(tmp_path / "in.jsonl", range(3))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match="pip install"):
        overtone.score(model, tmp_path / "in.jsonl", tmp_path / "out", format="parquet")
    assert not (tmp_path / "out").exists()


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "import overtone.apps.scoring.score, overtone.apps.cli.score\n"
        "heavy = ('torch', 'transformers', 'sklearn', 'ray', 'pyarrow', 'zstandard')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=600,
        cwd=tmp_path, env=os.environ,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
