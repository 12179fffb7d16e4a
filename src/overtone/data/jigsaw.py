"""Jigsaw's toxic comments: some 160,000 comments on Wikipedia's talk pages, six kinds of toxicity.

Source: Jigsaw/Conversation AI, Toxic Comment Classification Challenge (Kaggle, 2018). The labels
are CC0, the comments' text is CC BY-SA 3.0. Dev is a part of the official train file; of the test
file, only the rows that the challenge scored have truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from overtone.config import Range
from overtone.data import Split, stratify, tables
from overtone.data._official import locate
from overtone.data._sources import MEBIBYTE, Source
from overtone.errors import DataError, MissingDataError
from overtone.labels import Labels

VARIANTS: dict[str, dict[str, object]] = {}
SPLITS = ("train", "dev", "test")

NAMES = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
TRAIN, TEST, TEST_LABELS = "train.csv", "test.csv", "test_labels.csv"
PAGE = "kaggle.com/c/jigsaw-toxic-comment-classification-challenge"

TRUTH = {"0": 0.0, "1": 1.0}
SCORED_OR_NOT = {**TRUTH, "-1": np.nan}

SOURCES = (
    Source(
        url="https://www.kaggle.com/c/jigsaw-toxic-comment-classification-challenge/data",
        files={TRAIN: None, TEST: None, TEST_LABELS: None},
        by_hand=f"Kaggle asks for a login: log in at {PAGE}, accept the rules, download the data "
        "and unpack its archives",
        terms="labels CC0, text of the comments CC BY-SA 3.0",
        limit=256 * MEBIBYTE,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """How much of the train file, and how it is split."""

    sample: Annotated[float, Range(0.0001, 1)] = 1.0
    """Share of the train file that is used, stratified over the labels. The study that overtone
    began with took 0.4."""
    dev_share: Annotated[float, Range(0.01, 0.9)] = 0.2
    """Share of those rows that is dev, stratified over the labels."""
    split_seed: Annotated[int, Range(0)] = 0
    """Which rows these are."""


def load(config: Config, split: str, data_dir: Path) -> Split:
    """Read `train.csv` and its like from `data_dir/jigsaw` or `data_dir` itself.

    Raises:
        MissingDataError: the file is not there.
        DataError: it is damaged, or the test files' ids differ; names file and line.

    """
    path = find(config, split, data_dir)
    labels = Labels.of(*NAMES)
    if split == "test":
        ids, texts = _texts(path)
        return Split("jigsaw", split, ids, texts, labels, _test_truth(path, ids, data_dir))
    ids, texts, targets = _train(path)
    rows = np.arange(len(ids))
    if config.sample < 1:
        shares = (config.sample, 1 - config.sample)
        rows = rows[stratify.split(targets, shares, config.split_seed) == 0]
    shares = (1 - config.dev_share, config.dev_share)
    parts = stratify.split(targets[rows], shares, config.split_seed)
    rows = rows[parts == ("train", "dev").index(split)]
    if not len(rows):
        raise DataError(f"{path}: expected rows for train and dev, found {len(ids)} in all")
    return Split(
        "jigsaw",
        split,
        tuple(ids[row] for row in rows),
        tuple(texts[row] for row in rows),
        labels,
        targets[rows],
    )


def find(config: Config, split: str, data_dir: Path) -> Path:  # noqa: ARG001 - as plugins have it
    """Return the file that `load` reads texts from.

    Raises:
        MissingDataError: it is not there.

    """
    return locate("jigsaw", TEST if split == "test" else TRAIN, data_dir, PAGE)


def _train(path: Path) -> tuple[tuple[str, ...], tuple[str, ...], NDArray[np.float32]]:
    ids, texts, targets = [], [], []
    for line, row in _rows(path, ("comment_text", *NAMES)):
        ids.append(row["id"])
        texts.append(row["comment_text"])
        targets.append(_cells(path, line, row, TRUTH))
    return tuple(ids), tuple(texts), np.asarray(targets, dtype=np.float32)


def _texts(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    pairs = [(row["id"], row["comment_text"]) for _, row in _rows(path, ("comment_text",))]
    return tuple(key for key, _ in pairs), tuple(text for _, text in pairs)


def _test_truth(path: Path, ids: tuple[str, ...], data_dir: Path) -> NDArray[np.float32] | None:
    """Return the truth of the test file's rows, joined by id; None where its file is not there."""
    try:
        labels_path = locate("jigsaw", TEST_LABELS, data_dir, PAGE)
    except MissingDataError:
        return None
    truth = {
        row["id"]: _cells(labels_path, line, row, SCORED_OR_NOT)
        for line, row in _rows(labels_path, NAMES)
    }
    for one, other, missing in (
        (path, labels_path, [key for key in ids if key not in truth]),
        (labels_path, path, sorted(truth.keys() - set(ids))),
    ):
        if missing:
            raise DataError(
                f"{one}: expected the same ids as in {other}, found {missing[0]!r} only here "
                f"({len(missing)} such); get both files again"
            )
    return np.asarray([truth[key] for key in ids], dtype=np.float32)


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, tables.Row]]:
    """Yield the rows of an official file, each with an id of its own."""
    first_seen: dict[str, int] = {}
    for line, row in tables.read(path):
        if not first_seen:
            tables.require_columns(path, row, ("id", *columns))
        if row["id"] in first_seen:
            raise DataError(
                f"{path}, line {line}: expected a new id, found {row['id']!r} again (first on line "
                f"{first_seen[row['id']]}); remove one of the two rows"
            )
        first_seen[row["id"]] = line
        yield line, row
    if not first_seen:
        raise DataError(f"{path}: expected rows below the header, found none; get the file again")


def _cells(path: Path, line: int, row: tables.Row, allowed: dict[str, float]) -> list[float]:
    try:
        return [allowed[row[name]] for name in NAMES]
    except KeyError as error:
        raise DataError(
            f"{path}, line {line}: expected {', '.join(allowed)} under every label, found "
            f"{error.args[0]!r}; correct the cell"
        ) from error
