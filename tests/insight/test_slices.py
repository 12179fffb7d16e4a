"""Slices: which texts they hold, and scores with intervals that know how few there are."""

from __future__ import annotations

import numpy as np
import pytest

from overtone.insight.slices import EMPTY, LEAST, MOST, OTHERS, measure
from overtone.insight.text_slices import slices


def test_texts_are_told_apart_by_what_stands_in_them() -> None:
    texts = [
        "I am NOT amused #late 🙃", "all fine here", "they didn't come", "OK USA", "it works 100",
        "DANKE für nichts", "cannot, won\u2019t", "#", "мама МЫЛА раму",
    ]  # fmt: skip
    found = slices(texts)
    with_ = {by: [n for n, each in enumerate(values) if each.startswith("with ")]
             for by, values in found.items() if by != "length"}  # fmt: skip
    assert with_ == {
        "emoji": [0], "negation": [0, 2, 6], "hashtags": [0], "all-caps": [0, 3, 5, 8],
    }  # fmt: skip


def test_lengths_are_quarters_and_every_text_is_in_one() -> None:
    texts = ["word " * n for n in range(1, 101)]
    found = slices(texts)["length"]
    counts = {value: found.count(value) for value in found}
    assert len(counts) == 4
    assert all(24 <= count <= 27 for count in counts.values())
    assert found[0] == " 0-26 words"
    assert slices(["one", "one", "one"])["length"] == ["0-1 words"] * 3
    assert slices([])["length"] == []


def texts(n: int) -> tuple[np.ndarray, np.ndarray]:
    truth = np.tile(np.array([[1, 0], [0, 1]], np.float32), (n // 2, 1))
    return truth, truth > 0.5


def test_a_slice_that_is_worse_is_found() -> None:
    truth, decided = texts(200)
    decided[100:] = ~decided[100:]
    good, bad = measure("half", ["first"] * 100 + ["second"] * 100, truth, decided)
    assert (good.value, good.n, good.small) == ("first", 100, False)
    assert good.scores["jaccard"].value == 1
    assert bad.scores["jaccard"].value == 0
    assert bad.difference is not None
    assert bad.difference.value == -1
    assert bad.difference.high < 0


def test_equal_slices_differ_by_nothing_that_shows() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random((400, 3)) < 0.4).astype(np.float32)
    decided = (truth > 0.5) ^ (rng.random((400, 3)) < 0.2)
    for one in measure("half", ["a", "b"] * 200, truth, decided):
        assert one.difference is not None
        assert one.difference.low < 0 < one.difference.high
        assert one.scores["jaccard"].low < one.scores["jaccard"].value < one.scores["jaccard"].high


def test_small_slices_are_marked_and_tiny_ones_joined() -> None:
    truth, decided = texts(100)
    values = ["big"] * 60 + ["small"] * 20 + [f"tiny {n}" for n in range(19)] + [" "]
    found = {one.value: one for one in measure("column", values, truth, decided)}
    assert {name: (one.n, one.small) for name, one in found.items()} == {
        "big": (60, False), "small": (20, True), OTHERS: (20, True),
    }  # fmt: skip


def test_of_too_few_texts_an_interval_says_so() -> None:
    truth, decided = texts(100)
    few = measure("column", ["big"] * 96 + ["few"] * 4, truth, decided)[-1]
    assert (few.value, few.n) == (OTHERS, 4)
    assert few.n < LEAST
    assert (few.scores["jaccard"].low, few.scores["jaccard"].high) == (0, 1)
    assert few.difference is None


def test_of_many_values_the_most_frequent_are_kept() -> None:
    truth, decided = texts(1000)
    values = [str(n % (MOST + 5)) for n in range(1000)]
    found = measure("column", values, truth, decided, resamples=20)
    assert len(found) == MOST + 1
    assert sum(one.n for one in found) == 1000
    assert found[-1].value == OTHERS


def test_texts_without_an_annotated_label_are_left_out_and_empty_cells_named() -> None:
    truth, decided = texts(40)
    truth[:10] = np.nan
    (one,) = measure("column", [""] * 40, truth, decided)
    assert (one.value, one.n, one.difference) == (EMPTY, 30, None)
    assert one.to_json()["n"] == 30
    with pytest.raises(ValueError, match="expected 40 values, found 1"):
        measure("column", ["a"], truth, decided)


def test_values_called_as_slices_made_here_are_told_apart_from_them() -> None:
    truth, decided = texts(80)
    values = [OTHERS] * 20 + [EMPTY] * 20 + [""] * 20 + [f"rare {n}" for n in range(20)]
    found = {one.value: one.n for one in measure("who", values, truth, decided, resamples=5)}
    assert found == {f'"{OTHERS}"': 20, f'"{EMPTY}"': 20, EMPTY: 20, OTHERS: 20}
