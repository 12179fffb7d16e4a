"""Whole words: known ones by their place in the file, unknown ones by their letters."""

from __future__ import annotations

import numpy as np
import pytest
from tokenizers import Tokenizer

from overtone import inputs
from overtone.inputs import Inputs
from overtone.labels import Labels
from overtone.models import _vectors

LABELS = Labels.of("joy", "fear")


def load(unknown: int = 1, **options: object) -> Inputs:
    tokenizer = Tokenizer.from_str(_vectors._tokenizer(["happy", "day", "n't"], unknown))
    return inputs.load("words", options, tokenizer, limit=100)


def test_words_are_numbered_as_the_vectors_are() -> None:
    encoded = load().encode(["happy day n't do", "", "day"], LABELS)
    assert [int(token) for token in encoded.ids] == [2, 3, 4, 1, 3]
    assert [int(length) for length in encoded.lengths] == [4, 0, 1]
    assert encoded.unknown == 1


def test_a_batch_is_padded_with_zeros_and_never_empty() -> None:
    kind = load()
    encoded = kind.encode(["happy day", "", "day"], LABELS)
    ids = kind.collate(encoded, np.arange(3))["input_ids"]
    assert ids.tolist() == [[2, 3], [0, 0], [3, 0]]
    assert kind.collate(encoded, np.asarray([1]))["input_ids"].tolist() == [[0]]


def test_unknown_words_are_spread_by_their_letters_the_same_way_every_time() -> None:
    words = [f"word{number}" for number in range(90)]
    encoded = load(unknown=50).encode([" ".join(words), "happy word7 word7 über"], LABELS)
    first = encoded.ids[:90]
    assert set(first.tolist()) <= set(range(1, 51))
    assert len(set(first.tolist())) > 30
    happy, once, again, _ = encoded.ids[90:].tolist()
    assert happy == 51
    assert once == again == first[7]
    assert encoded.unknown == 93
    # What a word's bucket is must never change: saved models depend on it.
    assert load(unknown=50).encode(["word7 word8"], LABELS).ids.tolist() == [30, 47]


def test_a_long_text_loses_its_end() -> None:
    encoded = load(max_length=3).encode(["happy day happy day"], LABELS)
    assert encoded.ids.tolist() == [2, 3, 2]
    assert encoded.truncated == 1


@pytest.mark.parametrize("text", ["unknown 0", "padding word"])
def test_a_text_can_t_name_the_tokens_that_are_no_words(text: str) -> None:
    assert set(load().encode([text], LABELS).ids.tolist()) == {1}
