"""The parts of a training run: all that a recipe names, loaded, encoded and checked."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer

from overtone import data, inputs, losses, models, text
from overtone.data import Split
from overtone.experiment.recipe import Recipe
from overtone.inputs import Encoded, Inputs
from overtone.losses import Loss

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Parts:
    """All that a run needs."""

    recipe: Recipe
    train: Split
    dev: Split
    inputs: Inputs
    train_encoded: Encoded
    dev_encoded: Encoded
    pretrained: models.Pretrained
    loss: Loss


def prepare(recipe: Recipe, data_dir: Path | None) -> Parts:
    """Load all that a recipe names: data, encoder, loss. What `--dry-run` checks.

    Raises:
        InputError: something can't be found or doesn't fit.

    """
    train_split, dev_split = (
        data.load(recipe.data.name, name, data_dir, recipe.data.options)
        for name in ("train", "dev")
    )
    for split in (train_split, dev_split):
        data.truth(split)
    torch.manual_seed(recipe.training.seed)  # the head's first weights
    pretrained = models.create(recipe.model.name, recipe.model.options)
    encoder_inputs = inputs.load(
        recipe.inputs.name,
        recipe.inputs.options,
        Tokenizer.from_str(pretrained.tokenizer),
        pretrained.limit,
    )
    clean = text.load(recipe.text.name, recipe.text.options)
    train_encoded, dev_encoded = (
        encoder_inputs.encode([clean(item) for item in split.texts], split.labels)
        for split in (train_split, dev_split)
    )
    for split, encoded in ((train_split, train_encoded), (dev_split, dev_encoded)):
        if encoded.truncated:
            log.warning(
                "%s: %d of %d texts are longer than inputs.max_length allows and lose their end",
                split.name,
                encoded.truncated,
                len(split),
            )
    return Parts(
        recipe,
        train_split,
        dev_split,
        encoder_inputs,
        train_encoded,
        dev_encoded,
        pretrained,
        losses.load(recipe.loss.name, recipe.loss.options),
    )
