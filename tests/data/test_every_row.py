"""Every row of a file: those without a text, and those that can't be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from overtone import data
from overtone.data import every_row
from overtone.errors import ConfigError, DataError, InputError

ROWS = (
    b"id,text,joy,anger\na,a lovely day,1,0\nb,,1,0\nc,caf\xe9 au lait,0,1\nd,all is well,,\n,,,\n"
)


def test_all_rows_are_there_but_the_blank_end_and_what_can_t_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(ROWS)
    with pytest.raises(DataError, match="line 4"):
        data.load(str(path), "all")
    found = every_row.read(path, {"id_column": "id"})
    assert list(found) == ["all"]
    split = found["all"].split
    assert split.ids == ("a", "b", "d")
    assert split.texts == ("a lovely day", "", "all is well")
    assert split.targets is not None
    np.testing.assert_array_equal(split.targets, [[1, 0], [1, 0], [np.nan, np.nan]])
    assert found["all"].unreadable == (("4", "expected UTF-8, found the byte 0xe9"),)


def test_without_an_id_column_rows_have_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(ROWS)
    assert every_row.read(path, {})["all"].split.ids == ("2", "3", "5")


@pytest.mark.parametrize("kind", [".tsv", ".jsonl"])
def test_other_formats_do_as_well(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a{kind}"
    lines = {
        ".tsv": b"text\tlabels\na lovely day\tjoy\n\xff\tjoy\none\ttoo\tmany\n\tjoy,anger\n",
        ".jsonl": b'{"text": "a lovely day", "labels": "joy"}\n{"text": "\xff"}\n{"tex\n'
        b'{"text": "", "labels": "joy,anger"}\n',
    }
    path.write_bytes(lines[kind])
    found = every_row.read(path, {})["all"]
    assert found.split.texts == ("a lovely day", "")
    assert found.split.labels.names == ("anger", "joy")
    assert [line for line, _ in found.unreadable] == (["3", "4"] if kind == ".tsv" else ["2", "3"])


def test_dev_and_test_files_are_splits_of_their_own(tmp_path: Path) -> None:
    for name in ("train", "dev", "test"):
        (tmp_path / f"{name}.csv").write_text(f"text,joy\nof {name} one,1\n,0\n")
    options = {name: str(tmp_path / f"{name}.csv") for name in ("dev", "test")}
    found = every_row.read(tmp_path / "train.csv", options)
    assert {name: one.split.texts for name, one in found.items()} == {
        name: (f"of {name} one", "") for name in ("train", "dev", "test")
    }
    assert {one.split.name for one in found.values()} == set(found)


def test_a_wrong_option_column_or_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(ROWS)
    with pytest.raises(ConfigError, match=r"data\.typo"):
        every_row.read(path, {"typo": 1})
    with pytest.raises(DataError, match="--text-column"):
        every_row.read(path, {"text_column": "txt"})
    with pytest.raises(DataError, match="gone"):
        every_row.read(tmp_path / "gone.csv", {})
    path.write_text("text,joy\n")
    with pytest.raises(InputError, match="rows below the header"):
        every_row.read(path, {})
