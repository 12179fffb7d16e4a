"""The plain cleaner: what it repairs, and what it leaves alone."""

# ruff: noqa: RUF001 - texts in other scripts look ambiguous to it

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overtone.text import plain
from overtone.text._repair import BAD_PIECES, LONGEST_COMBINING, PIECE

clean = plain.cleaner(plain.Config())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \t\n\u3000", ""),
        ("I  am\tso \r\n happy ", "I am so happy"),
        ("It\u2019s \u201cfine\u201d", 'It\'s "fine"'),
        ("salt &amp; vinegar &lt;3 &#128514;", "salt & vinegar <3 \U0001f602"),
        ("&nbsp;", "&nbsp;"),  # or nothing would be left of it
        ("cafe\u0301", "caf\u00e9"),
        ("na\u00c3\u00afve", "na\u00efve"),  # UTF-8 read as Latin-1
        ("don\u00e2\u20ac\u2122t", "don't"),  # UTF-8 read as Windows-1252
        ("\u00c2\x8d", "\u00c2"),  # mojibake of a control only: nothing would be left of it
        ("\ufb01ne", "fine"),
        ("\uff37\uff2f\uff37\uff01", "WOW!"),
        ("be\x00l\x07l\ufeff", "bell"),
        ("one\x1ctwo\x85three\u2028four", "one two\u2026three four"),
        ("a\x81b", "ab"),
        ("e\x81\u0301", "\u00e9"),  # the control goes before letter and accent are joined
        ("\ud83d\ude02 \ud83d", "\U0001f602 \ufffd"),  # a pair in two halves, and half of one
        ("Caps STAY, and so do #tags, @names & marks!!!", None),
        ("¡Qué día! El niño comió piñas.", None),
        ("مُش أحياناً", None),
        ("دلم می\u200cخواهد", None),  # the zero-width non-joiner is spelling
        ("हिन्दी ไทย 日本語 한국어", None),
    ],
)
def test_examples(text: str, expected: str | None) -> None:
    """Each text comes out as listed; None is for unchanged."""
    assert clean(text) == (text if expected is None else expected)


def test_entities_stay_where_not_wanted() -> None:
    """A text about HTML keeps its entities."""
    assert plain.cleaner(plain.Config(entities=False))("write &amp;  here") == "write &amp; here"


def test_entities_are_unescaped_once() -> None:
    """A text about escaping is not unescaped until nothing is left to unescape."""
    assert clean("&amp;lt;") == "&lt;"


def test_a_number_that_is_no_character_is_survived() -> None:
    """Python's html.unescape raises ValueError for this."""
    assert clean("&#" + "1" * 5000 + ";") == "&#" + "1" * 5000 + ";"


def test_combining_marks_are_limited() -> None:
    """A tower of accents is cut, but a letter with as many as a language needs is not."""
    tower = "a" + "\u0323" * 1000 + "b"
    assert clean(tower).count("\u0323") in {LONGEST_COMBINING, LONGEST_COMBINING - 1}
    assert clean(tower)[-1] == "b"


def test_mojibake_is_repaired_in_long_texts_too() -> None:
    """Pieces are cut between words, and each is repaired."""
    words = (PIECE * (BAD_PIECES - 2)) // len("na\u00c3\u00afve ")
    assert clean("na\u00c3\u00afve " * words) == " ".join(["na\u00efve"] * words)


@given(st.text(st.characters(codec="ascii")))
def test_ascii_without_entities_is_settled_at_once(text: str) -> None:
    """Cleaning twice is cleaning once, but for entities, which may be escaped twice."""
    once = clean(text.replace("&", "and"))
    assert clean(once) == once
