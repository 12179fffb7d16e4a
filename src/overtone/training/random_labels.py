"""Each step asks for other labels, so that a model learns to read labels, not a list of them.

A step's batch is asked for a random part of its labels, in random order, each by its own name or by
another word for it. A model whose head belongs to no label (SpanEmo) can then be asked for labels
that it never saw, as models are that were trained on text and label in one input (Yin, Hay & Roth,
Benchmarking Zero-shot Text Classification, EMNLP 2019).
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from overtone.data import label_words
from overtone.inputs import Asks
from overtone.labels import Labels
from overtone.training.result import Texts, TrainingData, TrainingSet

OWN_NAME = 0.5
"""How often a label goes by its own name where it has other words."""


class Question(NamedTuple):
    """What a step asks."""

    columns: NDArray[np.int64]
    """(c,) which labels of the set."""
    labels: Labels
    """The same, and the words that stand for them."""


class RandomLabels:
    """Training data of which each step asks for some labels."""

    def __init__(self, data: TrainingData, most: int) -> None:
        """Store what to train on, and how many labels a step asks for at most."""
        self.data, self.most = data, most
        self._questions: list[Question] = []
        # Of each text the number of its step; an epoch has a text once at most.
        self._steps = np.full(len(data.ids), -1)
        self._latest: tuple[int, TrainingSet] | None = None

    @property
    def ids(self) -> list[str]:
        """Return what each text is called in its file, (n,)."""
        return list(self.data.ids)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Return the most tokens that each text takes, (n,): those with all labels."""
        return self.data.lengths

    def __len__(self) -> int:
        """Return the number of texts of an epoch."""
        return len(self.data)

    def plan(self, size: int, window: int, rng: np.random.Generator) -> list[Texts]:
        """Return one epoch's effective batches, and draw what each is asked."""
        plan = self.data.plan(size, window, rng)
        self._steps[:], self._latest = -1, None
        for number, texts in enumerate(plan):
            self._steps[texts] = number
        self._questions = [self._question(texts, rng) for texts in plan]
        return plan

    def groups(self) -> list[Texts]:
        """Return all texts, those together that may share a batch."""
        return self.data.groups()

    def of(self, texts: Texts) -> tuple[TrainingSet, Texts]:
        """Return the set that a batch's texts belong to, asked as their step asks."""
        part, own = self.data.of(texts)
        step = int(self._steps[texts[0]])
        if step < 0:  # before the first plan, to find out what fits into memory
            return part, own
        if self._latest is None or self._latest[0] != step:
            self._latest = step, _asked(part, self._questions[step])
        return self._latest[1], own

    def _question(self, texts: Texts, rng: np.random.Generator) -> Question:
        """Draw labels for a batch: some that its texts carry, others at random."""
        part, own = self.data.of(texts)
        labels = part.encoded.labels
        everyone = np.arange(len(labels))
        size = int(rng.integers(1, min(self.most, len(labels)), endpoint=True))
        carried = np.flatnonzero((part.targets[own] > 0.5).any(axis=0))  # noqa: PLR2004 - NaN isn't
        first = rng.permutation(carried)[: rng.integers(0, size, endpoint=True)]
        rest = rng.permutation(np.setdiff1d(everyone, first))
        columns = rng.permutation(np.concatenate([first, rest])[:size])
        words = label_words.others(labels)
        prompts = [
            str(rng.choice(words[column]))
            if words[column] and rng.random() >= OWN_NAME
            else labels.prompts[column]
            for column in columns
        ]
        names = tuple(labels.names[column] for column in columns)
        return Question(columns, Labels(names, tuple(prompts), labels.language))


def _asked(part: TrainingSet, question: Question) -> TrainingSet:
    """Return a set with a question's labels.

    With fewer where they would take more tokens than all labels by name, and with those where a
    single one does.
    """
    kind, whole = part.inputs, part.encoded
    assert isinstance(kind, Asks)  # noqa: S101 - what a recipe with random labels is checked for
    columns, labels = question
    while len(columns):
        encoded = kind.ask(whole, labels)
        if encoded.overhead <= whole.overhead:  # for which texts were cut and batches filled
            return dataclasses.replace(part, encoded=encoded, targets=part.targets[:, columns])
        columns = columns[:-1]
        if len(columns):
            labels = Labels(labels.names[:-1], labels.prompts[:-1], labels.language)
    return part
