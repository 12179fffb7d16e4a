"""Findings about several texts: duplicates, near-duplicates, contradictions, label sets."""

from __future__ import annotations

import numpy as np
import pytest
from tests.insight.data_check.conftest import Find, corpus, of_texts

from overtone.insight.data_check import NotCheckedError
from overtone.insight.data_check.duplicates import ACROSS, INSIDE

LONG = "nobody told us that the bus would not come so we walked all the way home in the rain"
OTHER = "she baked three loaves of bread for the neighbours and kept none of them for herself"


def test_duplicates_differ_in_case_and_space_only(find: Find) -> None:
    where = corpus(
        {
            "train": [("a b", (1, 0)), ("A  b ", (1, 0)), ("a c", (1, 0)), ("d e", (0, 1))],
            "dev": [("D E", (0, 1)), ("", (0, 1)), (" ", (0, 1))],
        }
    )
    assert [(one.what, one.rows) for one in find("duplicates", where)] == [
        (ACROSS, (3, 4)),
        (INSIDE, (0, 1)),
    ]
    assert find("duplicates", where, fewest=4) == []


def test_equal_texts_with_other_labels_contradict(find: Find) -> None:
    nan = float("nan")
    where = corpus(
        {
            "train": [("a b", (1, 0)), ("c d", (1, 1)), ("e f", (1, 0)), ("e f", (1, nan))],
            "dev": [("a B", (1, 1)), ("c d", (0, 0))],
        }
    )
    assert [(one.rows, one.labels) for one in find("contradictions", where)] == [
        ((1, 5), ("joy", "anger")),
        ((0, 4), ("anger",)),
    ]


@pytest.mark.parametrize(
    "near",
    [
        LONG.replace("rain", "rein"),
        LONG.replace("all ", ""),
        f"RT @someone: {LONG.upper()}!!! https://t.co/abc",
        f"{LONG} #sad",
    ],
)
def test_near_duplicates_are_found(find: Find, near: str) -> None:
    (one,) = find("near_duplicates", of_texts(LONG, OTHER, near))
    assert (one.rows, one.what) == ((0, 2), INSIDE)
    assert one.score is not None
    assert one.score >= 0.8


def test_near_duplicates_name_copies_too_and_say_where(find: Find) -> None:
    where = corpus(
        {"train": [(LONG, (1, 0)), (OTHER, (1, 0)), (LONG, (1, 0))],
         "test": [(f"{LONG} x", (1, 0))]}
    )  # fmt: skip
    assert [(one.rows, one.what) for one in find("near_duplicates", where)] == [((0, 2, 3), ACROSS)]


def test_copies_and_short_texts_are_no_near_duplicates(find: Find) -> None:
    assert find("near_duplicates", of_texts(LONG, LONG, "ha ha ha!", "ha ha ha?")) == []


def test_similarity_is_exact(find: Find) -> None:
    """Of 78 and 83 shingles 78 are shared."""
    texts = of_texts(LONG, f"{LONG} again")
    (one,) = find("near_duplicates", texts)
    first, second = ({text[n : n + 5] for n in range(len(text) - 4)} for text in texts.texts)
    assert one.score == pytest.approx(len(first & second) / len(first | second))
    assert find("near_duplicates", texts, similarity=0.99) == []


def test_a_thousand_texts_from_one_mould_are_one_group(find: Find) -> None:
    texts = [f"{LONG} number {number}" for number in range(1000)]
    (one,) = find("near_duplicates", of_texts(*texts))
    assert len(one.rows) == 1000


def test_nearly_all_pairs_above_the_similarity_are_found(find: Find) -> None:
    """Against the similarity of every pair, which a few texts allow."""
    rng = np.random.default_rng(7)
    words = np.array([*LONG.split(), *OTHER.split()])
    texts = [" ".join(rng.choice(words, 15)) for _ in range(150)]
    for number in range(0, 100, 2):
        changed = texts[number].split()
        for place in rng.integers(15, size=rng.integers(1, 4)):
            changed[place] = str(rng.choice(words))
        texts[number + 1] = " ".join(changed)
    sets = [{text[n : n + 5] for n in range(len(text) - 4)} for text in texts]
    expected = {
        (a, b)
        for a in range(150)
        for b in range(a + 1, 150)
        if len(sets[a] & sets[b]) / len(sets[a] | sets[b]) >= 0.6 and texts[a] != texts[b]
    }
    assert len(expected) >= 20
    found = find("near_duplicates", of_texts(*texts), similarity=0.6)
    joined = sum(any({a, b} <= set(one.rows) for one in found) for a, b in expected)
    assert joined >= 0.95 * len(expected)


def test_label_sets_that_train_lacks(find: Find) -> None:
    nan = float("nan")
    where = corpus(
        {
            "train": [("a", (1, 0)), ("b", (0, 1)), ("c", (1, nan))],
            "dev": [("d", (1, 1)), ("e", (1, 0)), ("f", (0, 0)), ("g", (1, 1)), ("h", (nan, 1))],
        }
    )
    assert [(one.rows, one.labels) for one in find("unseen_label_sets", where)] == [
        ((3, 6), ("joy", "anger")),
        ((5,), ()),
    ]


def test_label_sets_need_two_splits(find: Find) -> None:
    with pytest.raises(NotCheckedError, match="no train split"):
        find("unseen_label_sets", of_texts("a", "b"))
