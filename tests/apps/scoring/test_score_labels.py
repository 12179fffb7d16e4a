"""Scoring by labels that a user asks for: the output has them, remembers them, and can be read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.apps.scoring.conftest import lines, text_of, write_jsonl, written

import overtone
from overtone.apps.scoring.asked import Asked, Input
from overtone.apps.scoring.job import Job
from overtone.apps.scoring.on_ray import Worker
from overtone.apps.scoring.score import Scored
from overtone.apps.scoring.writers import check_told_apart
from overtone.errors import InputError

ASKED = ["complaint", "praise from a friend"]
MODEL = "zero-shot"


def score(folder: Path, output: str, **options: object) -> Scored:
    """Score twenty texts, one of which is missing where there are fifty."""
    if not (folder / "in.jsonl").is_file():
        write_jsonl(folder / "in.jsonl", range(20))
    given = {"labels": ASKED, "rows_per_shard": 8, "format": "jsonl", "threshold": 0.05}
    return overtone.score(MODEL, folder / "in.jsonl", folder / output, **{**given, **options})  # type: ignore[arg-type]


def test_the_output_has_the_labels_that_are_asked_for(tmp_path: Path) -> None:
    assert score(tmp_path, "out").scored == 20
    rows = list(lines(tmp_path / "out", "part-*"))
    model = overtone.load(MODEL, labels=ASKED)
    expected = model.predict([text_of(row) for row in range(20)], threshold=0.05)
    for row, one in zip(rows, expected, strict=True):
        # A shard's batches are others, and int8 counts a batch's largest value.
        assert row["probabilities"] == pytest.approx(one.probabilities, abs=0.02)
        assert list(row["probabilities"]) == ASKED
    assert any(row["labels"] for row in rows)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["asked"]["labels"] == ASKED


def test_csv_with_spaces_in_labels_is_summed_up_like_any_other(tmp_path: Path) -> None:
    score(tmp_path, "out", format="csv", threshold={"complaint": 1.0, "praise from a friend": 0.0})
    header = (tmp_path / "out" / "part-000000.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "source_file,source_row,labels,p_complaint,p_praise from a friend"
    found = overtone.summarise(tmp_path / "out")
    assert found.labels == tuple(ASKED)
    assert found.counts.whole().said.tolist() == [0, 20]
    together = overtone.cooccur_scored(tmp_path / "out").cooccurrence
    assert together.n == 20
    # No errors of such labels are known, those of a model's own labels are not theirs.
    score(tmp_path, "own", threshold=None)
    with pytest.raises(InputError, match=r"scored with --threshold, --labels or --labels-of"):
        overtone.summarise(tmp_path / "own", model=MODEL)
    score(tmp_path, "turned", threshold=None, labels=ASKED[::-1])
    with pytest.raises(InputError, match="another labels"):
        overtone.summarise(tmp_path / "own", errors_from=tmp_path / "turned")


def test_labels_that_begin_with_another_are_read_from_csv(tmp_path: Path) -> None:
    asked = ["trust", "trust issues", "issues at work"]
    score(tmp_path, "out", format="csv", labels=asked, threshold=0.0)
    assert overtone.summarise(tmp_path / "out").counts.whole().said.tolist() == [20, 20, 20]
    apart = dict(zip(asked, (0.0, 1.0, 0.0), strict=True))
    score(tmp_path, "two", format="csv", labels=asked, threshold=apart)
    assert overtone.summarise(tmp_path / "two").counts.whole().said.tolist() == [20, 0, 20]


def test_other_labels_do_not_go_into_a_folder(tmp_path: Path) -> None:
    score(tmp_path, "out", threshold=None)
    before = written(tmp_path / "out")
    for labels, said in (
        (None, "the labels were complaint, praise from a friend, now the model's own"),
        (ASKED[::-1], "now praise from a friend, complaint"),
        (["complaint", "praise"], "now complaint, praise. Choose another --output"),
    ):
        with pytest.raises(InputError, match=said):
            score(tmp_path, "out", threshold=None, labels=labels)
    assert written(tmp_path / "out") == before
    assert score(tmp_path, "out", threshold=None, labels=(f" {name} " for name in ASKED)).before


def test_a_folder_that_was_begun_before_labels_could_be_asked_for_goes_on(tmp_path: Path) -> None:
    score(tmp_path, "out", labels=None)
    path = tmp_path / "out" / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["asked"]["labels"]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert score(tmp_path, "out", labels=None).before == 20


def test_a_worker_asks_for_the_same(tmp_path: Path) -> None:
    out = tmp_path / "out"
    score(tmp_path, "out")
    whole = written(out)
    saved = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["asked"]
    inputs = tuple(Input(*each) for each in saved["inputs"])
    asked = Asked(**{**saved, "inputs": inputs, "labels": tuple(ASKED), "keep": ()})
    (out / "part-000001.jsonl").unlink()
    worker = Worker(Job(asked, MODEL, str(out), tuple(ASKED), ()))
    assert worker({"number": [1], "file": [0], "row": [8]})["scored"] == [8]
    assert written(out) == whole


@pytest.mark.slow
def test_ray_writes_what_one_process_writes(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="NOT RUN: the extra ray is not installed")
    score(tmp_path, "one")
    # In a process of its own: Ray's own use of what it deprecates would be an error here.
    command = [
        sys.executable, "-m", "overtone", "score", MODEL, "--labels", ",".join(ASKED),
        "--input", str(tmp_path / "in.jsonl"), "--output", str(tmp_path / "ray"),
        "--rows-per-shard", "8", "--format", "jsonl", "--threshold", "0.05",
        "--engine", "ray", "--workers", "1",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert written(tmp_path / "ray") == written(tmp_path / "one")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"labels": []}, "at least one label"),
        ({"labels": ["joy"], "labels_of": "jigsaw"}, "found both"),
        ({"labels": ["trust", "issues", "trust issues"], "format": "csv"}, "told apart in CSV"),
        ({"threshold": {"joy": 0.1}}, "'joy', which is no label"),
    ],
)
def test_what_cannot_be_asked_leaves_nothing_behind(
    tmp_path: Path, options: dict[str, object], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        score(tmp_path, "out", **options)
    assert not (tmp_path / "out").exists()


def test_a_model_that_reads_no_labels_is_refused(model: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "in.jsonl", range(3))
    with pytest.raises(InputError, match="found the model tfidf"):
        overtone.score(model, tmp_path / "in.jsonl", tmp_path / "out", labels=["joy"])


@pytest.mark.parametrize(
    ("labels", "wrong"),
    [
        (["a", "a b"], None),
        (["a b", "b c"], None),
        (["a", "b", "b a"], "b a"),
        (["a d", "b c", "b c a d"], "b c a d"),
        (["a", "a b", "b c"], None),
        (["a", "a b", "b c", "c"], "a' and 'b c', which read as 'a b' and 'c"),
        (["a", "a b", "b b", "b c"], None),
        (["a", "a b", "b d", "d c", "c"], "a b' and 'd c', which read as 'a' and 'b d' and 'c"),
    ],
)
def test_labels_with_spaces_between_must_be_told_apart(
    labels: list[str], wrong: str | None
) -> None:
    if wrong is None:
        check_told_apart(labels)
        return
    with pytest.raises(InputError, match=f"found '{wrong}'"):
        check_told_apart(labels)
