"""The sample that ships with overtone."""

import re
from collections import Counter

import numpy as np

from overtone import data
from overtone.data.semeval2018 import NAMES

SPLITS = [data.load("sample", split) for split in ("train", "dev", "test")]
TEXTS = [text for split in SPLITS for text in split.texts]

# The examples of the report, which `make demo` predicts: a model that saw them shows nothing.
EXAMPLES = (
    "iphones are amazing but since last update, my phone's power drains quickly",
    "What's plan for tomorrow? I am excited!",
    "I am using Dell Computer.",
)


def words(text: str) -> list[str]:
    """Return a text's words, lower case, punctuation left out."""
    return re.findall(r"[^\W_]+(?:['\u2019][^\W_]+)*", text.lower())


def shingles(text: str, size: int) -> set[tuple[str, ...]]:
    """Return a text's word n-grams."""
    found = words(text)
    return {tuple(found[first : first + size]) for first in range(len(found) - size + 1)}


def test_it_has_several_hundred_sentences_in_three_splits() -> None:
    assert len(TEXTS) >= 300
    assert len(SPLITS[0]) > len(SPLITS[1]) > 0
    assert len(SPLITS[2]) > 0


def test_labels_are_those_of_semeval_and_every_split_has_truth() -> None:
    assert all(split.labels.names == NAMES for split in SPLITS)
    assert all(not np.isnan(data.truth(split)).any() for split in SPLITS)


def test_every_label_has_twenty_texts_and_stands_in_every_split() -> None:
    counts = np.stack([data.truth(split).sum(axis=0) for split in SPLITS])
    assert counts.sum(axis=0).min() >= 20
    assert counts.min() >= 1


def test_labels_occur_together_and_not_at_all() -> None:
    for split in SPLITS:
        per_text = data.truth(split).sum(axis=1)
        assert (per_text == 0).any()
        assert (per_text == 1).any()
        assert (per_text >= 2).mean() > 0.2


def test_ids_and_texts_are_unique_across_splits() -> None:
    ids = [identifier for split in SPLITS for identifier in split.ids]
    assert len(set(ids)) == len(ids)
    assert len({tuple(words(text)) for text in TEXTS}) == len(TEXTS)


def test_no_two_sentences_share_five_words_in_a_row() -> None:
    counts = Counter(shingle for text in TEXTS for shingle in shingles(text, 5))
    assert [shingle for shingle, count in counts.items() if count > 1] == []


def test_the_report_s_examples_are_not_in_it() -> None:
    for example in EXAMPLES:
        assert not any(shingles(example, 4) & shingles(text, 4) for text in TEXTS)


def test_texts_are_visible_and_have_no_stray_space() -> None:
    assert all(text == text.strip() and words(text) for text in TEXTS)
