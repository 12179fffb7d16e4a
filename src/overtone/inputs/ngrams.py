"""A bag of words and word sequences with their counts: what TF-IDF takes. Order is not kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from overtone.inputs import Batch, Encoded
from overtone.inputs._long import starts_of
from overtone.labels import Labels


@dataclass(frozen=True, kw_only=True)
class Config:
    """A bag of n-grams has no options: those of the vocabulary are the model's."""


@dataclass(frozen=True, eq=False, kw_only=True)
class CountedEncoded(Encoded):
    """The n-grams of texts, each once."""

    counts: NDArray[np.int32]
    """(n-grams of all texts,) how often each stands in its text."""


class Inputs:
    """Encodes and collates bags of n-grams."""

    def __init__(self, config: Config, tokenizer: Tokenizer, limit: int) -> None:  # noqa: ARG002
        """Read the vocabulary; there is no limit to a bag."""
        self.vocabulary = tokenizer.get_vocab()
        self._longest = max((term.count(" ") + 1 for term in self.vocabulary), default=1)

    def encode(self, texts: Sequence[str], labels: Labels) -> CountedEncoded:
        """Count the n-grams of texts that the vocabulary has."""
        rows = [
            sorted(
                Counter(
                    number
                    for term in terms(text, self._longest)
                    if (number := self.vocabulary.get(term)) is not None
                ).items()
            )
            for text in texts
        ]
        flat = np.asarray([pair for row in rows for pair in row], dtype=np.int32).reshape(-1, 2)
        return CountedEncoded(
            labels=labels,
            ids=flat[:, 0],
            counts=flat[:, 1],
            offsets=starts_of([len(row) for row in rows]),
            first_rows=np.arange(len(rows) + 1),
        )

    def collate(self, encoded: Encoded, rows: NDArray[np.int64]) -> Batch:
        """Return input_ids and counts of some rows, (B, L) int64; the count of padding is 0."""
        assert isinstance(encoded, CountedEncoded)  # noqa: S101 - what encode returned
        starts = encoded.offsets[rows]
        lengths = encoded.offsets[rows + 1] - starts
        column = np.arange(int(lengths.max(initial=0)))
        here = column < lengths[:, None]
        places = (starts[:, None] + column)[here]
        ids, counts = np.zeros((2, *here.shape), dtype=np.int64)
        ids[here], counts[here] = encoded.ids[places], encoded.counts[places]
        return {"input_ids": ids, "counts": counts}


_WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


def terms(text: str, longest: int) -> list[str]:
    """Return the words and marks of a text, lower case, and their sequences up to `longest`."""
    words = _WORD.findall(text.lower())
    return [
        " ".join(words[first : first + size])
        for size in range(1, longest + 1)
        for first in range(len(words) - size + 1)
    ]
