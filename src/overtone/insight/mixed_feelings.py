"""Texts with mixed feelings: labels meet in them that rarely do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np

from overtone.insight.data_check.personal_data import beginning
from overtone.insight.pairs import Bools, Together

MOST = 50
"""Texts that are kept where nothing else is said."""


@dataclass(frozen=True)
class Mixed:
    """A text with mixed feelings: two of its labels rarely meet."""

    id: str
    labels: tuple[str, ...]
    a: str
    b: str
    lift: float
    """Of this pair, the lowest of the text's pairs."""
    together: int
    """Texts in which the two meet."""
    text: str | None = None
    """Its beginning, personal data hidden, where texts were asked for."""

    def to_json(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {key: each for key, each in asdict(self).items() if key != "text" or each}


class Rarest(NamedTuple):
    """The pair of a set's labels that meets most rarely."""

    lift: float
    row: int
    """Of the set."""
    a: int
    b: int
    """The labels' places."""


def mixed(
    on: Bools,
    ids: Sequence[str],
    found: Together,
    most: int = MOST,
    texts: Sequence[str] | None = None,
) -> list[Mixed]:
    """Return the texts in which labels meet that rarely do, the rarest meetings first.

    Args:
        on: (n, C), the texts' labels.
        ids: their names.
        found: the pairs of labels in them.
        most: texts that are returned.
        texts: the texts, where their beginnings are wanted.

    """
    return [
        named(one, on[one.row], ids[one.row], found, None if texts is None else texts[one.row])
        for one in rarest(on, found)[:most]
    ]


def rarest(on: Bools, found: Together) -> list[Rarest]:
    """Return the rarest pair of each set of labels, (n, C), that has one, the rarest first."""
    size = len(found.labels)
    lifts = np.full((size, size), np.inf)
    places = {name: place for place, name in enumerate(found.labels)}
    for pair in found.pairs:
        # Of labels that are rare themselves, nobody knows whether they rarely meet.
        if pair.enough and pair.lift < 1:
            lifts[places[pair.a], places[pair.b]] = pair.lift
    rows = []
    for row in np.flatnonzero(on.sum(axis=1) > 1):
        there = np.flatnonzero(on[row])
        block = lifts[np.ix_(there, there)]
        lowest = int(block.argmin())
        if np.isfinite(block.flat[lowest]):
            a, b = divmod(lowest, len(there))
            rows.append(Rarest(float(block.flat[lowest]), int(row), int(there[a]), int(there[b])))
    return sorted(rows)


def named(one: Rarest, on: Bools, name: str, found: Together, text: str | None = None) -> Mixed:
    """Return a text with the names of its labels, (C,), and of its rarest pair."""
    names = found.labels
    return Mixed(
        name, tuple(names[c] for c in np.flatnonzero(on)), names[one.a], names[one.b], one.lift,
        found.pair(names[one.a], names[one.b]).together, None if text is None else beginning(text),
    )  # fmt: skip
