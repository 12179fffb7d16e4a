"""Whole words, as word vectors know them: what a CNN over GloVe takes.

The tokenizer holds the vocabulary: padding, one or several tokens for unknown words, then the words
of the vectors' file (`models/_vectors.py` makes it). Words stand between spaces, so the cleaner
`words` goes with it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from overtone.config import Count
from overtone.inputs import Batch, Encoded
from overtone.inputs._long import BLOCK, Long, cut
from overtone.labels import Labels

PAD = 0
UNKNOWN = 1
"""Id of the first token for unknown words; the others follow it."""


def unknown_token(number: int) -> str:
    """Return the token of a bucket of unknown words; no word has a space in it."""
    return f"unknown {number}"


@dataclass(frozen=True, kw_only=True)
class Config(Long):
    """How a text becomes a row of words."""

    max_length: Count = 128
    """Most words a row."""


class Inputs:
    """Encodes and collates rows of words."""

    def __init__(self, config: Config, tokenizer: Tokenizer, limit: int) -> None:
        """Store the settings, and count the tokens for unknown words."""
        self.config = config
        self.tokenizer = tokenizer
        self.max_length = min(config.max_length, limit)
        self._buckets = 1
        while tokenizer.token_to_id(unknown_token(self._buckets)) == UNKNOWN + self._buckets:
            self._buckets += 1

    def encode(self, texts: Sequence[str], labels: Labels) -> Encoded:
        """Look up the words of texts; counts those that the vocabulary lacks."""
        rows = cut(self._ids(texts), self.max_length, self.config)
        unknown = (rows.ids >= UNKNOWN) & (rows.ids < UNKNOWN + self._buckets)
        return Encoded(labels=labels, **vars(rows), unknown=int(unknown.sum()))

    def collate(self, encoded: Encoded, rows: NDArray[np.int64]) -> Batch:
        """Return input_ids of some rows, (B, L) int64, padded with 0; L is at least 1."""
        starts = encoded.offsets[rows]
        lengths = encoded.offsets[rows + 1] - starts
        column = np.arange(max(int(lengths.max(initial=0)), 1))
        is_text = column < lengths[:, None]
        ids = np.full(is_text.shape, PAD, dtype=np.int64)
        ids[is_text] = encoded.ids[(starts[:, None] + column)[is_text]]
        return {"input_ids": ids}

    def _ids(self, texts: Sequence[str]) -> Iterator[NDArray[np.int32]]:
        """Yield the ids of each text; an unknown word's bucket follows from its letters."""
        for first in range(0, len(texts), BLOCK):
            block = list(texts[first : first + BLOCK])
            for text, encoding in zip(block, self.tokenizer.encode_batch(block), strict=True):
                ids = np.asarray(encoding.ids, dtype=np.int32)
                if self._buckets > 1:
                    self._spread(text, encoding, ids)
                yield ids

    def _spread(self, text: str, encoding: Encoding, ids: NDArray[np.int32]) -> None:
        """Put each unknown word into its bucket, in place."""
        for place in np.flatnonzero(ids == UNKNOWN):
            start, end = encoding.offsets[place]
            # Not Python's hash, which differs from process to process.
            ids[place] += zlib.crc32(text[start:end].encode()) % self._buckets
