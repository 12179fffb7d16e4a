"""Words as the vectors' files have them."""

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
    clean = text.load("words", {"apostrophes": apostrophes})
    given = "DON\u2019T stop; it's the cats' 'toys', I'm sure we'll see!"
    assert clean(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("#so_happy @you, http://a.b/c", "so happy you http a b c"),
        ("über Cafe\u0301 naïve 10€", "über café naïve 10"),
        ("one\\ntwo\\rthree", "one two three"),
        ("rock 'n' roll ''quoted''", "rock n roll quoted"),
        ("a\u200bb\tc", "a b c"),
        ("", ""),
    ],
)
def test_special_characters_become_spaces(given: str, expected: str) -> None:
    clean = text.load("words", {})
    assert clean(given) in {expected, expected.replace("a b c", "ab c")}


def test_a_text_of_signs_alone_stays() -> None:
    assert text.load("words", {})("?! \N{SMILING FACE WITH SUNGLASSES}") != ""


def test_marks_are_words_where_wanted() -> None:
    assert text.load("words", {"marks": True})("What?! No way!!!") == "what ? ! no way ! ! !"
