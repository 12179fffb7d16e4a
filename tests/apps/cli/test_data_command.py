"""`overtone data`: the datasets that there are, and what is in one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from overtone import data
from overtone.data.semeval2018 import NAMES

Cli = Callable[..., Any]


@pytest.fixture(autouse=True)
def _no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's own files out."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_list_names_every_dataset_and_what_is_here(cli: Cli) -> None:
    found = cli("data", "list")
    assert (found.code, found.err) == (0, "")
    lines = {line.split()[0]: line for line in found.out.splitlines()}
    assert set(lines) == set(data.names())
    assert "train 407, dev 92, test 92" in lines["sample"]
    assert "no files here" in lines["semeval2018-ar"]


def test_list_shows_files_in_another_folder(cli: Cli, tmp_path: Path) -> None:
    write_dev(tmp_path)
    found = cli("data", "list", "--data-dir", tmp_path)
    (line,) = (line for line in found.out.splitlines() if line.startswith("semeval2018-es"))
    assert "dev 2" in line


def test_a_damaged_file_does_not_hide_the_other_datasets(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "2018-E-c-Es-dev.txt").write_text("not\ta\ttable\n1\t2\n")
    found = cli("data", "list", "--data-dir", tmp_path)
    assert "sample" in found.out
    assert "2018-E-c-Es-dev.txt" in found.out + found.err


def test_show_counts_texts_labels_and_pairs(cli: Cli) -> None:
    found = cli("data", "show", "sample")
    assert (found.code, found.err) == (0, "")
    for name in NAMES:
        assert name in found.out
    assert "407" in found.out
    assert "labels a text" in found.out


def test_show_says_which_splits_are_missing(cli: Cli, tmp_path: Path) -> None:
    write_dev(tmp_path)
    found = cli("data", "show", "semeval2018-es", "--data-dir", tmp_path)
    assert found.code == 0
    assert "dev" in found.out
    assert "2018-E-c-Es-train.txt" in found.err
    assert found.err.startswith("warning: ")


def test_show_of_a_dataset_without_files_is_refused(cli: Cli) -> None:
    found = cli("data", "show", "semeval2018-es")
    found.assert_failed(2)
    assert "--data-dir" in found.err


def test_show_of_an_unknown_dataset_is_refused_with_those_that_exist(cli: Cli) -> None:
    found = cli("data", "show", "semeval2018")
    found.assert_failed(2)
    assert "semeval2018-en" in found.err


def test_a_data_folder_that_is_not_there_is_wrong_usage(cli: Cli, tmp_path: Path) -> None:
    assert cli("data", "list", "--data-dir", tmp_path / "gone").code == 2


def write_dev(folder: Path) -> None:
    """Write a dev file of two tweets, one joyful and one without a label."""
    rows = [["ID", "Tweet", *NAMES]]
    rows.append(["1", "feliz", *(str(int(name == "joy")) for name in NAMES)])
    rows.append(["2", "nada", *("0" for _ in NAMES)])
    lines = ["\t".join(row) for row in rows]
    (folder / "2018-E-c-Es-dev.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
