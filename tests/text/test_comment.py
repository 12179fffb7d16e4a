"""Talk-page comments: the words stay, the markup goes."""

from __future__ import annotations

import pytest

from overtone import text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("== Your edit ==\nThis is '''not''' ''funny''.", "Your edit This is not funny."),
        (":: indented\n* a bullet\n----\nrest", "indented a bullet rest"),
        ("see [[Help:Editing|the help]] and [[Main Page]]!", "see the help and Main Page !"),
        ("[[File:cat.jpg|thumb|a cat]] here", "a cat here"),
        ("read [http://a.example/b this page] now", "read this page now"),
        ("{{unblock|reason}} please", "unblock|reason please"),
        ("<b>bold</b> words<!-- hidden --> stay <ref name=x>cited</ref>", "bold words stay cited"),
        ('a ""quoted"" word', 'a "quoted" word'),
        ("2 < 3 and 5 > 4", "2 < 3 and 5 > 4"),
        ("a == b, x = y", "a == b, x = y"),
    ],
)
def test_markup_goes_and_its_words_stay(given: str, expected: str) -> None:
    assert text.load("comment", {})(given) == expected


@pytest.mark.parametrize(
    "signature",
    [
        "(talk)",
        "(talk • contribs)",
        "(talk|contribs)",
        "~~~~",
        "12:34, 5 May 2008 (UTC)",
        "12:34, May 5, 2008 (UTC)",
        "\N{EM DASH}Preceding unsigned comment added by Somebody",
    ],
)
def test_signatures_go(signature: str) -> None:
    assert text.load("comment", {})(f"Stop that. {signature}") == "Stop that."
    assert text.load("comment", {"signatures": False})(f"Stop that. {signature}") != "Stop that."


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("from 192.0.2.17.", "from user ."),
        ("from 2001:db8::ff00:42:8329", "from user"),
        ("at 12:34:56 version 1.2.3.4.5 or 1.2.3", "at 12:34:56 version 1.2.3.4.5 or 1.2.3"),
        ("300.1.1.1 is none", "300.1.1.1 is none"),
        ("ask User:Some_body or User talk:Other", "ask user or user"),
        ("write to a.b@c.example or https://d.example/e!", "write to email or website !"),
    ],
)
def test_addresses_become_placeholders(given: str, expected: str) -> None:
    assert text.load("comment", {})(given) == expected
    assert text.load("comment", {"placeholders": False})(given) == given


def test_case_stays_unless_asked() -> None:
    assert text.load("comment", {})("STOP It") == "STOP It"
    assert text.load("comment", {"lower": True})("STOP It") == "stop it"


@pytest.mark.parametrize("given", ["~~~~", "(talk)", "'''", "12:34, 5 May 2008 (UTC)"])
def test_a_comment_of_nothing_else_stays(given: str) -> None:
    assert text.load("comment", {})(given) == given


@pytest.mark.parametrize(
    "piece", ["[[", "{{", "'''", "==", "<", "<!--", "[http://a ", "User:", "1.1.1.", "(talk ", ":"]
)
def test_hostile_runs_of_marks_end_in_time(piece: str) -> None:
    """Quadratic time would take hours for these."""
    text.load("comment", {})(piece * (1_000_000 // len(piece)))
