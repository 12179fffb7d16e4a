"""What models say of texts that they were not trained on: each is trained on all folds but one.

Sources: Stone, Cross-Validatory Choice and Assessment of Statistical Predictions (JRSS B 36, 1974);
that such out-of-fold predictions are what another model should learn from: Wolpert, Stacked
Generalization (Neural Networks 5, 1992).
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overtone import data
from overtone.data import Split, stratify
from overtone.errors import InputError
from overtone.experiment.distill import Teacher
from overtone.experiment.parts import Parts, prepare_splits
from overtone.experiment.recipe import Recipe
from overtone.inference import predictor

log = logging.getLogger(__name__)

EVERY = -1
"""The fold of texts without truth, which no model is trained on."""
FEWEST = 2

Make = Callable[[], Parts]
Trained = Callable[[Make, Path], Path]
"""Trains what it is given into a folder, or goes on there, and returns where the model is."""


@dataclass(frozen=True)
class OutOfFold:
    """Probabilities of the train split's texts by models that have not seen them."""

    probabilities: NDArray[np.float32]
    """(n, C), uncalibrated; of texts without truth the mean over all models."""
    folds: NDArray[np.int64]
    """(n,) from 0; EVERY for texts without truth."""


def divide(split: Split, count: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each text, (n,): stratified over the labels, equal texts together.

    Where the file has groups, it is these that stay together.

    Raises:
        InputError: there are fewer than two folds, or not enough texts for so many.

    """
    truth = data.truth(split)
    annotated = np.flatnonzero(~np.isnan(truth).all(axis=1))
    if count < FEWEST or len(annotated) < count:
        raise InputError(
            f"expected at least {FEWEST} folds and a text for each, found {count} folds and "
            f"{len(annotated)} annotated texts"
        )
    found = np.full(len(split), EVERY)
    together = split.together()
    groups = [together[row] for row in annotated]
    found[annotated] = stratify.split(truth[annotated], [1.0] * count, seed, groups)
    if len(np.unique(found[annotated])) < count:
        raise InputError(
            f"expected {count} folds of texts or groups that differ, found {len(set(groups))}"
        )
    return found


def probabilities(
    recipe: Recipe,
    splits: Sequence[Split],
    folder: Path,
    count: int,
    trained: Trained,
    *,
    start: Path | None = None,
    device: str = "auto",
) -> OutOfFold:
    """Train a model for each fold, on the other folds, and return what each says of its own.

    Args:
        recipe: of each model; its teachers are left out, its seed divides the texts.
        splits: train, which is divided; dev, which chooses each model's epoch as it does for a
            model of the whole; and the train splits of the datasets in the section `also`.
        folder: where the runs go, `fold-0` and so on; those that are there are finished.
        count: how many folds.
        trained: trains one.
        start: the model that all start from, where the recipe wants one that is trained first.
        device: where texts are predicted.

    Raises:
        InputError: as for `divide`, and as for training.

    """
    train, dev, *others = splits
    parts = divide(train, count, recipe.training.seed)
    alone = dataclasses.replace(recipe, teacher=Teacher())
    found = np.zeros(data.truth(train).shape)
    for fold in range(count):
        log.info("fold %d of %d", fold + 1, count)
        rest = train.part(np.flatnonzero((parts != fold) & (parts != EVERY)))
        model = predictor.load(
            trained(
                partial(prepare_splits, alone, rest, dev, others=others, start=start),
                folder / f"fold-{fold}",
            ),
            device=device,
        )
        asked = np.flatnonzero((parts == fold) | (parts == EVERY))
        found[asked] += model.uncalibrated([train.texts[row] for row in asked])
    found[parts == EVERY] /= count
    return OutOfFold(found.astype(np.float32), parts)
