"""Dev is learnt, too: by each training of a soup all of it but a part, which chooses its epoch.

So every labelled text is learnt from, and each dev text still has a training that never saw it:
what that one says of it is what calibration and decision are fitted on, and what is scored. These
are out-of-fold predictions (Stone, Cross-Validatory Choice and Assessment of Statistical
Predictions, JRSS B 36, 1974). The model itself, the mean of all trainings, has no labelled texts
left to be scored on; the scores are those of its parts, which see less and are not averaged.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from overtone import data, text
from overtone.experiment import folds
from overtone.experiment.parts import Parts
from overtone.training.result import TrainingData


@dataclass(frozen=True, eq=False)
class Member:
    """What one training of a soup has."""

    parts: Parts
    """Its train split has the dev texts that it learns at the end; its dev split, the others."""
    unseen: NDArray[np.int64]
    """Which of the run's dev texts it doesn't learn."""

    def training_data(self, targets: NDArray[np.float32]) -> TrainingData:
        """Return all that is trained on, with targets (n, C) for the run's own train split."""
        learnt = data.truth(self.parts.train)[len(targets) :]
        return self.parts.training_data(np.concatenate([targets, learnt]))


def members(parts: Parts) -> list[Member]:
    """Return what each training of a run has: of a soup that learns dev, another part of dev each.

    Raises:
        InputError: dev has too few texts for so many parts.

    """
    training = parts.recipe.training
    if not training.learn_dev:
        return [Member(parts, np.arange(len(parts.dev)))] * training.soup
    fold = folds.divide(parts.dev, training.soup, training.seed)
    return [_member(parts, fold, number) for number in range(training.soup)]


def _member(parts: Parts, fold: NDArray[np.int64], number: int) -> Member:
    # Texts without truth are nobody's to learn.
    unseen = np.flatnonzero((fold == number) | (fold == folds.EVERY))
    learnt = np.setdiff1d(np.arange(len(fold)), unseen)
    train, dev = parts.train.joined(parts.dev.part(learnt)), parts.dev.part(unseen)
    clean = text.load(parts.recipe.text.name, parts.recipe.text.options)
    train_encoded, dev_encoded = (
        parts.inputs.encode([clean(item) for item in split.texts], split.labels)
        for split in (train, dev)
    )
    own = dataclasses.replace(
        parts, train=train, dev=dev, train_encoded=train_encoded, dev_encoded=dev_encoded
    )
    return Member(own, unseen)


def unseen_logits(
    model: nn.Module,
    found: Sequence[Member],
    weights: Iterable[dict[str, Tensor]],
    logits_of: Callable[[Parts], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """Return what is said of each dev text by the training that never saw it, (n, C).

    Of texts that none learnt it is the mean over all.

    Args:
        model: whose weights are others for a while.
        found: what each training had.
        weights: each one's, in their order.
        logits_of: what the model says of a dev split as it is then.

    """
    whole = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    size = 1 + max(int(member.unseen.max()) for member in found)
    logits, count = np.zeros((size, len(found[0].parts.dev.labels))), np.zeros((size, 1))
    for member, own in zip(found, weights, strict=True):
        model.load_state_dict(own)
        logits[member.unseen] += logits_of(member.parts)
        count[member.unseen] += 1
    model.load_state_dict(whole)
    return (logits / count).astype(np.float32)
