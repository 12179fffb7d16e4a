"""Jigsaw's comments in their official format, on files made here."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from overtone import data
from overtone.data.jigsaw import NAMES
from overtone.errors import ConfigError, DataError, InputError, MissingDataError
from overtone.evaluation import metrics
from overtone.labels import Labels

HEADER = ["id", "comment_text", *NAMES]


def write(folder: Path, name: str, rows: Sequence[Sequence[str]]) -> Path:
    """Write a file as Kaggle has it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_MINIMAL).writerows(rows)
    return path


def comments(rows: int) -> list[list[str]]:
    """Return rows of train.csv: each tenth is toxic, each fiftieth a threat too."""
    found = [HEADER]
    for n in range(rows):
        on = {"toxic": n % 10 == 0, "threat": n % 50 == 0}
        cells = [str(int(on.get(name, False))) for name in NAMES]
        found.append([f"{n:016x}", f'a comment, "{n}"\n\nwith lines', *cells])
    return found


def test_train_and_dev_are_four_to_one_with_the_same_labels(tmp_path: Path) -> None:
    write(tmp_path / "jigsaw", "train.csv", comments(500))
    train, dev = (data.load("jigsaw", name, tmp_path) for name in ("train", "dev"))
    assert (len(train), len(dev)) == (400, 100)
    assert not set(train.ids) & set(dev.ids)
    assert len({*train.ids, *dev.ids}) == 500
    assert data.truth(train).sum(axis=0).tolist() == [40, 0, 0, 8, 0, 0]
    assert data.truth(dev).sum(axis=0).tolist() == [10, 0, 0, 2, 0, 0]
    assert list(train.ids) == sorted(train.ids)
    assert train.labels.names == NAMES
    assert train.labels.prompts[1] == "severe toxic"
    place = dev.ids.index(next(key for key in dev.ids if int(key, 16) % 50 == 0))
    assert dev.texts[place] == f'a comment, "{int(dev.ids[place], 16)}"\n\nwith lines'
    assert data.truth(dev)[place].tolist() == [1, 0, 0, 1, 0, 0]


def test_the_split_is_the_seed_s(tmp_path: Path) -> None:
    write(tmp_path, "train.csv", comments(100))
    one, again, other = (
        data.load("jigsaw", "dev", tmp_path, {"split_seed": seed}).ids for seed in (0, 0, 1)
    )
    assert one == again == data.load("jigsaw", "dev", tmp_path).ids
    assert one != other


def test_a_sample_is_drawn_before_the_split(tmp_path: Path) -> None:
    write(tmp_path, "train.csv", comments(500))
    train, dev = (
        data.load("jigsaw", name, tmp_path, {"sample": 0.4, "dev_share": 0.25})
        for name in ("train", "dev")
    )
    assert (len(train), len(dev)) == (150, 50)
    assert not set(train.ids) & set(dev.ids)
    assert (data.truth(train).sum(), data.truth(dev).sum()) == (15 + 3, 5 + 1)


@pytest.mark.parametrize(
    "options", [{"sample": 0}, {"sample": 1.1}, {"dev_share": 1.0}, {"split_seed": -1}]
)
def test_options_have_bounds(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"data.{next(iter(options))} must be"):
        data.check("jigsaw", options)


def test_rows_that_the_challenge_did_not_score_have_no_truth(tmp_path: Path) -> None:
    write(tmp_path, "test.csv", [HEADER[:2], ["b", "one"], ["a", "two"], ["c", "three"]])
    write(
        tmp_path,
        "test_labels.csv",
        [["id", *NAMES], ["a", *"101000"], ["c", *["-1"] * 6], ["b", *"000001"]],
    )
    loaded = data.load("jigsaw", "test", tmp_path)
    assert loaded.ids == ("b", "a", "c")
    assert loaded.texts == ("one", "two", "three")
    truth = data.truth(loaded)
    assert truth[:2].tolist() == [[0, 0, 0, 0, 0, 1], [1, 0, 1, 0, 0, 0]]
    assert np.isnan(truth[2]).all()
    # A wrong answer on the third row costs nothing.
    probabilities = np.nan_to_num(truth, nan=1.0)
    scores = metrics.score(truth, probabilities > 0.5, probabilities, Labels.of(*NAMES))
    assert (scores.n, scores.exact_match, scores.f1_micro) == (2, 1.0, 1.0)


def test_without_the_test_labels_there_is_no_truth(tmp_path: Path) -> None:
    write(tmp_path, "test.csv", [HEADER[:2], ["b", "one"]])
    loaded = data.load("jigsaw", "test", tmp_path)
    assert loaded.targets is None
    with pytest.raises(InputError, match="jigsaw test has no truth"):
        data.truth(loaded)


@pytest.mark.parametrize(
    ("ids", "label_ids", "found"),
    [("ab", "abx", ("test_labels.csv", "'x'")), ("abyz", "ab", ("test.csv", "'y'"))],
)
def test_an_id_in_one_test_file_only_is_named(
    tmp_path: Path, ids: str, label_ids: str, found: tuple[str, str]
) -> None:
    write(tmp_path, "test.csv", [HEADER[:2], *([key, "text"] for key in ids)])
    write(tmp_path, "test_labels.csv", [["id", *NAMES], *([key, *"000000"] for key in label_ids)])
    with pytest.raises(DataError) as caught:
        data.load("jigsaw", "test", tmp_path)
    assert str(caught.value).startswith(str(tmp_path / found[0]))
    assert f"found {found[1]} only here" in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "an empty file"),
        ([HEADER], "expected rows below the header, found none"),
        ([HEADER[:-1], ["a", "b", *"00000"]], "expected the column identity_hate, found 'id'"),
        ([HEADER, ["a", "b", *"000002"]], "line 2: expected 0, 1 under every label, found '2'"),
        ([HEADER, ["a", "b", *"00000", "-1"]], "line 2: .* found '-1'"),
        ([HEADER, ["a", "b", *"00000", ""]], "line 2: .* found ''"),
        ([HEADER, ["a", "b", *"000000"], ["a", "c", *"000000"]], "line 3: expected a new id"),
        ([HEADER, ["a", "b", *"000000"], ["c", "d"]], "line 3: expected 8 cells"),
    ],
    ids=["empty", "header", "column", "two", "minus one", "gap", "id", "ragged"],
)
def test_a_damaged_train_file_is_named(tmp_path: Path, rows: list[list[str]], message: str) -> None:
    path = write(tmp_path, "train.csv", rows)
    with pytest.raises(DataError, match=message) as caught:
        data.load("jigsaw", "train", tmp_path)
    assert str(caught.value).startswith(str(path))


def test_one_row_cannot_be_split(tmp_path: Path) -> None:
    write(tmp_path, "train.csv", comments(1))
    with pytest.raises(DataError, match="expected rows for train and dev, found 1"):
        data.load("jigsaw", "dev", tmp_path)


@pytest.mark.parametrize(("split", "file"), [("dev", "train.csv"), ("test", "test.csv")])
def test_a_missing_file_is_named_with_where_and_how(tmp_path: Path, split: str, file: str) -> None:
    with pytest.raises(MissingDataError) as caught:
        data.load("jigsaw", split, tmp_path)
    for part in (file, str(tmp_path / "jigsaw"), "overtone data fetch jigsaw", "--data-dir"):
        assert part in str(caught.value)
