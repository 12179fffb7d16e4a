"""What a cell is trained on, chosen by and scored on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from overtone import data
from overtone.data import Split, stratify
from overtone.errors import InputError
from overtone.experiment import first
from overtone.experiment.recipe import Recipe
from overtone.study.cells import Cell

SEED = 0
"""Of what is held out, which is the same for all cells of a dataset."""
HELD_OUT, OFFICIAL = "held out", "official"


@dataclass(frozen=True, eq=False)
class Splits:
    """A cell's splits."""

    train: Split
    """As much of it as the cell is given."""
    dev: Split
    """Chooses the epoch, and what decision and calibration are fitted on."""
    test: Split
    """Is only scored."""
    kind: str
    """What test is: official, or held out of train."""


def load(cell: Cell) -> Splits:
    """Load a cell's splits.

    Equal texts, whatever their case and white space, are held out together.

    Raises:
        InputError: a file is missing or damaged, the test split has no truth, or a part is empty.

    """
    recipe = cell.recipe
    if cell.hold_out and recipe.init.recipe:
        _check_first(recipe, first.recipe_of(recipe))
    train, dev = (
        data.load(recipe.data.name, name, cell.data_dir, recipe.data.options)
        for name in ("train", "dev")
    )
    test, train, kind = _test(cell, train)
    return Splits(_part(train, cell.fraction, cell.seed), dev, test, kind)


def test(cell: Cell) -> Split:
    """Return the texts that a cell is scored on.

    Raises:
        InputError: as for `load`.

    """
    recipe = cell.recipe
    if not cell.hold_out:
        return data.load(recipe.data.name, "test", cell.data_dir, recipe.data.options)
    train = data.load(recipe.data.name, "train", cell.data_dir, recipe.data.options)
    return _test(cell, train)[0]


def _test(cell: Cell, train: Split) -> tuple[Split, Split, str]:
    """Return the texts to score, the rest of the train split, and what the former are."""
    recipe = cell.recipe
    if cell.hold_out:
        rest, held_out = _deal(train, (1 - cell.hold_out, cell.hold_out), SEED)
        return held_out, rest, HELD_OUT
    official = data.load(recipe.data.name, "test", cell.data_dir, recipe.data.options)
    if official.targets is None or np.isnan(official.targets).all():
        raise InputError(
            f"{official.dataset} test has no truth (its labels are not published): hold out a part "
            "of train with hold_out = 0.15 in the study"
        )
    return official, train, OFFICIAL


def _check_first(recipe: Recipe, before: Recipe) -> None:
    """Refuse to train first on what is held out.

    Raises:
        InputError: the model that is started from sees the whole train split.

    """
    if recipe.data.name in {before.data.name, *(also.name for also in before.also)}:
        raise InputError(
            f"expected a model to start from that hasn't seen what is held out of "
            f"{recipe.data.name}, found init.recipe {recipe.init.recipe}, which is trained on all "
            "of it: name another one, or score the official test split with hold_out = 0"
        )


def _part(train: Split, fraction: float, seed: int) -> Split:
    """Return a share of the texts, drawn under the cell's seed; all of them are not drawn."""
    return train if fraction == 1 else _deal(train, (fraction, 1 - fraction), seed)[0]


def _deal(split: Split, shares: Sequence[float], seed: int) -> tuple[Split, Split]:
    """Return two parts of a split, stratified over the labels.

    Raises:
        InputError: one would be empty.

    """
    parts = stratify.split(data.truth(split), shares, seed, split.together())
    first, second = (np.flatnonzero(parts == part) for part in (0, 1))
    if not (len(first) and len(second)):
        raise InputError(
            f"expected texts for both parts of {split.dataset} {split.name}, found {len(split)} in "
            f"all, to be divided {shares[0]:g} to {shares[1]:g}"
        )
    return split.part(first), split.part(second)
