"""Texts with some tokens hidden, for a model to find: what masked-language models learn from.

Source: Devlin et al., BERT (NAACL 2019), section 3.1, task 1: of a text's tokens 15 % are chosen;
80 % of those become the mask token, 10 % another token, and 10 % stay. As in its code, a text's
number of chosen tokens follows from its length. Whole words: the note of May 2019 in BERT's README;
a word's pieces are chosen together, unless none fits into what is left to choose.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from overtone.errors import InputError
from overtone.inputs import Batch, Encoded
from overtone.inputs._framed import FramedEncoded
from overtone.inputs.single import Inputs as Single
from overtone.labels import Labels

MASKED, SWAPPED = 0.8, 0.1
"""Shares of the chosen tokens that become the mask token, and another one."""

MARKS = (("##", False), ("Ġ", True), ("▁", True))
"""How WordPiece, byte-level BPE and Unigram mark pieces, and whether of a word's beginning."""


@dataclass(frozen=True, eq=False, kw_only=True)
class MaskedEncoded(FramedEncoded):
    """Tokenised texts, each window of a long one a text of its own, and how many tokens to hide."""

    counts: NDArray[np.int64]
    """(n,) at least 1."""
    sources: NDArray[np.int64]
    """(n,) which of the given texts each is from."""


class MaskedInputs:
    """Hides tokens in the batches of the input kind `single`."""

    def __init__(
        self,
        inputs: Single,
        share: float,
        *,
        whole_words: bool,
        seed: Callable[[], int],
    ) -> None:
        """Store what tokens there are.

        Args:
            inputs: makes the batches.
            share: of a text's tokens that are chosen.
            whole_words: whether the pieces of a word are chosen together.
            seed: asked for each batch; the same seed hides the same tokens of a text, whatever else
                is in the batch.

        Raises:
            InputError: the tokenizer has no mask token.

        """
        self._inputs = inputs
        self._share = share
        self._seed = seed
        self._mask = _mask_token(inputs.tokenizer)
        self._others = _plain_tokens(inputs.tokenizer)
        self._begins = word_beginnings(inputs.tokenizer)
        if not whole_words:
            self._begins = np.ones_like(self._begins)

    @property
    def most(self) -> int:
        """Return the most tokens that are hidden in a text, K."""
        return int(self._count(np.asarray([self._inputs.max_length]))[0])

    def encode(self, texts: Sequence[str], labels: Labels) -> MaskedEncoded:
        """Tokenise texts once; those without a token are left out."""
        given = self._inputs.encode(texts, labels)
        lengths = np.diff(given.offsets)
        kept = lengths > 0  # dropping empty rows leaves the ids of the others as they are
        offsets = np.concatenate([[0], np.cumsum(lengths[kept])]).astype(np.int64)
        counts = self._count(lengths[kept])
        sources = np.repeat(np.arange(len(given)), np.diff(given.first_rows))[kept]
        fields = {
            field.name: getattr(given, field.name) for field in dataclasses.fields(FramedEncoded)
        }
        alone = {"offsets": offsets, "first_rows": np.arange(len(counts) + 1)}
        return MaskedEncoded(**{**fields, **alone}, counts=counts, sources=sources)

    def collate(self, encoded: Encoded, rows: NDArray[np.int64]) -> Batch:
        """Return the padded arrays of some rows, and what to find in them.

        Returns:
            input_ids, attention_mask and token_type_ids, (B, L) int64; places (M,) int64, of the
            hidden tokens among the B x L; cells (M,) int64, of each among B x K; wanted (M,) int64,
            the tokens that stood there; most (K,), of no content.

        """
        assert isinstance(encoded, MaskedEncoded)  # noqa: S101 - what encode returned
        batch = self._inputs.collate(encoded, rows)
        ids = batch["input_ids"].astype(np.int64)
        head, length, seed = len(encoded.frame.head), ids.shape[1], self._seed()
        places, cells, wanted = [], [], []
        for line, row in enumerate(rows):
            rng = np.random.default_rng([seed, int(row)])
            tokens = encoded.ids[encoded.offsets[row] : encoded.offsets[row + 1]]
            chosen = head + self._chosen(tokens, int(encoded.counts[row]), rng)
            places.append(line * length + chosen)
            cells.append(line * self.most + np.arange(len(chosen)))
            wanted.append(ids[line, chosen])
            ids[line, chosen] = self._hidden(wanted[-1], rng)
        found = {"places": places, "cells": cells, "wanted": wanted}
        return {
            **batch,
            "input_ids": ids,
            "most": np.zeros(self.most, dtype=np.int64),
            **{key: np.concatenate(arrays) for key, arrays in found.items()},
        }

    def _count(self, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many tokens to hide in texts of some lengths."""
        return np.asarray(np.maximum(1, np.rint(self._share * lengths)), dtype=np.int64)

    def _chosen(
        self, tokens: NDArray[np.int32], count: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Return which of a text's tokens to hide, (count,), in order."""
        begins = self._begins[tokens]
        begins[0] = True
        words = np.split(np.arange(len(tokens)), np.flatnonzero(begins)[1:])
        chosen: list[int] = []
        passed: list[int] = []
        for word in rng.permutation(len(words)):
            pieces = words[word]
            fits = len(chosen) + len(pieces) <= count
            (chosen if fits else passed).extend(pieces.tolist())
            if len(chosen) == count:
                break
        return np.sort([*chosen, *passed[: count - len(chosen)]])

    def _hidden(self, tokens: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """Return what stands in the place of chosen tokens."""
        draws = rng.random(len(tokens))
        swapped = np.where(draws < MASKED + SWAPPED, rng.choice(self._others, len(tokens)), tokens)
        return np.where(draws < MASKED, self._mask, swapped)


def word_beginnings(tokenizer: Tokenizer) -> NDArray[np.bool_]:
    """Return whether each token of the vocabulary begins a word, (V,).

    Where none is marked, each is a word.
    """
    vocabulary = tokenizer.get_vocab()
    marked, mark, begins = max(
        (sum(token.startswith(mark) for token in vocabulary), mark, begins)
        for mark, begins in MARKS
    )
    table = np.ones(max(vocabulary.values()) + 1, dtype=np.bool_)
    for token, number in vocabulary.items():
        table[number] = not marked or token.startswith(mark) == begins
    return table


def _mask_token(tokenizer: Tokenizer) -> int:
    for token in ("[MASK]", "<mask>"):
        if (found := tokenizer.token_to_id(token)) is not None:
            return found
    raise InputError(
        "expected an encoder whose tokenizer has [MASK] or <mask>, found neither: it is none that "
        "learns from hidden tokens"
    )


def _plain_tokens(tokenizer: Tokenizer) -> NDArray[np.int64]:
    """Return the tokens that may stand in a text, special ones left out."""
    special = {n for n, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    return np.asarray(sorted(set(tokenizer.get_vocab().values()) - special), dtype=np.int64)
