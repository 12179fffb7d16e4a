"""Long texts: what each way keeps, through every input kind that offers it, and pooled by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from overtone.inputs import Batch, Encoded, batches
from overtone.inputs._long import Long, cut
from overtone.labels import Labels

LABELS = Labels.of("joy", "fear")


def rows(length: int, room: int, **options: object) -> tuple[list[list[int]], int]:
    """Return the rows of one text whose ids are 0, 1, 2 …, and how many texts were cut."""
    found = cut([np.arange(length, dtype=np.int32)], room, Long(**options))  # type: ignore[arg-type]
    assert list(found.first_rows) == [0, len(found.offsets) - 1]
    pieces = np.split(found.ids, found.offsets[1:-1])
    return [[int(token) for token in piece] for piece in pieces], int(found.lost.sum())


@pytest.mark.parametrize("long", ["truncate", "head_tail", "windows"])
@pytest.mark.parametrize("length", [0, 1, 7, 8])
def test_a_text_that_fits_is_one_row(long: str, length: int) -> None:
    assert rows(length, 8, long=long) == ([list(range(length))], 0)


def test_truncate_keeps_the_beginning() -> None:
    assert rows(20, 8, long="truncate") == ([list(range(8))], 1)


def test_head_and_tail_keep_a_quarter_and_the_end() -> None:
    assert rows(20, 8, long="head_tail") == ([[0, 1, 14, 15, 16, 17, 18, 19]], 1)


@pytest.mark.parametrize("room", [1, 2, 3])
def test_head_and_tail_fit_the_smallest_room(room: int) -> None:
    ((row,), _) = rows(20, room, long="head_tail")
    assert row == list(range(20 - room, 20))


def test_windows_overlap_by_a_quarter_and_end_with_the_text() -> None:
    found, truncated = rows(21, 8, long="windows")
    assert [(row[0], row[-1]) for row in found] == [(0, 7), (6, 13), (12, 19), (13, 20)]
    assert truncated == 0


@settings(deadline=None)
@given(length=st.integers(0, 300), room=st.integers(1, 40))
def test_windows_hold_every_token_and_none_is_longer_than_the_room(length: int, room: int) -> None:
    found, truncated = rows(length, room, long="windows", max_windows=10**6)
    assert set().union(*map(set, found)) == set(range(length))
    assert all(len(row) <= room for row in found)
    assert all(row == list(range(row[0], row[-1] + 1)) for row in found if row)
    assert truncated == 0


def test_more_windows_than_allowed_are_left_out_and_counted() -> None:
    found, truncated = rows(100, 8, long="windows", max_windows=3)
    assert [row[0] for row in found] == [0, 6, 12]
    assert truncated == 1


class Sum:
    """An input kind whose model gives each row's own sum and largest id."""

    def __init__(self, pool: str) -> None:
        self.config = Long(long="windows", pool=pool)  # type: ignore[arg-type]

    def encode(self, texts: Sequence[str], labels: Labels) -> Encoded:
        ids = (np.asarray([ord(c) for c in text], dtype=np.int32) for text in texts)
        return Encoded(labels=labels, **vars(cut(ids, 4, self.config)))

    def collate(self, encoded: Encoded, chosen: NDArray[np.int64]) -> Batch:
        parts = [encoded.ids[encoded.offsets[row] : encoded.offsets[row + 1]] for row in chosen]
        return {"both": np.asarray([[part.sum(), part.max(initial=0)] for part in parts])}


@settings(deadline=None)
@given(
    texts=st.lists(st.text("abcdefgh", max_size=30), max_size=12),
    tokens=st.sampled_from([1, 9, 10**6]),
    pool=st.sampled_from(["max", "mean"]),
)
def test_a_texts_logits_are_pooled_over_its_windows(
    texts: list[str], tokens: int, pool: str
) -> None:
    kind = Sum(pool)
    encoded = kind.encode(texts, LABELS)
    assert len(encoded) == len(texts)
    found = batches.logits(
        lambda batch: batch["both"].astype(np.float32),
        kind,
        encoded,
        tokens,
    )
    assert found.shape == (len(texts), 2)
    for row, text in zip(found, texts, strict=True):
        # The same by hand: step 3, the last window ends with the text.
        starts = [*range(0, len(text) - 4, 3), len(text) - 4] if len(text) > 4 else [0]
        windows = [[ord(c) for c in text[start : start + 4]] for start in starts]
        each = np.asarray([[sum(w), max(w, default=0)] for w in windows], dtype=np.float32)
        expected = each.max(axis=0) if pool == "max" else each.mean(axis=0)
        np.testing.assert_allclose(row, expected, rtol=1e-6)


def test_the_rows_of_texts_come_in_the_order_of_the_texts() -> None:
    encoded = Sum("max").encode(["a" * 9, "b", "c" * 6], LABELS)
    assert list(np.diff(encoded.first_rows)) == [3, 1, 2]
    found, counts = encoded.rows_of(np.asarray([2, 0, 2]))
    assert [int(row) for row in found] == [4, 5, 0, 1, 2, 4, 5]
    assert [int(count) for count in counts] == [2, 3, 2]
    assert [int(length) for length in encoded.text_lengths] == [12, 1, 8]
