"""The parts of a training run: all that a recipe names, loaded, encoded and checked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from overtone import bundle, data, inputs, losses, models, text
from overtone.data import Split, label_words
from overtone.errors import InputError
from overtone.experiment import distill, learnt, misfits, smaller
from overtone.experiment.recipe import Recipe
from overtone.inputs import Encoded, Inputs
from overtone.labels import Labels
from overtone.losses import Loss
from overtone.training.mixture import Mixture
from overtone.training.random_labels import RandomLabels
from overtone.training.result import TrainingData, TrainingSet

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Other:
    """Another dataset that is trained on at the same time."""

    split: Split
    train: TrainingSet
    share: float
    """Share of its texts that an epoch has."""


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
    others: tuple[Other, ...] = ()
    start: Path | None = None
    """The model that was trained first, where the recipe wants one."""
    vocabulary: Split | None = None
    """Texts whose word pieces are kept, where the vocabulary is cut."""
    heard_of: learnt.Hashes = field(default_factory=lambda: np.zeros(0, np.uint64))
    """Dev texts that a model that this one learns from has learnt."""

    def training_set(self, targets: NDArray[np.float32]) -> TrainingSet:
        """Return the recipe's own dataset, with targets (n, C), as what to train on."""
        return TrainingSet(self.inputs, self.train_encoded, targets, self.train.ids)

    def training_data(self, targets: NDArray[np.float32]) -> TrainingData:
        """Return all that is trained on, with targets (n, C) for the recipe's own dataset."""
        found: TrainingData = self.training_set(targets)
        if self.others:
            sets = [self.training_set(targets), *(other.train for other in self.others)]
            found = Mixture(sets, [1.0, *(other.share for other in self.others)])
        most = self.recipe.training.random_labels
        return RandomLabels(found, most) if most else found


def prepare(recipe: Recipe, data_dir: Path | None, start: Path | None = None) -> Parts:
    """Load all that a recipe names: data, encoder, loss. What `--dry-run` checks.

    Args:
        recipe: the recipe.
        data_dir: where the datasets' files are.
        start: the model that was trained first, where the recipe wants one.

    Raises:
        InputError: something can't be found or doesn't fit.

    """
    train_split, dev_split = (
        data.load(recipe.data.name, name, data_dir, recipe.data.options)
        for name in ("train", "dev")
    )
    others = [data.load(also.name, "train", data_dir, also.options) for also in recipe.also]
    return prepare_splits(
        recipe, train_split, dev_split, others=others, data_dir=data_dir, start=start
    )


def prepare_splits(
    recipe: Recipe,
    train_split: Split,
    dev_split: Split,
    *,
    others: Sequence[Split] = (),
    data_dir: Path | None = None,
    start: Path | None = None,
) -> Parts:
    """Make the parts of a run from splits that are loaded already.

    Args:
        recipe: the recipe.
        train_split: of its own dataset.
        dev_split: of its own dataset.
        others: the train splits of the datasets in its section `also`.
        data_dir: where the files of datasets are that teachers label.
        start: the model that was trained first, where the recipe wants one.

    Raises:
        InputError: a split has no truth, or something can't be found or doesn't fit.

    """
    for split in (train_split, dev_split, *others):
        data.truth(split)
    seed = recipe.training.seed
    train_split = distill.with_texts(recipe.teacher, train_split, dev_split, seed, data_dir)
    splits = (train_split, dev_split, *others)
    clean = text.load(recipe.text.name, recipe.text.options)
    cleaned = [[clean(item) for item in split.texts] for split in splits]
    trained = [item for texts in (cleaned[0], *cleaned[2:]) for item in texts]
    words = smaller.texts(recipe.compress, dev_split, data_dir)
    spelled = [clean(item) for item in (words.texts if words else ())]
    torch.manual_seed(seed)  # the head's first weights
    label_sets = [split.labels for split in (train_split, *others)]
    begin = _start(recipe, start)
    heard_of = learnt.inherited(
        [*([begin] if begin else []), *distill.bundles(recipe.teacher)], dev_split
    )
    pretrained = _pretrained(recipe, label_sets, trained, spelled, begin)
    misfits.check(recipe, pretrained.model, train_split, dev_split, others)
    kind, kind_of_others = (
        inputs.load(
            recipe.inputs.name, options, Tokenizer.from_str(pretrained.tokenizer), pretrained.limit
        )
        for options in (recipe.inputs.options, inputs.without_prompts(recipe.inputs.options))
    )
    own_loss, *other_losses = _losses(recipe, (train_split, *others))
    return Parts(
        recipe,
        train_split,
        dev_split,
        kind,
        _encoded(kind, train_split, cleaned[0], "train"),
        _encoded(kind, dev_split, cleaned[1], "dev"),
        pretrained,
        own_loss,
        tuple(
            Other(
                split,
                TrainingSet(
                    kind_of_others,
                    _encoded(kind_of_others, split, texts, f"{split.dataset} train"),
                    data.truth(split),
                    split.ids,
                    loss,
                ),
                also.share,
            )
            for also, split, texts, loss in zip(
                recipe.also, others, cleaned[2:], other_losses, strict=True
            )
        ),
        start,
        words,
        heard_of,
    )


