"""The parts of a training run: all that a recipe names, loaded, encoded and checked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer

from overtone import bundle, data, inputs, losses, models, text
from overtone.data import Split
from overtone.errors import InputError
from overtone.experiment import distill
from overtone.experiment.recipe import Recipe
from overtone.inputs import Encoded, Inputs
from overtone.labels import Labels
from overtone.losses import Loss

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Parts:
    """All that a run needs."""

    recipe: Recipe
    train: Split
    """With the texts that only teachers label, not annotated."""
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
    return prepare_splits(recipe, train_split, dev_split, data_dir=data_dir)


def prepare_splits(
    recipe: Recipe, train_split: Split, dev_split: Split, *, data_dir: Path | None = None
) -> Parts:
    """Make the parts of a run from splits that are loaded already.

    Raises:
        InputError: a split has no truth, or something can't be found or doesn't fit.

    """
    for split in (train_split, dev_split):
        data.truth(split)
    seed = recipe.training.seed
    train_split = distill.with_texts(recipe.teacher, train_split, dev_split, seed, data_dir)
    clean = text.load(recipe.text.name, recipe.text.options)
    cleaned = [[clean(item) for item in split.texts] for split in (train_split, dev_split)]
    torch.manual_seed(seed)  # the head's first weights
    pretrained = _pretrained(recipe, train_split.labels, cleaned[0])
    _check_training(recipe, pretrained.model)
    family_inputs = inputs.load(
        recipe.inputs.name,
        recipe.inputs.options,
        Tokenizer.from_str(pretrained.tokenizer),
        pretrained.limit,
    )
    train_encoded, dev_encoded = (
        family_inputs.encode(texts, split.labels)
        for texts, split in zip(cleaned, (train_split, dev_split), strict=True)
    )
    _report(train_split, train_encoded)
    _report(dev_split, dev_encoded)
    return Parts(
        recipe,
        train_split,
        dev_split,
        family_inputs,
        train_encoded,
        dev_encoded,
        pretrained,
        losses.load(
            recipe.loss.name, recipe.loss.options, train_split.labels, data.truth(train_split)
        ),
    )


def _pretrained(recipe: Recipe, labels: Labels, texts: Sequence[str]) -> models.Pretrained:
    """Make the model, from another one where the recipe says so."""
    name, options = recipe.model.name, recipe.model.options
    if not recipe.init.model:
        return models.create(name, options, labels, texts)
    start = bundle.load(bundle.locate(recipe.init.model))
    if start.digest != recipe.init.sha256:
        raise InputError(
            f"the model {recipe.init.model} is no longer the one that the run was started from: "
            "put that one back, or train again"
        )
    return models.continued(name, options, start, labels)


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
    if recipe.training.rdrop and isinstance(model, models.Solved):
        raise InputError(
            f"training.rdrop needs a model that is trained step by step, found {recipe.model.name}"
        )


def _report(split: Split, encoded: Encoded) -> None:
    """Say what of a split's texts the model doesn't get to see."""
    if encoded.truncated:
        log.warning(
            "%s: %d of %d texts are longer than the model's input and lose a part; "
            "inputs.max_length makes it longer, inputs.long keeps other parts or all",
            split.name,
            encoded.truncated,
            len(split),
        )
    if encoded.unknown is not None and len(encoded.ids):
        log.info(
            "%s: %.1f %% of %d words have a vector of their own",
            split.name,
            100 * (1 - encoded.unknown / len(encoded.ids)),
            len(encoded.ids),
        )
