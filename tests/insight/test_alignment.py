"""Words of the original and what cleaning made of them."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overtone import text as cleaners
from overtone.insight.alignment import Aligned, align

CLEANERS = ("tweet", "comment", "plain", "words")


def aligned(text: str, cleaner: str = "tweet", **options: object) -> Aligned:
    return align(text, cleaners.load(cleaner, options))


def pairs(found: Aligned) -> list[tuple[str, str]]:
    """Return each unit of the original and what it became."""
    return [
        (found.text[unit.start : unit.end], found.cleaned[unit.first : unit.last])
        for unit in found.units
    ]


def test_each_word_is_paired_with_what_it_became() -> None:
    found = aligned("Can't wait,  SOOOO happy!!!! @bob #bestday https://t.co/xy")
    assert pairs(found) == [
        ("Can't", "can not"), ("wait", "wait"), (",", ","), ("SOOOO", "soo"), ("happy", "happy"),
        ("!!!!", "!!"), ("@bob", "user"), ("#bestday", "best day"), ("https://t.co/xy", "website"),
    ]  # fmt: skip


def test_emoji_are_units_of_their_own_and_repeated_ones_are_one() -> None:
    found = aligned("love it😍😍😍👍🏽 ok")
    assert [word for word, _ in pairs(found)] == ["love", "it", "😍😍😍", "👍🏽", "ok"]


def test_offsets_are_those_of_the_original() -> None:
    text = "  caf\u00e9 \U0001f600\u00a0na\u00efve\tend"
    for unit, word in zip(
        aligned(text, "plain").units, ["café", "\U0001f600", "naïve", "end"], strict=True
    ):
        assert text[unit.start : unit.end] == word


def test_words_that_cleaning_treats_together_are_one_unit() -> None:
    found = aligned("call 555 123 4567 now")
    assert pairs(found) == [("call", "call"), ("555 123 4567", "phone"), ("now", "now")]


def test_markup_is_one_unit_with_what_it_shows() -> None:
    found = aligned("see [[the page|this page]] please", "comment")
    assert ("see", "see") in pairs(found)
    assert ("please", "please") in pairs(found)
    assert "this page" in " ".join(became for _, became in pairs(found))


def test_what_cleaning_drops_has_no_unit() -> None:
    found = aligned("hello ~~~ *** world", "words")
    assert pairs(found) == [("hello", "hello"), ("world", "world")]
    found = aligned("Agreed. [[User:Bob|Bob]] (talk) 12:01, 3 May 2010 (UTC)", "comment")
    assert pairs(found)[0] == ("Agreed", "Agreed")
    assert not any("2010" in word for word, _ in pairs(found))


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u200b", "\x00"])
def test_a_text_without_words_has_no_units_that_are_empty(text: str) -> None:
    for cleaner in CLEANERS:
        for unit in aligned(text, cleaner).units:
            assert unit.end > unit.start
            assert unit.last > unit.first


def test_without_leaves_a_space_in_a_unit_s_place() -> None:
    found = aligned("so😍good day")
    assert found.without(1) == "so good day"
    assert found.without(3, 0) == " 😍good  "
    assert found.without() == found.text


def test_owners_are_the_units_of_characters() -> None:
    found = aligned("we win", "plain")
    assert found.owners().tolist() == [0, 0, -1, 1, 1, 1]


@pytest.mark.parametrize("cleaner", CLEANERS)
@settings(max_examples=150, deadline=None)
@given(
    text=st.lists(
        st.sampled_from(
            ["a", "no", "Can't", "#Two_words", "😍", "😍😍", "!!!", "@x", "http://a.b", "555",
             "123 4567", "[[a|b c]]", "''it''", "سَعيد", "x" * 30, ":(", "\n", "~~~~", "(talk)", "…",
             "\u200d", "&amp;"]
        ),
        max_size=12,
    ).map(" ".join)
)  # fmt: skip
def test_units_are_in_order_and_never_overlap(cleaner: str, text: str) -> None:
    found = aligned(text, cleaner)
    original = kept = 0
    for unit in found.units:
        assert original <= unit.start < unit.end <= len(text)
        assert kept <= unit.first < unit.last <= len(found.cleaned)
        assert not found.cleaned[unit.first].isspace()
        original, kept = unit.end, unit.last


@pytest.mark.parametrize("cleaner", CLEANERS)
def test_ordinary_prose_is_paired_word_by_word(cleaner: str) -> None:
    text = "The train is late again and nobody tells us why, so we wait in the rain."
    found = aligned(text, cleaner)
    joined = "".join(became for _, became in pairs(found))
    assert joined == found.cleaned.replace(" ", "")
    assert len(found.units) >= 16


def test_hostile_texts_take_time_linear_in_their_length() -> None:
    """Counted in lines of Python and characters cleaned: clocks depend on what else runs."""
    clean = cleaners.load("tweet", {})

    def work(words: int) -> tuple[int, int]:
        lines, characters = 0, 0

        def counting(text: str) -> str:
            nonlocal characters
            characters += len(text)
            return clean(text)

        def trace(_frame: FrameType, event: str, _: object) -> Any:  # noqa: ANN401
            nonlocal lines
            lines += event == "line"
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            align("555 123 4567 a " * words, counting)
        finally:
            sys.settrace(before)
        return lines, characters

    work(10)  # what is loaded once
    # Four times as long; were it quadratic, it would take sixteen times.
    for short, long in zip(work(200), work(800), strict=True):
        assert long < 5 * short
