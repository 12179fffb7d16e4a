"""Splits of GoEmotions' labels: some are held out, and nothing like them is left to train on.

Labels that mean nearly the same are one group, with those of the other datasets, and a group is
held out whole. Groups are parted so that each of the four splits holds out seven of the 28 labels
and every label is held out once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

import numpy as np

from overtone import data
from overtone.data import Split, label_words
from overtone.labels import Labels

GROUPS: tuple[tuple[str, ...], ...] = (
    ("joy", "excitement", "amusement"),
    ("love", "caring"),
    ("desire", "optimism", "anticipation"),  # what is hoped for
    ("admiration", "approval", "pride", "trust"),  # to think well of somebody, oneself included
    ("gratitude",),
    ("relief",),
    ("anger", "annoyance", "disapproval"),
    ("disgust",),
    ("sadness", "grief", "disappointment", "pessimism"),
    ("remorse", "embarrassment"),
    ("fear", "nervousness"),
    ("surprise", "realization"),
    ("confusion", "curiosity"),
    ("neutral",),
    ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"),
)
"""By name, whatever the dataset; the last group stands in none that is held out."""

SEED = 0
STEM = 4
"""Letters at the beginning that make two words the same one."""


def held_out(labels: Labels) -> list[tuple[str, ...]]:
    """Return the groups' labels that each split holds out: four splits of equally many labels."""
    groups = [group for group in GROUPS if set(group) & set(labels.names)]
    sizes = [len(set(group) & set(labels.names)) for group in groups]
    parts, most = 4, len(labels) // 4
    rng = np.random.default_rng(SEED)
    while True:  # some hundred draws: few orders cut into equal parts
        order = rng.permutation(len(groups))
        ends = np.cumsum([sizes[place] for place in order])
        if all(most * part in ends for part in range(1, parts + 1)):
            break
    numbers = (ends - 1) // most
    return [
        tuple(name for place in order[numbers == part] for name in groups[place])
        for part in range(parts)
    ]


def without(split: Split, names: Collection[str]) -> Split:
    """Return a split without some labels; its texts stay."""
    labels = split.labels
    kept = [column for column, name in enumerate(labels.names) if name not in names]
    return dataclasses.replace(
        split,
        labels=Labels(
            tuple(labels.names[column] for column in kept),
            tuple(labels.prompts[column] for column in kept),
            labels.language,
        ),
        targets=data.truth(split)[:, kept],
    )


def alike(trained: Collection[str], held: Collection[str]) -> list[tuple[str, str]]:
    """Return pairs of a word that training uses and a held-out one that begin the same.

    Args:
        trained: names of the labels that are trained on; their other words count, too.
        held: names of those that are held out; so do theirs.

    """

    def stems(names: Collection[str]) -> set[str]:
        known = label_words.words()
        phrases = [name.replace("_", " ") for name in names]
        phrases += [word for name in names for word in known.get(name, ())]
        return {word for phrase in phrases for word in phrase.split() if len(word) >= STEM}

    return sorted(
        (one, other)
        for one in stems(trained)
        for other in stems(held)
        if one[:STEM] == other[:STEM]
    )
