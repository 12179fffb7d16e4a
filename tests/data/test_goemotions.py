"""GoEmotions in its official format, on files made here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from overtone import data
from overtone.errors import ConfigError, DataError, MissingDataError

NAMES = ("joy", "anger", "neutral")


def write(folder: Path, rows: Sequence[str], *, split: str = "train", names: str = "") -> Path:
    """Write a split and the labels' names."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "emotions.txt").write_text(names or "\n".join(NAMES))
    path = folder / f"{split}.tsv"
    path.write_bytes("".join(f"{row}\n" for row in rows).encode())
    return path


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_rows_become_ids_texts_and_targets(tmp_path: Path, split: str) -> None:
    write(tmp_path, ["so happy\t0,2\tb1", "a bus\t2\ta2", "grr, no\t1\tc3"], split=split)
    loaded = data.load("goemotions", split, tmp_path)
    assert (loaded.dataset, loaded.name) == ("goemotions", split)
    assert loaded.ids == ("b1", "a2", "c3")
    assert loaded.texts == ("so happy", "a bus", "grr, no")
    assert loaded.labels.names == NAMES
    truth = data.truth(loaded)
    assert truth.dtype == np.float32
    assert truth.tolist() == [[1, 0, 1], [0, 0, 1], [0, 1, 0]]


def test_the_folder_of_the_dataset_comes_first(tmp_path: Path) -> None:
    write(tmp_path, ["outer\t0\t1"])
    write(tmp_path / "goemotions", ["inner\t1\t1"], names="other\nnames\n")
    loaded = data.load("goemotions", "train", tmp_path)
    assert loaded.texts == ("inner",)
    assert loaded.labels.names == ("other", "names")


@pytest.mark.parametrize("text", ['he said "no', '""', "a\rb", "x\u2028y", "", " spaces "])
def test_a_text_is_kept_as_it_stands(tmp_path: Path, text: str) -> None:
    write(tmp_path, [f"{text}\t0\t1", "after\t1\t2"])
    assert data.load("goemotions", "train", tmp_path).texts == (text, "after")


def test_windows_line_ends_and_blank_lines_leave_no_trace(tmp_path: Path) -> None:
    write(tmp_path, ["x\t0\tid\r", "", "y\t1\tid2\r"], names="joy\r\nanger\r\n\r\n")
    loaded = data.load("goemotions", "train", tmp_path)
    assert loaded.ids == ("id", "id2")
    assert loaded.labels.names == ("joy", "anger")


def test_a_sample_is_a_stratified_part_of_train_only(tmp_path: Path) -> None:
    rows = [f"text {n}\t{'0' if n % 10 == 0 else '2'}\t{n}" for n in range(200)]
    for split in data.splits("goemotions"):
        write(tmp_path, rows, split=split)
    options = {"sample": 0.1}
    one, again = (data.load("goemotions", "train", tmp_path, options) for _ in range(2))
    assert one.ids == again.ids
    assert data.truth(one).sum(axis=0).tolist() == [2, 0, 18]
    assert [row.split("\t")[0] for row in rows if row.split("\t")[2] in one.ids] == list(one.texts)
    other = data.load("goemotions", "train", tmp_path, {**options, "sample_seed": 1})
    assert other.ids != one.ids
    assert len(data.load("goemotions", "dev", tmp_path, options)) == 200


@pytest.mark.parametrize("sample", [0, -1, 1.5, "all"])
def test_a_sample_is_a_share(sample: object) -> None:
    with pytest.raises(ConfigError, match=r"data\.sample must be"):
        data.check("goemotions", {"sample": sample})


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("text\t0", "line 2: expected text, label numbers and id with tabs between, found 2 cells"),
        ("text\t0\tid\textra", "line 2: .* found 4 cells"),
        ("text\t3\tid", "line 2: expected label numbers from 0 to 2 .* found '3'"),
        ("text\t-1\tid", "found '-1'"),
        ("text\t\tid", "found ''"),
        ("text\tjoy\tid", "found 'joy'"),
        ("text\t0, 1\tid", "found '0, 1'"),
        ("text\t²\tid", "found '²'"),
        ("text\t" + "9" * 5000 + "\tid", "line 2: expected label numbers"),
        ("text\t0\tfirst", r"line 2: expected a new id, found 'first' again \(first on line 1\)"),
    ],
)
def test_a_damaged_row_is_named(tmp_path: Path, row: str, message: str) -> None:
    path = write(tmp_path, ["a text\t0\tfirst", row])
    with pytest.raises(DataError, match=message) as caught:
        data.load("goemotions", "train", tmp_path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "names", "message"),
    [
        ([], "a\nb", r"train\.tsv: expected a table, found an empty file"),
        ([""], "a\nb", r"train\.tsv: expected rows, found none"),
        (["x\t0\t1"], "a\na", r"emotions\.txt: .*a again"),
        (["x\t0\t1"], "\n", r"emotions\.txt: .*at least one label"),
    ],
)
def test_a_file_without_content_is_named(
    tmp_path: Path, rows: list[str], names: str, message: str
) -> None:
    write(tmp_path, rows, names=names)
    with pytest.raises(DataError, match=message):
        data.load("goemotions", "train", tmp_path)


@pytest.mark.parametrize("missing", ["train.tsv", "emotions.txt"])
def test_a_missing_file_is_named_with_where_and_how(tmp_path: Path, missing: str) -> None:
    write(tmp_path / "goemotions", ["x\t0\t1"])
    (tmp_path / "goemotions" / missing).unlink()
    with pytest.raises(MissingDataError) as caught:
        data.load("goemotions", "train", tmp_path)
    for part in (missing, str(tmp_path / "goemotions"), "overtone data fetch goemotions"):
        assert part in str(caught.value)
