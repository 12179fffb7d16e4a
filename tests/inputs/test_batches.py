"""Every row exactly once, within the budget; probabilities that don't depend on batches."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit

from overtone.inputs import Batch, Encoded, batches
from overtone.labels import Labels

LENGTHS = st.lists(st.integers(1, 60), max_size=80).map(lambda found: np.array(found, np.int64))
TEXTS = st.integers(1, 12)
TOKENS = st.integers(1, 200)
LABELS = Labels.of("joy", "fear", "love")
quick = settings(deadline=None, max_examples=100)


def as_lists(found: Sequence[NDArray[np.int64]]) -> list[list[int]]:
    return [[int(row) for row in batch] for batch in found]


def check(
    found: Sequence[NDArray[np.int64]], lengths: NDArray[np.int64], texts: int, tokens: int
) -> None:
    """Every row stands once; no batch is empty or above a limit, a single row's length aside."""
    assert sorted(row for batch in as_lists(found) for row in batch) == list(range(len(lengths)))
    for batch in found:
        assert 1 <= len(batch) <= texts
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= tokens


@quick
@given(lengths=LENGTHS, texts=TEXTS, tokens=TOKENS)
def test_fill_keeps_the_order_and_the_budget(
    lengths: NDArray[np.int64], texts: int, tokens: int
) -> None:
    order = np.arange(len(lengths))[::-1]
    found = batches.fill(order, lengths, texts, tokens)
    check(found, lengths, texts, tokens)
    assert [row for batch in as_lists(found) for row in batch] == order.tolist()


@quick
@given(lengths=LENGTHS, texts=TEXTS, tokens=TOKENS)
def test_fill_wastes_no_batch(lengths: NDArray[np.int64], texts: int, tokens: int) -> None:
    """The first row of each batch would not have fitted into the batch before it."""
    found = batches.fill(np.arange(len(lengths)), lengths, texts, tokens)
    for before, after in pairwise(found):
        joined = np.append(before, after[0])
        assert len(joined) > texts or len(joined) * lengths[joined].max() > tokens


def test_a_row_above_the_budget_is_alone() -> None:
    lengths = np.array([3, 50, 3, 3])
    found = batches.fill(np.arange(4), lengths, texts=8, tokens=10)
    assert as_lists(found) == [[0], [1], [2, 3]]


@quick
@given(lengths=LENGTHS, texts=TEXTS, tokens=TOKENS)
def test_by_length_goes_from_long_to_short(
    lengths: NDArray[np.int64], texts: int, tokens: int
) -> None:
    found = batches.by_length(lengths, texts, tokens)
    check(found, lengths, texts, tokens)
    in_order = [int(lengths[row]) for batch in found for row in batch]
    assert in_order == sorted(in_order, reverse=True)


@quick
@given(lengths=LENGTHS, texts=TEXTS, window=st.integers(1, 5), seed=st.integers(0, 9))
def test_shuffled_takes_every_row_once_and_follows_the_generator(
    lengths: NDArray[np.int64], texts: int, window: int, seed: int
) -> None:
    once, again = (
        batches.shuffled(lengths, texts, window, np.random.default_rng(seed)) for _ in range(2)
    )
    check(once, lengths, texts, tokens=10**9)
    # However long its rows are, a batch is full: only the last window's last one may be short.
    assert len(once) == -(-len(lengths) // texts)
    assert as_lists(once) == as_lists(again)


def test_shuffled_differs_by_seed_and_by_epoch() -> None:
    lengths = np.full(40, 5)
    rng = np.random.default_rng(0)
    epochs = [as_lists(batches.shuffled(lengths, 4, 3, rng)) for _ in range(2)]
    other = as_lists(batches.shuffled(lengths, 4, 3, np.random.default_rng(1)))
    assert epochs[0] != epochs[1]
    assert epochs[0] != other


def test_a_window_of_one_leaves_rows_in_random_order() -> None:
    lengths = np.arange(1, 65)
    found = batches.shuffled(lengths, 16, 1, np.random.default_rng(0))
    permutation = np.random.default_rng(0).permutation(64).reshape(4, 16)
    assert sorted(as_lists(found)) == sorted(permutation.tolist())


def test_a_wide_window_sorts_all_rows_and_shuffles_the_batches() -> None:
    lengths = np.arange(1, 65)
    found = batches.shuffled(lengths, 16, 4, np.random.default_rng(0))
    assert sorted(as_lists(found)) == np.arange(64).reshape(4, 16).tolist()
    assert as_lists(found) != np.arange(64).reshape(4, 16).tolist()


def test_no_rows_make_no_batches() -> None:
    none = np.zeros(0, np.int64)
    assert batches.fill(none, none, 4, 10) == []
    assert batches.by_length(none, 4, 10) == []
    assert batches.shuffled(none, 4, 2, np.random.default_rng(0)) == []


@settings(deadline=None)
@given(st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1))
def test_sigmoid_is_scipy_s_without_a_warning(values: list[float]) -> None:
    x = np.array([*values, 0, -0.0, 1e4, -1e4, 88, -88, 104, -104, np.inf, -np.inf], np.float32)
    found = batches.sigmoid(x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expit(x), rtol=3e-7, atol=1e-37)


