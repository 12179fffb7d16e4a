"""The table of other words: for every label of the datasets here, each word once."""

from __future__ import annotations

from collections import Counter

from overtone.data import jigsaw, label_words, semeval2018
from overtone.labels import Labels


def test_every_label_of_the_datasets_has_words_and_no_word_stands_twice() -> None:
    table = label_words.words()
    assert {*semeval2018.NAMES, *jigsaw.NAMES} <= table.keys()
    counts = Counter(
        word.casefold()
        for name, found in table.items()
        for word in {name.replace("_", " "), *found}
    )
    assert [word for word, count in counts.items() if count > 1] == []
    assert all(len(found) >= 2 for found in table.values())


def test_words_go_with_names_unless_they_prompt_for_another_label() -> None:
    joy, unknown, happiness = label_words.others(Labels.of("joy", "zeal", "Happiness"))
    assert "gladness" in joy
    assert "happiness" not in joy
    assert unknown == happiness == ()


def test_other_languages_have_none() -> None:
    assert label_words.others(Labels(("joy",), ("alegría",), "es")) == ((),)
