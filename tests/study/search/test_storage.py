"""Storages: a journal and SQLite, whole ones and damaged ones."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest

from overtone.errors import InputError
from overtone.study.search import storage

NAMES = ["tune.log", "tune.db", "50 % {odd}?#.db", "50 % {odd}?#.log"]


def opened(path: Path) -> optuna.Study:
    return storage.study(storage.open_(path), maximizes=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_trial_is_there_when_a_storage_is_opened_again(tmp_path: Path, name: str) -> None:
    first = opened(tmp_path / "new" / name)
    first.tell(first.ask(), 0.5)
    again = opened(tmp_path / "new" / name)
    assert [trial.value for trial in again.trials] == [0.5]
    assert [path.name for path in (tmp_path / "new").iterdir()] == [name]


@pytest.mark.parametrize("name", ["tune.log", "tune.db"])
def test_what_is_no_storage_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    for content in (b"epoch 1: loss 0.5", b"epoch 1\nepoch 2\n", b'{"a": 1}\n'):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InputError, match="not a storage of Optuna's, or damaged"):
            opened(path)
        assert path.read_bytes() == content


def test_a_line_that_was_half_written_is_taken_back(tmp_path: Path) -> None:
    """A full disk cuts what is appended; the next line must not be written behind it."""
    path = tmp_path / "tune.log"
    first = opened(path)
    first.tell(first.ask(), 0.5)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code":4,"worker')
    again = opened(path)
    again.tell(again.ask(), 0.75)
    assert [trial.value for trial in opened(path).trials] == [0.5, 0.75]


def test_a_damaged_journal_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "tune.log"
    first = opened(path)
    first.tell(first.ask(), 0.5)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b'{"op_code":\n', *lines[1:]]))
    with pytest.raises(InputError, match="damaged"):
        opened(path)
