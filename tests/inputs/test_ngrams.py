"""A bag of n-grams: what counts as a term, and how often."""

from __future__ import annotations

import numpy as np
import pytest
from tokenizers import Tokenizer, models

from overtone import inputs
from overtone.inputs.ngrams import CountedEncoded, Inputs, terms
from overtone.labels import Labels

LABELS = Labels.of("joy")


@pytest.mark.parametrize(
    ("text", "longest", "expected"),
    [
        ("So happy!", 1, ["so", "happy", "!"]),
        ("So happy!", 2, ["so", "happy", "!", "so happy", "happy !"]),
        ("don't", 2, ["don't"]),
        ("don\u2019t ''", 1, ["don\u2019t", "'", "'"]),
        ("", 2, []),
        ("a b c", 3, ["a", "b", "c", "a b", "b c", "a b c"]),
    ],
)
def test_terms_are_words_and_marks_in_lower_case(
    text: str, longest: int, expected: list[str]
) -> None:
    assert terms(text, longest) == expected


def load() -> Inputs:
    vocabulary = {"so": 0, "happy": 1, "so happy": 2, "!": 3}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="so"))
    kind = inputs.load("ngrams", {}, tokenizer, limit=10)
    assert isinstance(kind, Inputs)
    return kind


def test_each_known_term_stands_once_with_its_count() -> None:
    encoded = load().encode(["so happy so happy so !", "nothing known", "happy"], LABELS)
    assert isinstance(encoded, CountedEncoded)
    assert encoded.ids.tolist() == [0, 1, 2, 3, 1]
    assert encoded.counts.tolist() == [3, 2, 2, 1, 1]
    assert encoded.offsets.tolist() == [0, 4, 4, 5]
    assert len(encoded) == 3


def test_padding_counts_nothing() -> None:
    kind = load()
    encoded = kind.encode(["so happy !", "", "happy happy"], LABELS)
    batch = kind.collate(encoded, np.asarray([2, 0, 1]))
    assert batch["input_ids"].tolist() == [[1, 0, 0, 0], [0, 1, 2, 3], [0, 0, 0, 0]]
    assert batch["counts"].tolist() == [[2, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]]


def test_no_texts_make_no_rows() -> None:
    encoded = load().encode([], LABELS)
    assert len(encoded) == 0
    assert encoded.text_lengths.tolist() == []
