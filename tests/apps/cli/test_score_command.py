"""`overtone score`: options, what is said, and where it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import overtone

Cli = Callable[..., Any]


def write(folder: Path) -> None:
    rows = [{"id": n, "text": text} for n, text in enumerate(["so happy", "a terrible day", None])]
    (folder / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_files_are_scored_and_said(cli: Cli, run: Path, tmp_path: Path) -> None:
    write(tmp_path)
    command = ["score", run, "--input", "*.jsonl", "--output", "out", "--format", "jsonl",
               "--id-column", "id", "--keep", "text,id", "--rows-per-shard", "2"]  # fmt: skip
    found = cli(*command)
    assert (found.code, found.out) == (0, "")
    assert found.err.splitlines() == [
        "scored 2 texts in 2 files in out",
        "warning: 1 rows were rejected: out/rejects-*.jsonl say which and why",
    ]
    rows = read(tmp_path / "out" / "part-000000.jsonl")
    expected = overtone.load(run).predict(["so happy", "a terrible day"])
    assert [(row["id"], row["text"]) for row in rows] == [
        ("0", "so happy"),
        ("1", "a terrible day"),
    ]
    assert [tuple(row["labels"]) for row in rows] == [each.labels for each in expected]
    again = cli(*command)
    assert again.err.splitlines()[0] == "scored 2 texts in 2 files in out, 3 rows of them earlier"
    cli(*command, "--keep", "all").assert_failed(2)


def test_thresholds_are_as_in_predict(cli: Cli, run: Path, tmp_path: Path) -> None:
    write(tmp_path)
    command = ["score", run, "--input", "in.jsonl", "--output", "out", "--format", "jsonl"]
    found = cli(*command, "--threshold", "1", "--threshold", "joy=0")
    assert found.code == 0, found.err
    rows = read(tmp_path / "out" / "part-000000.jsonl")
    assert [row["labels"] for row in rows] == [["joy"], ["joy"]]
    cli(*command, "--threshold", "high").assert_failed(2)


def test_what_cannot_be_done_is_one_error(cli: Cli, run: Path, tmp_path: Path) -> None:
    write(tmp_path)
    for options, said in (
        (["--input", "none"], "found none for 'none'"),
        (["--input", "in.jsonl", "--text-column", "t"], "--text-column"),
        (["--input", "in.jsonl", "--ray-address", "here:1"], "--engine ray"),
        (["--input", "in.jsonl", "--format", "xml"], "xml"),
        (["--input", "in.jsonl", "--rows-per-shard", "0"], "--rows-per-shard"),
    ):
        found = cli("score", run, "--output", "out", *options)
        found.assert_failed(2)
        assert said in found.err
        assert not (tmp_path / "out").exists()


def test_an_output_that_cannot_be_written_is_one_error(cli: Cli, run: Path, tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "file").touch()
    found = cli("score", run, "--input", "in.jsonl", "--output", "file/out")
    assert found.code in {1, 2}
    assert len(found.err.splitlines()) == 1
    assert "file" in found.err
