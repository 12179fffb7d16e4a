"""The tweets that speed is measured on: real ones, or generated ones of like lengths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overtone import data
from overtone.data import Split
from overtone.errors import InputError, MissingDataError
from overtone.labels import Labels

DATASET = "semeval2018-en"
DEV = 32
"""Texts to choose the best epoch by: few, because that is no part of what is measured."""

# What semeval2018-en has: word pieces a text after cleaning (mean and standard deviation, the
# fewest and the most), and the share of labels that are on.
MEAN, DEVIATION, FEWEST, MOST = 21.5, 9.0, 1, 68
ON = 0.21
WORDS = """
the a to and i of in is you that it for my on so be this with me not but have are all just was day
when what love people happy get like life one good time know never can angry sad fear joy see make
world today always want need think really feel still going
""".split()  # noqa: SIM905 - each of them one word piece


def load(count: int, data_dir: Path | None) -> tuple[Split, Split, bool]:
    """Return `count` texts to train on, a few others, and whether they are real.

    Args:
        count: texts to train on, drawn at random from the train split.
        data_dir: where the files are; by default OVERTONE_DATA_DIR, else the user's cache.

    Raises:
        InputError: there aren't that many, or a file is damaged.

    """
    rng = np.random.default_rng(0)
    try:
        split, real = data.load(DATASET, "train", data_dir), True
    except MissingDataError:
        split, real = _generated(count + DEV, rng), False
    if not 0 < count <= len(split) - DEV:
        raise InputError(
            f"expected 1 to {len(split) - DEV} texts, found {count}: choose another --texts"
        )
    places = rng.permutation(len(split))
    return _part(split, "train", places[:count]), _part(split, "dev", places[-DEV:]), real


def _generated(count: int, rng: np.random.Generator) -> Split:
    lengths = np.clip(rng.normal(MEAN, DEVIATION, count).round(), FEWEST, MOST).astype(int)
    texts = tuple(" ".join(rng.choice(WORDS, length)) for length in lengths)
    labels = Labels.of(
        "anger", "anticipation", "disgust", "fear", "joy", "love", "optimism", "pessimism",
        "sadness", "surprise", "trust",
    )  # fmt: skip
    targets = (rng.random((count, len(labels))) < ON).astype(np.float32)
    return Split("generated", "train", tuple(map(str, range(count))), texts, labels, targets)


def _part(split: Split, name: str, places: NDArray[np.int64]) -> Split:
    return Split(
        split.dataset,
        name,
        tuple(split.ids[place] for place in places),
        tuple(split.texts[place] for place in places),
        split.labels,
        data.truth(split)[places],
    )