@dataclass(frozen=True, eq=False)
class Words:
    """An input kind of a few lines: random ids, a mask, padding that must not matter."""

    junk: int
    """The id at padding."""

    def encode(self, texts: Sequence[str], labels: Labels) -> Encoded:
        pieces = [np.array([ord(letter) for letter in text], np.int32) for text in texts]
        offsets = np.cumsum([0, *(len(piece) for piece in pieces)])
        ids = np.concatenate([np.zeros(0, np.int32), *pieces])
        return Encoded(
            labels=labels,
            ids=ids,
            offsets=offsets,
            first_rows=np.arange(len(texts) + 1),
            overhead=1,
        )

    def collate(self, encoded: Encoded, rows: NDArray[np.int64]) -> Batch:
        longest = int(np.diff(encoded.offsets)[rows].max(initial=0))
        ids = np.full((len(rows), longest), self.junk, np.int64)
        mask = np.zeros_like(ids)
        for place, row in enumerate(rows):
            part = encoded.ids[encoded.offsets[row] : encoded.offsets[row + 1]]
            ids[place, : len(part)] = part
            mask[place, : len(part)] = 1
        return {"ids": ids, "mask": mask}


def logits_of(batch: Batch) -> NDArray[np.float32]:
    """Return logits (B, 3) that depend on each row's own ids, and on them alone."""
    ids, mask = batch["ids"].astype(np.int64), batch["mask"].astype(np.int64)
    place = np.arange(1, ids.shape[1] + 1)
    sums = [(ids % base * place * mask).sum(axis=1) % 17 - 8 for base in (5, 7, 11)]
    return np.stack(sums, axis=1).astype(np.float32)


def one_by_one(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return probabilities without `batches`: each text alone, unpadded."""
    words = Words(junk=0)
    rows = [logits_of(words.collate(words.encode([text], LABELS), np.array([0]))) for text in texts]
    return np.asarray(expit(np.concatenate([np.zeros((0, 3), np.float32), *rows])), np.float32)


@quick
@given(
    texts=st.lists(st.text("abcdefgh ", max_size=20), max_size=30),
    tokens=st.sampled_from([1, 7, 40, 10**6]),
    seed=st.integers(0, 9),
)
def test_probabilities_do_not_depend_on_batches_or_order(
    texts: list[str], tokens: int, seed: int
) -> None:
    words = Words(junk=99)
    expected = one_by_one(texts)
    found = batches.probabilities(logits_of, words, words.encode(texts, LABELS), tokens)
    assert found.shape == (len(texts), 3)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    order = np.random.default_rng(seed).permutation(len(texts))
    shuffled = words.encode([texts[place] for place in order], LABELS)
    np.testing.assert_array_equal(
        batches.probabilities(logits_of, words, shuffled, tokens), found[order]
    )


@pytest.mark.parametrize("texts", [[], ["one"], ["a b", "c"], ["some words"] * 40])
def test_batches_computed_at_once_give_the_same(texts: list[str]) -> None:
    words = Words(junk=99)
    encoded = words.encode(texts, LABELS)
    np.testing.assert_array_equal(
        batches.logits(logits_of, words, encoded, 30, lanes=3),
        batches.logits(logits_of, words, encoded, 30),
    )


def test_as_many_batches_as_there_are_lanes_are_computed_at_once() -> None:
    words, together = Words(junk=0), threading.Barrier(2)

    def meeting(batch: Batch) -> NDArray[np.float32]:
        together.wait(timeout=60)  # alone it would wait in vain
        return logits_of(batch)

    encoded = words.encode(["abc", "def"], LABELS)  # few texts are cut, too
    found = batches.logits(meeting, words, encoded, 10**6, lanes=2)
    np.testing.assert_array_equal(found, batches.logits(logits_of, words, encoded))


def test_an_error_in_a_lane_is_the_callers() -> None:
    words = Words(junk=0)

    def fail(_: Batch) -> NDArray[np.float32]:
        raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room"):
        batches.logits(fail, words, words.encode(["abc"] * 9, LABELS), 4, lanes=2)


def test_no_texts_give_no_rows_and_all_columns() -> None:
    words = Words(junk=0)
    assert batches.logits(logits_of, words, words.encode([], LABELS), 100).shape == (0, 3)
