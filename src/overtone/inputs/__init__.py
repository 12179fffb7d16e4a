"""Input kinds: from cleaned texts and labels to the arrays that a model takes. numpy only.

An input kind is one file here with a `Config` and an `Inputs` class:
`encode(texts, labels) -> Encoded` runs once a dataset, `collate(encoded, rows)` once a batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from overtone.config import find_plugin, parse
from overtone.labels import Labels

Batch = dict[str, NDArray[np.generic]]
"""Arrays by the name under which a model takes them."""


@dataclass(frozen=True, eq=False)
class Encoded:
    """Tokenised texts of one label set, flat: row i is `ids[offsets[i]:offsets[i + 1]]`."""

    labels: Labels
    ids: NDArray[np.int32]
    """(tokens of all texts,)"""
    offsets: NDArray[np.int64]
    """(n + 1,)"""
    overhead: int
    """Tokens that `collate` adds to each row: special tokens and, for SpanEmo, the labels."""
    truncated: int
    """Number of texts that were longer than the limit and lost their end."""

    def __len__(self) -> int:
        """Return the number of texts, n."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Return the tokens of each row as the model gets it, (n,)."""
        return np.diff(self.offsets) + self.overhead


class Inputs(Protocol):
    """What every input kind offers."""

    def encode(self, texts: Sequence[str], labels: Labels) -> Encoded:
        """Tokenise texts once, for one label set."""

    def collate(self, encoded: Encoded, rows: NDArray[np.int64]) -> Batch:
        """Return the padded arrays of some rows."""


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
