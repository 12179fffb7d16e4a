"""Words as the vectors' files have them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from overtone import text


@pytest.mark.parametrize(
    ("apostrophes", "expected"),
    [
        ("split", "do n't stop it 's the cats toys i 'm sure we 'll see"),
        ("space", "don t stop it s the cats toys i m sure we ll see"),
        ("drop", "dont stop its the cats toys im sure well see"),
    ],
)
def test_apostrophes(apostrophes: str, expected: str) -> None:
    """As the tokens of GloVe 6B, or without; curly ones too."""
    clean = text.load("words", {"apostrophes": apostrophes})
    given = "DON\u2019T stop; it's the cats' 'toys', I'm sure we'll see!"
    assert clean(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("#so_happy @you, http://a.b/c", "so happy you http a b c"),
        ("\u00fcber Cafe\u0301 na\u00efve 10\u20ac", "\u00fcber caf\u00e9 na\u00efve 10"),
        ("one\\ntwo\\rthree", "one two three"),
        ("rock 'n' roll ''quoted'' y'all", "rock n roll quoted y all"),
        ("well-being, 3.5%: yes...", "well being 3 5 yes"),
        ("a\u200bb\tc", "a b c"),
        ("&amp; &lt;b&gt;", "b"),
        ("\u0939\u093f\u0928\u094d\u0926\u0940!", "\u0939\u093f\u0928\u094d\u0926\u0940"),  # Hindi
        (
            "(\u0645\u064f\u062f\u064e\u0631\u0633)",
            "\u0645\u064f\u062f\u064e\u0631\u0633",
        ),  # Arabic
        ("love \u2764\ufe0f 1\ufe0f\u20e3 (\u0301)", "love 1"),
        ("", ""),
    ],
)
def test_special_characters_become_spaces(given: str, expected: str) -> None:
    """Letters, their marks and digits stay, whatever the script; an emoji leaves nothing."""
    assert text.load("words", {})(given) == expected


@pytest.mark.parametrize("given", ["?!", "\U0001f602", "...", "'", "\u2764\ufe0f"])
def test_a_text_of_signs_alone_stays(given: str) -> None:
    """It is never dropped."""
    assert text.load("words", {})(given)


def test_marks_are_words_where_wanted() -> None:
    """One each, however many."""
    clean = text.load("words", {"marks": True})
    assert clean("What?! No way!!! It's 'so'...") == "what ? ! no way ! ! ! it 's so"
    assert clean("?") == "?"


@pytest.mark.parametrize("options", [{}, {"marks": True}, {"apostrophes": "drop"}])
def test_clean_words_stay(options: dict[str, object]) -> None:
    """Cleaning twice is cleaning once."""
    clean = text.load("words", options)
    given = "It\u2019s 5 o'clock, isn't it? #Caf\u00e9"
    assert clean(clean(given)) == clean(given)


def test_the_default_covers_most_of_glove_6b() -> None:
    """The figures that the default rests on, on real tweets and vectors."""
    folder = Path(os.environ.get("OVERTONE_DATA_DIR", "no such folder"))
    vectors = folder / "glove" / "glove.6B.100d.txt"
    tweets = folder / "semeval2018" / "2018-E-c-En-dev.txt"
    if not (vectors.is_file() and tweets.is_file()):
        pytest.skip("NOT RUN: OVERTONE_DATA_DIR has no GloVe vectors and English tweets")
    known = {line.split(" ", 1)[0] for line in vectors.read_text(encoding="utf-8").splitlines()}
    rows = [line.split("\t")[1] for line in tweets.read_text(encoding="utf-8").splitlines()[1:]]

    def coverage(apostrophes: str) -> float:
        clean = text.load("words", {"apostrophes": apostrophes})
        words = [word for row in rows for word in clean(row).split()]
        return sum(word in known for word in words) / len(words)

    assert coverage("split") > coverage("space") > coverage("drop")
