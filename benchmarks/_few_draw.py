"""Draws of a few examples a label from a dataset where a text may carry several labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overtone import data
from overtone.data import Split, stratify
from overtone.errors import InputError

HALF = 0.5


def draw(targets: NDArray[np.float32], count: int, seed: int) -> NDArray[np.int64]:
    """Return the rows of a draw in which every label stands at least `count` times, ascending.

    The labels take turns, the rarest one of `targets` first. Each draws texts that carry it, at
    random and none twice, until `count` of all that are drawn carry it. A text counts for all of
    its labels, so frequent labels stand more often than `count` times, and there are fewer texts
    than `count` times the labels. No text without labels is drawn.

    Args:
        targets: (n, C), 1 where a label is present.
        count: examples a label.
        seed: another one, or another count, is another draw.

    Raises:
        InputError: a label has fewer texts.

    """
    present = targets > HALF
    if (fewest := int(present.sum(axis=0).min())) < count:
        raise InputError(
            f"expected at least {count} texts a label, found {fewest} of the rarest: draw fewer"
        )
    rng = np.random.default_rng([seed, count])
    drawn = np.zeros(len(present), dtype=np.bool_)
    for label in np.argsort(present.sum(axis=0), kind="stable"):
        lacking = count - int(present[drawn, label].sum())
        if lacking > 0:
            left = np.flatnonzero(present[:, label] & ~drawn)
            drawn[rng.permutation(left)[:lacking]] = True
    return np.flatnonzero(drawn)


def others(whole: Split, drawn: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Return `count` random rows that were not drawn, nor have the same text as one that was."""
    texts = [stratify.same_text(text) for text in whole.texts]
    known = {texts[row] for row in drawn}
    left = [row for row, text in enumerate(texts) if text not in known]
    return np.sort(np.random.default_rng(seed).permutation(left)[:count])


def part(whole: Split, name: str, rows: NDArray[np.int64]) -> Split:
    """Return some rows of a split under another name."""
    return Split(
        whole.dataset,
        name,
        tuple(whole.ids[row] for row in rows),
        tuple(whole.texts[row] for row in rows),
        whole.labels,
        data.truth(whole)[rows],
    )
