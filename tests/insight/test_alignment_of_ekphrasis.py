"""Words of the original and what ekphrasis made of them, the library itself, tags and all."""

from __future__ import annotations

import pytest
from tests.insight.test_alignment import aligned, pairs
from tests.text.conftest import home, write_statistics

import overtone
from overtone.inference.predictor import Predictor
from overtone.text import load

__all__ = ["home", "write_statistics"]  # fixtures: word statistics, a few words of them


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@friend you can't  wait", [
            ("@friend", "<user>"), ("you", "you"), ("can't", "can not"), ("wait", "wait")]),
        ("a #sohappy day http://t.co/x", [
            ("a", "a"), ("#sohappy", "<hashtag> so happy </hashtag>"), ("day", "day"),
            ("http://t.co/x", "<url>")]),
        ("sooooo happy!!! day", [
            ("sooooo", "so <elongated>"), ("happy", "happy"), ("!!!", "! <repeated>"),
            ("day", "day")]),
        ("a *good* day &amp; more", [
            ("a", "a"), ("*good*", "good <emphasis>"), ("day", "day"), ("&amp;", "&"),
            ("more", "more")]),
        ("call 555-123-4567 now \U0001f602\U0001f602", [
            ("call", "call"), ("555-123-4567", "<phone>"), ("now", "now"),
            ("\U0001f602\U0001f602", "\U0001f602 \U0001f602")]),
        # A run of capitals is tagged as a whole: the tags go with the words beside them.
        ("you are SO GOOD day", [
            ("you", "you"), ("are", "are"), ("SO", "<allcaps> so"), ("GOOD", "good </allcaps>"),
            ("day", "day")]),
    ],
)  # fmt: skip
def test_each_word_is_paired_with_what_it_became(
    text: str, expected: list[tuple[str, str]]
) -> None:
    found = aligned(text, "ekphrasis")
    assert pairs(found) == expected
    # Nothing of the cleaned text is nobody's.
    assert "".join(became for _, became in expected).replace(" ", "") == found.cleaned.replace(
        " ", ""
    )


def test_explain_has_offsets_in_the_original_text(spanemo: Predictor) -> None:
    text = "  @friend SOOO happy!!! #sohappy day"
    before, spanemo.clean = spanemo.clean, load("ekphrasis", {})
    try:
        for method in ("leave_one_out", "integrated_gradients"):
            words = overtone.explain(spanemo, text, labels=["joy"], method=method).words
            assert [word.text for word in words] == [
                "@friend", "SOOO", "happy", "!!!", "#sohappy", "day",
            ]  # fmt: skip
            assert all(text[word.start : word.end] == word.text for word in words)
            assert any(word.push["joy"] for word in words)
    finally:
        spanemo.clean = before
