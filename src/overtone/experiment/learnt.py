"""Dev texts that a model has learnt, and what was said of them by who had not.

A soup that learns dev (`training.learn_dev`) keeps beside its weights which texts these are, by
their hashes, and the probabilities of the trainings that had not seen them: these stand in for its
own wherever it is scored or fitted on such texts. A model that starts from such a one or learns
from it knows that it has met the texts, and has nothing to put in the place of what it says.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from overtone.bundle import LEARNT, Bundle
from overtone.data import Split
from overtone.data.stratify import same_text
from overtone.errors import BundleError, InputError
from overtone.inference.predictor import Predictor

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]
Hashes = NDArray[np.uint64]

FEW = 0.1
"""Share of the texts up to which those that a model has learnt are a chance, such as a greeting
that stands in two splits: that is said, and no reason to refuse."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """The dev texts that a model has learnt."""

    texts: Hashes
    """(n,)"""
    probabilities: Floats
    """(n, C) by trainings that had not seen them, uncalibrated; NaN where there was none."""

    def write(self, path: Path) -> None:
        """Keep them in a file of a bundle."""
        save_file({"texts": self.texts, "probabilities": self.probabilities}, path)

    def forgotten(self) -> Learnt:
        """Return the same texts without what was said of them."""
        return Learnt(self.texts, np.full_like(self.probabilities, np.nan))

    def heard_of(self, texts: Hashes) -> Learnt:
        """Return these and others, learnt by another model that this one has learnt from."""
        more = np.setdiff1d(texts, self.texts)
        gaps = np.full((len(more), self.probabilities.shape[1]), np.nan, dtype=np.float32)
        return Learnt(
            np.concatenate([self.texts, more]), np.concatenate([self.probabilities, gaps])
        )


def of(texts: Sequence[str], probabilities: Floats) -> Learnt:
    """Return texts that were learnt, and what was said of them before, (n, C)."""
    hashes, first = np.unique(_hashes(texts), return_index=True)
    return Learnt(hashes, np.asarray(probabilities[first], dtype=np.float32))


def read(found: Bundle) -> Learnt:
    """Return what a bundle keeps of them, nothing for most.

    Raises:
        BundleError: it can't be read.

    """
    labels = len(found.manifest.labels)
    if LEARNT not in found.files:
        return Learnt(np.zeros(0, np.uint64), np.zeros((0, labels), np.float32))
    try:
        kept = load_file(found.file(LEARNT))
        texts, probabilities = kept["texts"], kept["probabilities"]
    except (SafetensorError, KeyError) as error:
        raise BundleError(
            f"{found.path}: {LEARNT} can't be read ({error}); copy it again"
        ) from error
    right = (np.dtype(np.uint64), (len(texts), labels), np.dtype(np.float32))
    if (texts.dtype, probabilities.shape, probabilities.dtype) != right:
        raise BundleError(
            f"{found.path}: expected {len(texts)} texts of {labels} labels in {LEARNT}, found "
            f"{probabilities.dtype} {probabilities.shape}; don't use this bundle"
        )
    return Learnt(texts, probabilities)


def instead(
    model: Predictor, texts: Sequence[str], own: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return probabilities by trainings that had not seen a text in place of those by one that has.

    Args:
        model: the model.
        texts: what it was asked about.
        own: what it said, uncalibrated, (n, C) in the order of the labels that it is set to.

    Returns:
        (n, C), NaN where there are none, as when it was asked for other labels than its own; and
        which texts it has learnt, (n,).

    """
    kept = read(model.bundle)
    if not len(kept.texts):
        return own, np.zeros(len(texts), dtype=np.bool_)
    hashes = _hashes(texts)
    known = np.isin(hashes, kept.texts)
    order = np.argsort(kept.texts)
    rows = order[np.searchsorted(kept.texts, hashes[known], sorter=order)]
    found, names = own.copy(), model.bundle.manifest.labels.names
    if set(model.labels.names) == set(names):
        columns = [names.index(name) for name in model.labels.names]
        found[known] = kept.probabilities[rows][:, columns]
    else:
        found[known] = np.nan
    return found, known


def scorable(model: Predictor, split: Split, own: Floats) -> tuple[Floats, int]:
    """Return the probabilities by which a model is scored on a split, or fitted on it.

    Args:
        model: the model.
        split: the texts.
        own: as for `instead`.

    Returns:
        (n, C), and for how many texts they are those of a training that had not seen them.

    Raises:
        InputError: the model has learnt many of the texts, and there is nothing else to score.

    """
    found, known = instead(model, split.texts, own)
    lost = known & np.isnan(found).any(axis=1)
    if lost.mean() > FEW:
        raise InputError(
            f"{model.bundle.path} has learnt {lost.sum()} of these {len(split)} texts "
            "(training.learn_dev, its own or that of a model that it was made from), and has "
            "nothing to be scored by there: name other texts; or, of an export, the model that it "
            "was made from, asked for all of its labels"
        )
    if lost.any():
        log.warning(
            "the model has learnt %d of these %d texts, and is scored on them all the same",
            lost.sum(), len(split),
        )  # fmt: skip
        found[lost] = own[lost]
    return found, int((known & ~lost).sum())


def inherited(models: Iterable[Bundle], dev: Split) -> Hashes:
    """Return what a model that learns from others hears of, hashes of texts.

    Args:
        models: the others.
        dev: the split that it is scored on.

    Raises:
        InputError: one of them has learnt much of dev; scores there would say nothing.

    """
    found, ours = np.zeros(0, np.uint64), _hashes(dev.texts)
    for each in models:
        theirs = read(each).texts
        count = int(np.isin(ours, theirs).sum())
        if count > FEW * len(dev):
            raise InputError(
                f"the model {each.path} has learnt {count} of the {len(dev)} texts of this dev "
                "split (training.learn_dev), on which a model that learns from it can't be "
                "scored: train that one with --set training.learn_dev=false, or take another dev "
                "split"
            )
        found = np.union1d(found, theirs)
    return found


def _hashes(texts: Sequence[str]) -> Hashes:
    """Return a number for each text, the same for those that differ in case or white space only."""
    digests = (
        hashlib.blake2b(same_text(text).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        for text in texts
    )
    return np.array([int.from_bytes(digest, "little") for digest in digests], dtype=np.uint64)
