"""Scoring into a folder again: what is done stays done, and what is not that scoring is refused."""

from __future__ import annotations

import errno
import json
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.apps.scoring.conftest import lines, text_of, write_jsonl, written

import overtone
from overtone.apps.scoring.score import Scored
from overtone.errors import InputError


def test_what_is_done_is_not_done_again_and_what_is_gone_is(model: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "in.jsonl", range(100))
    out = tmp_path / "out"

    def score() -> Scored:
        return overtone.score(model, tmp_path / "in.jsonl", out, rows_per_shard=20, format="jsonl")

    first = score()
    assert first.before == 0
    whole = written(out)
    times = {path: path.stat().st_mtime_ns for path in out.glob("part-*")}
    again = score()
    assert (again.scored, again.before) == (98, 100)
    assert {path: path.stat().st_mtime_ns for path in out.glob("part-*")} == times
    (out / "part-000001.jsonl").unlink()
    (out / "part-000003.jsonl").write_text("cut")
    (out / ".part-000002.jsonl.abcdefgh").write_text("left by a killed process")
    assert score().before == 60
    assert written(out) == whole
    assert not list(out.glob(".*"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"text_column": "id"}, "text_column was 'text', now 'id'"),
        ({"id_column": "id"}, "id_column was None, now 'id'"),
        ({"keep": ["id"]}, "keep was"),
        ({"rows_per_shard": 7}, "rows_per_shard was 20, now 7"),
        ({"format": "csv"}, "format was 'jsonl', now 'csv'"),
        ({"threshold": 0.5}, "threshold was None"),
        ({"inputs": "more"}, "the inputs were 1 files, now 2"),
        ({"inputs": "other"}, "an input was .*in.jsonl, now .*other.jsonl"),
        ({"inputs": "changed"}, "the input .*in.jsonl was changed since"),
        ({"model": "other"}, "the model was another one"),
    ],
)
def test_an_output_of_another_scoring_is_refused(
    model: Path, tmp_path: Path, options: dict[str, object], said: str
) -> None:
    path = write_jsonl(tmp_path / "in.jsonl", range(30))
    other = write_jsonl(tmp_path / "other.jsonl", range(30))
    given: dict[str, object] = {
        "model": model, "inputs": [path], "output": tmp_path / "out", "rows_per_shard": 20,
        "format": "jsonl",
    }  # fmt: skip
    overtone.score(**given)  # type: ignore[arg-type]
    whole = written(tmp_path / "out")
    if options.get("inputs") == "changed":
        write_jsonl(path, range(31))
    if "inputs" in options:
        options = {
            "inputs": {"more": [path, other], "other": [other]}.get(str(options["inputs"]), [path])
        }
    if "model" in options:
        overtone.decide(model, "sample", tmp_path / "decided", decision={"name": "per_label"})
        options = {"model": tmp_path / "decided"}
    with pytest.raises(InputError, match=said) as refused:
        overtone.score(**(given | options))  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)
    assert written(tmp_path / "out") == whole


def test_a_folder_of_something_else_is_refused(model: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "in.jsonl", range(3))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match=r"found mine\.txt in"):
        overtone.score(model, tmp_path / "in.jsonl", tmp_path / "out")
    (tmp_path / "out" / "mine.txt").rename(tmp_path / "out" / "manifest.json")
    with pytest.raises(InputError, match="expected the manifest of a scoring"):
        overtone.score(model, tmp_path / "in.jsonl", tmp_path / "out")


def test_a_file_is_scored_once_and_the_output_never(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_jsonl(tmp_path / "in.jsonl", range(3))
    given = ["in.jsonl", str(tmp_path / "*.jsonl"), "**/*.jsonl"]
    for _ in range(2):
        found = overtone.score(model, given, "out", format="jsonl")
        assert (found.scored, found.shards) == (3, 1)
    assert {row["source_file"] for row in lines(tmp_path / "out", "part-*")} == {"in.jsonl"}


@contextmanager
def most_bytes(count: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes: what a full disk does, as the system says it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_full_disk_leaves_nothing_half_and_the_run_goes_on(
    model: Path, tmp_path: Path, kind: str
) -> None:
    path = write_jsonl(tmp_path / "in.jsonl", range(300))
    other = tmp_path / "other.jsonl"
    rows = [json.dumps({"id": n, "text": text_of(n)}) for n in range(300, 3000)]
    other.write_text("\n".join(rows) + "\n")

    def score(output: Path) -> None:
        overtone.score(
            model, [path, other], output, rows_per_shard=300 if output.name == "x" else 1500,
            format=kind, id_column="id",  # type: ignore[arg-type]
        )  # fmt: skip

    score(tmp_path / "whole")
    sizes = [len(content) for content in written(tmp_path / "whole").values()]
    with most_bytes(max(sizes) - 1), pytest.raises(OSError) as full:  # noqa: PT011 - by errno
        score(tmp_path / "out")
    assert full.value.errno == errno.EFBIG
    left = {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert not {name for name in left if name.startswith(".part")}
    for name, content in written(tmp_path / "out").items():
        if name.startswith("part"):
            assert content == written(tmp_path / "whole")[name]
    score(tmp_path / "out")
    assert written(tmp_path / "out") == written(tmp_path / "whole")


def test_two_processes_do_not_score_into_one_folder(model: Path, tmp_path: Path) -> None:
    """The first one waits in the midst of its first shard: its input is a pipe's end."""
    write_jsonl(tmp_path / "in.jsonl", range(40))
    script = (
        "import sys, overtone\n"
        "def progress(step):\n"
        "    print('at it', flush=True); sys.stdin.read()\n"
        "overtone.score(sys.argv[1], sys.argv[2], sys.argv[3], rows_per_shard=10,"
        " progress=progress)\n"
    )
    given = [str(model), str(tmp_path / "in.jsonl"), str(tmp_path / "out")]
    with subprocess.Popen(
        [sys.executable, "-c", script, *given],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        guard = threading.Timer(300, process.kill)
        guard.start()
        assert process.stdout is not None
        assert process.stdout.readline() == "at it\n"
        with pytest.raises(InputError, match="another process is scoring into"):
            overtone.score(model, given[1], given[2], rows_per_shard=10)
        process.communicate("")
        guard.cancel()
    assert process.returncode == 0
    found = overtone.score(model, given[1], given[2], rows_per_shard=10)
    assert (found.scored, found.before) == (40, 40)
