"""Input kinds: from cleaned texts and labels to the arrays that a model takes. numpy only.

An input kind is one file here with a `Config` and an `Inputs` class:
`encode(texts, labels) -> Encoded` runs once a dataset, `collate(encoded, rows)` once a batch. A row
is what the model sees at a time: a text, or one of the windows of a long text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from overtone.config import find_plugin, parse
from overtone.labels import Labels

Batch = dict[str, NDArray[np.generic]]
"""Arrays by the name under which a model takes them."""

Pool = Literal["max", "mean"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Encoded:
    """Tokenised texts of one label set, flat: row i is `ids[offsets[i]:offsets[i + 1]]`."""

    labels: Labels
    ids: NDArray[np.int32]
    """(tokens of all rows,)"""
    offsets: NDArray[np.int64]
    """(m + 1,) where each row begins in `ids`."""
    first_rows: NDArray[np.int64]
    """(n + 1,) where each text begins among the rows; a text has at least one."""
    pool: Pool = "max"
    """How the logits of a text's rows become the text's."""
    overhead: int = 0
    """Tokens that `collate` adds to each row: special tokens and, for SpanEmo, the labels."""
    lost: NDArray[np.bool_] | None = None
    """(n,) which texts were longer than the limit and lost a part; None where none can."""
    unknown: int | None = None
    """Tokens that the vocabulary lacks, where the input kind counts them."""

    def __len__(self) -> int:
        """Return the number of texts, n."""
        return len(self.first_rows) - 1

    @property
    def truncated(self) -> int:
        """Return the number of texts that lost a part."""
        return 0 if self.lost is None else int(self.lost.sum())

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Return the tokens of each row as the model gets it, (m,)."""
        return np.diff(self.offsets) + self.overhead

    @property
    def text_lengths(self) -> NDArray[np.int64]:
        """Return the tokens of each text as the model gets it, all its rows together, (n,)."""
        if not len(self):
            return np.zeros(0, dtype=np.int64)
        total: NDArray[np.int64] = np.add.reduceat(self.lengths, self.first_rows[:-1])
        return total

    def rows_of(self, texts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows of some texts, in their order, and how many each has, (len(texts),)."""
        counts = self.first_rows[texts + 1] - self.first_rows[texts]
        # Each text's first row, repeated, and 0, 1, 2 … within the text.
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.repeat(self.first_rows[texts], counts) + within, counts


class Inputs(Protocol):
    """What every input kind offers."""

    def encode(self, texts: Sequence[str], labels: Labels) -> Encoded:
        """Tokenise texts once, for one label set."""

    def collate(self, encoded: Encoded, rows: NDArray[np.int64]) -> Batch:
        """Return the padded arrays of some rows."""


@runtime_checkable
class Located(Protocol):
    """What those input kinds offer, too, that know where their tokens stand."""

    def spans(self, text: str, encoded: Encoded) -> NDArray[np.int64]:
        """Return where each token of an encoded text stands in it, (tokens, 2), in characters."""


@runtime_checkable
class Asks(Protocol):
    """What those input kinds offer, too, whose labels stand in the input."""

    def ask(self, encoded: Encoded, labels: Labels) -> Encoded:
        """Return the same texts, tokenised already, with other labels."""


def without_prompts(options: Mapping[str, object]) -> dict[str, object]:
    """Return an input kind's options without prompts, which belong to the labels of one set."""
    return {key: value for key, value in options.items() if key != "prompts"}


def load(name: str, options: Mapping[str, object], tokenizer: Tokenizer, limit: int) -> Inputs:
    """Build the input kind called `name`.

    Args:
        name: a file of this package.
        options: options of its `Config`.
        tokenizer: the encoder's tokenizer.
        limit: the most tokens that the encoder takes in one row.

    Raises:
        InputError: there is no such input kind.
        ConfigError: the options are not its options.

    """
    module = find_plugin(__name__, name)
    inputs: Inputs = module.Inputs(parse(module.Config, options, where="inputs"), tokenizer, limit)
    return inputs
