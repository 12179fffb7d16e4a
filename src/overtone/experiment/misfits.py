"""What of a recipe doesn't fit its model's family: refused before anything is trained."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from overtone import data, models
from overtone.data import Split
from overtone.errors import InputError
from overtone.experiment.recipe import Recipe

log = logging.getLogger(__name__)

SMALL = 50
"""Texts of a part of dev below which luck chooses a training's epoch."""


def check(
    recipe: Recipe, model: models.Model, train: Split, dev: Split, others: Sequence[Split]
) -> None:
    """Refuse what doesn't fit.

    Args:
        recipe: the recipe.
        model: its model, made.
        train: the train split of its own dataset.
        dev: its dev split.
        others: the train splits of the datasets in its section `also`.

    Raises:
        InputError: something doesn't.

    """
    _check_training(recipe, model)
    _check_dev(recipe, dev)
    _check_others(recipe, model, train, others)
    _check_random_labels(recipe)


def _check_training(recipe: Recipe, model: models.Model) -> None:
    """Refuse options of training that the family has no use for.

    Raises:
        InputError: there are some.

    """
    off = type(recipe.training)()
    for key in ("gradient_checkpointing", "lora", "layer_decay", "adversarial", "shard"):
        if getattr(recipe.training, key) != getattr(off, key) and not model.ENCODER:
            raise InputError(f"training.{key} needs an encoder, found {recipe.model.name}")
    if recipe.training.layer_decay != off.layer_decay:
        model.by_depth()  # not every encoder's layers are apart
    if recipe.training.soup > 1 and (recipe.training.lora or recipe.training.shard):
        raise InputError(
            "training.soup averages whole weights: leave out training.lora and training.shard"
        )
    if recipe.training.soup > 1 and isinstance(model, models.Solved):
        raise InputError(f"{recipe.model.name} is solved at once: leave out training.soup")
    if recipe.training.rdrop and isinstance(model, models.Solved):
        raise InputError(
            f"training.rdrop needs a model that is trained step by step, found {recipe.model.name}"
        )


def _check_dev(recipe: Recipe, dev: Split) -> None:
    """Refuse a dev split that is too small to be divided among a soup's trainings.

    Raises:
        InputError: it is.

    """
    if not recipe.training.learn_dev:
        return
    soup = recipe.training.soup
    together = dev.together()
    annotated = np.flatnonzero(~np.isnan(data.truth(dev)).all(axis=1))
    apart = len({together[row] for row in annotated})
    if apart < soup:
        raise InputError(
            f"training.learn_dev divides dev among the {soup} trainings of training.soup, found "
            f"{apart} annotated texts or groups that differ: take a smaller soup, or "
            "training.learn_dev=false"
        )
    if len(annotated) < SMALL * soup and recipe.training.keep == "best":
        log.warning(
            "training.learn_dev: each training's epoch is chosen by some %d texts, its part of "
            "dev, which is little: training.keep=last needs no choice, a smaller training.soup has "
            "larger parts",
            len(annotated) // soup,
        )


def _check_others(
    recipe: Recipe, model: models.Model, train: Split, others: Sequence[Split]
) -> None:
    """Refuse other datasets that the family can't learn.

    Raises:
        InputError: it has parameters for each label, and the labels are others.

    """
    if others and isinstance(model, models.Solved):
        raise InputError(f"{recipe.model.name} is solved at once, from one dataset: leave out also")
    for other in others if model.LABELLED else ():
        if other.labels.names != train.labels.names:
            raise InputError(
                f"{recipe.model.name} has parameters for each label, so all datasets need the same "
                f"labels in the same order, found {', '.join(train.labels.names)} in "
                f"{train.dataset} and {', '.join(other.labels.names)} in {other.dataset}: take "
                "--model spanemo, which reads the labels, or leave that dataset out"
            )


def _check_random_labels(recipe: Recipe) -> None:
    """Refuse to ask for some of the labels at a time where something belongs to each of them.

    Raises:
        InputError: the labels are not in the input, or the loss is not the same for any of them.

    """
    if not recipe.training.random_labels:
        return
    if recipe.inputs.name != "label_prefix":
        raise InputError(
            "training.random_labels asks for labels in the input, found the model "
            f"{recipe.model.name}, which has parameters for each label: take --model spanemo"
        )
    options = recipe.loss.options
    if recipe.loss.name in ("demux", "categorical") or any(
        options.get(key) for key in ("balance", "positive_weights")
    ):
        raise InputError(
            "training.random_labels needs a loss that is the same for all labels, found "
            f"{recipe.loss.name} or weights of labels: take bce or joint without loss.balance and "
            "loss.positive_weights"
        )
