"""GoEmotions: 54,263 comments from Reddit with 27 emotions and neutral, in English.

Source: Demszky, Movshovitz-Attias, Ko, Cowen, Nemade and Ravi, GoEmotions: A Dataset of
Fine-Grained Emotions (ACL 2020), the filtered split of its authors; Apache-2.0. A row is text,
label numbers and id, without a header; `emotions.txt` names the numbers. Neutral is a label like
the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from overtone.config import Range
from overtone.data import Split, stratify
from overtone.data._lines import lines
from overtone.data._official import locate
from overtone.data._sources import Source
from overtone.errors import DataError, InputError
from overtone.labels import Labels

VARIANTS: dict[str, dict[str, object]] = {}
SPLITS = ("train", "dev", "test")

NAMES_FILE = "emotions.txt"
PAGE = "github.com/google-research/google-research/tree/master/goemotions/data"
CELLS = 3

SOURCES = tuple(
    Source(
        url=f"https://raw.githubusercontent.com/google-research/google-research/master/goemotions/data/{file}",
        files={file: pinned},
        terms="Apache-2.0; cite Demszky et al. (2020)",
    )
    for file, pinned in {
        "train.tsv": "1c254a142be5c00e80d819b9ae1bbd36d94b2eeb8f4b1271846508d57e57d9c5",
        "dev.tsv": "575489c079c9de1097062a01738f998590d6b7ead66dd1c9fd1d2ba01fd8bc62",
        "test.tsv": None,
        NAMES_FILE: "45c3ef86782d2a4d7fedcd6d8c111aa0d0e94720689bd164fac94fefb4495a89",
    }.items()
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """How much of it."""

    sample: Annotated[float, Range(0.0001, 1)] = 1.0
    """Share of the train split that is used, stratified over the labels, for quick runs."""
    sample_seed: Annotated[int, Range(0)] = 0
    """Which rows these are."""


def load(config: Config, split: str, data_dir: Path) -> Split:
    """Read `train.tsv` and its like from `data_dir/goemotions` or `data_dir` itself.

    Raises:
        MissingDataError: the file, or emotions.txt, is not there.
        DataError: it is damaged; names file and line.

    """
    path = find(config, split, data_dir)
    labels = _read_names(locate("goemotions", NAMES_FILE, data_dir, PAGE))
    first_seen: dict[str, int] = {}
    texts: list[str] = []
    on: list[list[int]] = []
    for number, line in lines(path):
        cells = line.rstrip("\n").removesuffix("\r").split("\t")
        if cells == [""]:
            continue
        if len(cells) != CELLS:
            raise DataError(
                f"{path}, line {number}: expected text, label numbers and id with tabs between, "
                f"found {len(cells)} cells; get the file again"
            )
        text, numbers, identifier = cells
        if identifier in first_seen:
            raise DataError(
                f"{path}, line {number}: expected a new id, found {identifier!r} again (first on "
                f"line {first_seen[identifier]}); remove one of the two rows"
            )
        first_seen[identifier] = number
        texts.append(text)
        on.append(_labels(path, number, numbers, len(labels)))
    if not texts:
        raise DataError(f"{path}: expected rows, found none; get the file again")
    targets = np.zeros((len(texts), len(labels)), dtype=np.float32)
    for row, columns in enumerate(on):
        targets[row, columns] = 1
    ids = tuple(first_seen)
    if split == "train" and config.sample < 1:
        shares = (config.sample, 1 - config.sample)
        kept = np.flatnonzero(stratify.split(targets, shares, config.sample_seed) == 0)
        ids, texts = tuple(ids[row] for row in kept), [texts[row] for row in kept]
        targets = targets[kept]
    return Split("goemotions", split, ids, tuple(texts), labels, targets)


def find(config: Config, split: str, data_dir: Path) -> Path:  # noqa: ARG001 - as plugins have it
    """Return the file that `load` reads.

    Raises:
        MissingDataError: it is not there.

    """
    return locate("goemotions", f"{split}.tsv", data_dir, PAGE)


def _read_names(path: Path) -> Labels:
    try:
        return Labels.of(*(name for _, line in lines(path) if (name := line.strip())))
    except InputError as error:
        raise DataError(f"{path}: {error}; get the file again") from error


def _labels(path: Path, line: int, numbers: str, count: int) -> list[int]:
    """Return the columns of a row's labels."""
    words = numbers.split(",")
    known = {str(column) for column in range(count)}
    if not known.issuperset(words):
        raise DataError(
            f"{path}, line {line}: expected label numbers from 0 to {count - 1} with commas "
            f"between, found {numbers!r}; correct the cell or get {NAMES_FILE} again"
        )
    return [int(word) for word in words]
