"""Findings about single texts: encodings, emptiness, length, language, personal data."""

from __future__ import annotations

import dataclasses
from typing import get_args

import numpy as np
import pytest
from tests.insight.data_check.conftest import Find, corpus, of_texts

from overtone.errors import ConfigError
from overtone.insight.data_check import personal_data
from overtone.insight.data_check.corpus import Place
from overtone.insight.data_check.languages import NONE, Language


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a lovely cafÃ© in the old town", "mojibake"),
        ("donâ€™t do that to me", "mojibake"),
        ("x" * 2000 + " so naÃ¯ve of me", "mojibake"),
        ("a lovely caf\ufffd in the old town", "replacement characters"),
        ("a bell \x07 rings", "control characters"),
        ("an old \x96 and a \x92 mark", "mojibake"),
    ],
)
def test_wrong_encodings_are_found(find: Find, text: str, what: str) -> None:
    found = find("encodings", of_texts("all is well", text))
    assert (what, (1,)) in [(one.what, one.rows) for one in found]


@pytest.mark.parametrize(
    "text",
    [
        "a café, naïve señor",
        "“curly” — don’t 😀👍🏽",
        "يوم جميل",
        "два\tслова\nи ещё",
        "ÀÉÎ",
        "été",
    ],
)
def test_what_is_rightly_encoded_is_not_found(find: Find, text: str) -> None:
    assert find("encodings", of_texts(text)) == []


def test_rows_that_can_t_be_read_are_named(find: Find) -> None:
    problem = "expected UTF-8, found the byte 0xe9"
    broken = dataclasses.replace(of_texts("a"), unreadable={"train": [("7", problem)]})
    (one,) = find("encodings", broken)
    assert (one.what, one.unread, one.said) == (
        "bytes that are no UTF-8", (Place("train", "7"),), problem,
    )  # fmt: skip


def test_options_leave_kinds_of_encoding_out(find: Find) -> None:
    assert (
        find("encodings", of_texts("cafÃ©", "caf\ufffd"), mojibake=False, replacements=False) == []
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [("", "empty"), (" \t\n", "empty"), ("...!", "near-empty"), ("ok", "near-empty"),
     ("@someone https://example.org/a/long/path", "near-empty")],
)  # fmt: skip
def test_texts_that_say_nothing_are_found(find: Find, text: str, what: str) -> None:
    assert [(one.what, one.rows) for one in find("empty_texts", of_texts("a text", text))] == [
        (what, (1,))
    ]


@pytest.mark.parametrize("text", ["😡", ":((", "wow", "؟ نعم", "." * 300 + " well then"])
def test_short_texts_that_say_something_are_not_found(find: Find, text: str) -> None:
    assert find("empty_texts", of_texts(text)) == []


def test_long_texts_are_found_by_words_and_by_what_a_model_cuts(find: Find) -> None:
    texts = of_texts("a short one", "word " * 513, "word " * 512)
    assert [(one.rows, one.what) for one in find("lengths", texts)] == [
        ((1,), "more than 512 words")
    ]
    cut = dataclasses.replace(texts, lost=np.array([False, False, True]))
    assert [(one.rows, one.what) for one in find("lengths", cut)] == [((2,), "cut by the model")]


ENGLISH = ["the train was late again this morning", "what a lovely surprise it was to see you",
           "nobody ever tells me what is going on here"]  # fmt: skip

GERMAN = "heute Morgen war der Zug schon wieder zu spät und niemand wusste warum"


def test_another_language_and_another_script_are_found(find: Find) -> None:
    texts = of_texts(
        *ENGLISH,
        GERMAN,
        "Почему?",
        "lol",
    )
    found = {one.rows: one.what for one in find("languages", texts)}
    assert found == {(3,): "language de", (4,): "script Cyrillic"}


def test_links_mentions_and_hashtags_are_in_no_language(find: Find) -> None:
    words = GERMAN.split()
    tags = " ".join(f"#{word}" for word in words)
    link = f"https://example.org/{'-'.join(words)}"
    assert find("languages", of_texts(*ENGLISH, f"{ENGLISH[0]} {tags} {link}")) == []


@pytest.mark.parametrize(
    "text",
    ["the name of the place is Крестовоздвиженская in the language of the people there",
     "p.s. hahahahahahahahahahahaha lol", "9 99 9 9 99 ⣶ ⣦ ⣤ 99 9999 9 999 9 99"],
)  # fmt: skip
def test_names_laughter_and_signs_are_in_no_other_language(find: Find, text: str) -> None:
    assert find("languages", of_texts(*ENGLISH, text)) == []


def test_languages_that_are_expected_are_not_found(find: Find) -> None:
    assert find("languages", of_texts(*ENGLISH, GERMAN), expected=["en", "de"]) == []
    found = find("languages", of_texts(*ENGLISH, GERMAN), expected=["de"])
    assert {one.what for one in found} == {"language en"}


PERSONAL = [
    ("write to jane.doe@example.com today", "e-mail"),
    ("call +49 171 2345678 now", "phone number"),
    ("call (555) 010-9999 now", "phone number"),
    ("it was 192.168.13.37 again", "IP address"),
    ("from 2001:db8:85a3::8a2e:370:7334 again", "IP address"),
    ("pay to DE89 3704 0044 0532 0130 00 PLEASE", "IBAN"),
    ("pay to GB82WEST12345698765432 please", "IBAN"),
    ("thanks @jane_doe for that", "@handle"),
    ("thanks u/jane_doe for that", "@handle"),
]


@pytest.mark.parametrize(("text", "what"), PERSONAL)
def test_personal_data_are_found_and_hidden(find: Find, text: str, what: str) -> None:
    (one,) = find("personal_data", of_texts(text))
    assert (one.what, one.rows) == (what, (0,))
    assert one.said == ""
    hidden = personal_data.without_personal_data(text)
    assert not set(hidden.split()) & {"jane.doe@example.com", "@jane_doe", "u/jane_doe"}
    assert not any(character.isdigit() for character in hidden)


@pytest.mark.parametrize(
    "text",
    [
        "version 1.2.3 of 2019-05-17, at 10:30-11:45",
        "DE89 3704 0044 0532 0130 01 has a wrong check digit",
        "1,234,567 people paid 12.50 @ 5 pm or @11:30",
        "999.999.999.999 is no address",
        "https://example.org/@someone/0171-2345678",
        "me@home and/or u2/3",
    ],
)
def test_what_only_looks_like_personal_data_is_not_found(find: Find, text: str) -> None:
    assert find("personal_data", of_texts(text)) == []


def test_handles_can_be_left_out(find: Find) -> None:
    assert find("personal_data", of_texts("thanks @jane_doe"), handles=False) == []


def test_labels_too_rare_are_named_with_their_rows(find: Find) -> None:
    rows = [(f"text {number}", (number < 30, number == 0)) for number in range(60)]
    found = find("rare_labels", corpus({"train": rows, "dev": rows[20:45]}))
    assert [(one.what, one.labels, len(one.rows)) for one in found] == [
        ("too rare to score", ("anger",), 0),
        ("too rare to learn", ("anger",), 1),
    ]


def test_the_languages_that_can_be_expected_are_py3langid_s() -> None:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - an extra's

    known = LanguageIdentifier.from_model_file(MODEL_FILE).nb_classes
    assert set(get_args(Language)) == set(known) - {NONE}


def test_a_language_that_nobody_knows_is_refused_with_those_that_exist(find: Find) -> None:
    with pytest.raises(ConfigError, match=r"languages\.expected must be one of .* en, .*'english'"):
        find("languages", of_texts("all is well"), expected=["english"])
