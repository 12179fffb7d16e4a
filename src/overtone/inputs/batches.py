"""Which rows share a batch, and the one loop that turns rows into probabilities.

Padding is wasted work, so rows of like length go together: for prediction all rows are sorted, for
training only inside shuffled windows, so that batches stay random.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from overtone.inputs import Batch, Encoded, Inputs

TOKENS = 8192
"""Most tokens a batch at prediction, padding counted, where nothing else is said."""

Rows = NDArray[np.int64]
LogitsOf = Callable[[Batch], NDArray[np.float32]]
"""A backend: the arrays of a batch to logits (B, C)."""


class Gather(Protocol):
    """The processes that share the work."""

    @property
    def rank(self) -> int:
        """This one's number, from 0."""

    @property
    def size(self) -> int:
        """How many there are."""

    @property
    def sharded(self) -> bool:
        """Whether each batch is one of all: all must do equally many."""

    def sum_array(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add up an array over all of them."""


def fill(order: Rows, lengths: NDArray[np.int64], texts: int, tokens: int) -> list[Rows]:
    """Cut an order of rows into batches.

    Args:
        order: rows in the order in which they fill batches.
        lengths: tokens of every row, (n,).
        texts: most rows a batch.
        tokens: most tokens a batch, padding counted; a longer row gets a batch of its own.

    """
    batches: list[Rows] = []
    first, longest = 0, 0
    for place, row in enumerate(order):
        longest = max(longest, int(lengths[row]))
        size = place - first
        if size and (size == texts or longest * (size + 1) > tokens):
            batches.append(order[first:place])
            first, longest = place, int(lengths[row])
    if first < len(order):
        batches.append(order[first:])
    return batches


def shuffled(
    lengths: NDArray[np.int64], texts: int, window: int, rng: np.random.Generator
) -> list[Rows]:
    """Return one epoch's batches: rows sorted by length inside shuffled windows, batches shuffled.

    Args:
        lengths: tokens of every row, (n,).
        texts: rows a batch; fewer in the last one.
        window: batches' worth of rows that are sorted together; 1 leaves the order random.
        rng: the epoch's generator; the same state gives the same batches.

    """
    order = rng.permutation(len(lengths))
    rows_a_window = texts * window
    batches: list[Rows] = []
    for first in range(0, len(order), rows_a_window):
        part = order[first : first + rows_a_window]
        if window > 1:
            part = part[np.argsort(lengths[part], kind="stable")]
        batches += [part[place : place + texts] for place in range(0, len(part), texts)]
    return [batches[place] for place in rng.permutation(len(batches))]


def by_length(lengths: NDArray[np.int64], texts: int, tokens: int) -> list[Rows]:
    """Return all rows in batches for prediction, longest first so that memory peaks early."""
    return fill(np.argsort(-lengths, kind="stable"), lengths, texts, tokens)


def logits(
    logits_of: LogitsOf,
    inputs: Inputs,
    encoded: Encoded,
    tokens: int = TOKENS,
    gather: Gather | None = None,
    lanes: int = 1,
) -> NDArray[np.float32]:
    """Return every text's logits, (n, C), in the order of the texts.

    Validation, evaluation and prediction all go through here, whatever the backend.

    Args:
        logits_of: the backend.
        inputs: the input kind that made `encoded`.
        encoded: the texts.
        tokens: most tokens a batch, padding counted.
        gather: where several processes share the work.
        lanes: how many batches the backend computes at once.

    """
    if lanes > 1:  # few texts are cut so that every lane gets some
        tokens = min(tokens, -(-int(encoded.lengths.sum()) // lanes))
    plan = by_length(encoded.lengths, texts=512, tokens=tokens)
    result = np.zeros((len(encoded.lengths), len(encoded.labels)), dtype=np.float32)
    mine = plan if gather is None else plan[gather.rank :: gather.size]

    def compute(rows: Rows) -> None:
        result[rows] = logits_of(inputs.collate(encoded, rows))

    if lanes > 1 and len(mine) > 1:
        with ThreadPoolExecutor(lanes) as pool:
            for _ in pool.map(compute, mine):  # an error of one ends all
                pass
    else:
        for rows in mine:
            compute(rows)
    if gather is not None:
        if gather.sharded and len(mine) * gather.size < len(plan):
            logits_of(inputs.collate(encoded, plan[-1]))  # for the others, who do one more
        result = gather.sum_array(result)
    return _pooled(result, encoded)


def _pooled(rows: NDArray[np.float32], encoded: Encoded) -> NDArray[np.float32]:
    """Return the logits of texts, (n, C), from those of their rows, (m, C)."""
    if len(rows) == len(encoded):
        return rows
    starts = encoded.first_rows[:-1]
    if encoded.pool == "max":
        highest: NDArray[np.float32] = np.maximum.reduceat(rows, starts)
        return highest
    total = np.add.reduceat(rows, starts, dtype=np.float64)
    return np.asarray(total / np.diff(encoded.first_rows)[:, None], dtype=np.float32)


def probabilities(
    logits_of: LogitsOf, inputs: Inputs, encoded: Encoded, tokens: int = TOKENS
) -> NDArray[np.float32]:
    """Return every text's probabilities, (n, C): the sigmoid of `logits`."""
    return sigmoid(logits(logits_of, inputs, encoded, tokens))


def sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 1 / (1 + exp(-x)) without overflow, element by element."""
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1, small) / (1 + small), dtype=np.float32)