def _pretrained(
    recipe: Recipe,
    label_sets: Sequence[Labels],
    texts: Sequence[str],
    spelled: Sequence[str],
    start: bundle.Bundle | None,
) -> models.Pretrained:
    """Make the model, from another one where the recipe says so.

    Args:
        recipe: the recipe.
        label_sets: the labels of its own dataset, then those of the others.
        texts: the cleaned texts to train on.
        spelled: the cleaned texts whose pieces a cut vocabulary keeps.
        start: the other model.

    """
    name, options, labels = recipe.model.name, recipe.model.options, label_sets[0]
    if start is None:
        return models.create(name, options, labels, texts)
    if recipe.init.recipe:
        return models.continued(name, options, start, labels)
    if recipe.training.random_labels:  # their other words are read, too
        words = [found for each in label_sets for found in label_words.others(each) if found]
        label_sets = [*label_sets, *(Labels.of(*found) for found in words)]
    kept = smaller.kept(
        recipe.compress, start, spelled, label_sets, recipe.inputs.name, recipe.inputs.options
    )
    return models.continued(name, options, start, labels, kept)


def _start(recipe: Recipe, first: Path | None) -> bundle.Bundle | None:
    """Return the model that a recipe starts from, if any.

    Args:
        recipe: the recipe.
        first: the model that was trained first.

    Raises:
        InputError: it is not there, or another one by now.

    """
    if recipe.init.recipe:
        if first is None:
            raise InputError(
                f"the recipe starts from a model that is trained first, by {recipe.init.recipe}, "
                "which overtone train does: train that model apart and start from it, or set "
                'init.recipe=""'
            )
        return bundle.load(bundle.locate(first))
    if recipe.init.model:
        start = bundle.load(bundle.locate(recipe.init.model))
        if start.digest != recipe.init.sha256:
            raise InputError(
                f"the model {recipe.init.model} is no longer the one that the run was started "
                "from: put that one back, or train again"
            )
        return start
    return None


def _losses(recipe: Recipe, splits: Sequence[Split]) -> list[Loss]:
    """Return each train split's loss: present labels weigh what they weigh among its own texts."""
    options = recipe.loss.options
    known = {name for split in splits for name in split.labels.names}
    found = []
    for split in splits:
        elsewhere = known.difference(split.labels.names)
        weights = {
            name: weight
            for name, weight in options["positive_weights"].items()
            if name not in elsewhere
        }
        own = {**options, "positive_weights": weights}
        found.append(losses.load(recipe.loss.name, own, split.labels, data.truth(split)))
    return found


def _encoded(kind: Inputs, split: Split, texts: Sequence[str], name: str) -> Encoded:
    """Encode a split's cleaned texts, and say what of them the model doesn't get to see."""
    encoded = kind.encode(texts, split.labels)
    if encoded.truncated:
        log.warning(
            "%s: %d of %d texts are longer than the model's input and lose a part; "
            "inputs.max_length makes it longer, inputs.long keeps other parts or all",
            name,
            encoded.truncated,
            len(split),
        )
    if encoded.unknown is not None and len(encoded.ids):
        log.info(
            "%s: %.1f %% of %d words have a vector of their own",
            name,
            100 * (1 - encoded.unknown / len(encoded.ids)),
            len(encoded.ids),
        )
    return encoded
