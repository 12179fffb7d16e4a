"""Dev is learnt, too: by each training of a soup all of it but a part, which chooses its epoch.

So every labelled text is learnt from, and each dev text still has a training that never saw it:
what that one says of it is what calibration and decision are fitted on, and what is scored. These
are out-of-fold predictions (Stone, Cross-Validatory Choice and Assessment of Statistical
Predictions, JRSS B 36, 1974). The model itself, the mean of all trainings, has no labelled texts
left to be scored on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from overtone import data, text
from overtone.data import Split
from overtone.experiment import folds
from overtone.experiment.parts import Parts
from overtone.inputs import Encoded
from overtone.training.result import TrainingData


@dataclass(frozen=True, eq=False)
class Member:
    """What one training of a soup has; encoded when it is asked for."""

    parts: Parts
    """The run's."""
    learnt: NDArray[np.int64]
    """Which of the run's dev texts it learns."""
    unseen: NDArray[np.int64]
    """Which it doesn't."""

    def training_data(self, targets: NDArray[np.float32]) -> TrainingData:
        """Return all that is trained on, with targets (n, C) for the run's own train split."""
        if not len(self.learnt):
            return self.parts.training_data(targets)
        more = self.parts.dev.part(self.learnt)
        train = self.parts.train.joined(more)
        own = dataclasses.replace(
            self.parts, train=train, train_encoded=_encoded(self.parts, train)
        )
        return own.training_data(np.concatenate([targets, data.truth(more)]))

    def scored(self) -> Parts:
        """Return the run's parts with the texts that this training has not seen as dev."""
        if not len(self.learnt):
            return self.parts
        dev = self.parts.dev.part(self.unseen)
        return dataclasses.replace(self.parts, dev=dev, dev_encoded=_encoded(self.parts, dev))


def members(parts: Parts) -> list[Member]:
    """Return what each training has: of a soup that learns dev, another part of it each."""
    training, rows = parts.recipe.training, np.arange(len(parts.dev))
    if not training.learn_dev:
        return [Member(parts, rows[:0], rows)] * training.soup
    fold = folds.divide(parts.dev, training.soup, training.seed)
    found = []
    for number in range(training.soup):
        learns = (fold != number) & (fold != folds.EVERY)  # without truth there is nothing to learn
        found.append(Member(parts, rows[learns], rows[~learns]))
    return found


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
    dev = found[0].parts.dev
    logits, count = np.zeros((len(dev), len(dev.labels))), np.zeros((len(dev), 1))
    for member, own in zip(found, weights, strict=True):
        model.load_state_dict(own)
        logits[member.unseen] += logits_of(member.scored())
        count[member.unseen] += 1
    model.load_state_dict(whole)
    return (logits / count).astype(np.float32)


def _encoded(parts: Parts, split: Split) -> Encoded:
    clean = text.load(parts.recipe.text.name, parts.recipe.text.options)
    return parts.inputs.encode([clean(item) for item in split.texts], split.labels)
