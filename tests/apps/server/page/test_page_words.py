"""Picking an emotion shows the words for and against it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from tests.apps.server.page.conftest import HOSTILE, Open, Opened
from tests.apps.server.page.test_page_access import Scheme, check

import overtone

HAPPY = "What a lovely 😍 surprise, thank you!"
FAILED = ("Failed to load resource",)


def name(page: Page, label: str) -> Locator:
    return page.locator("#bars").get_by_role("button", name=label, exact=True)


def picked(found: Opened, label: str = "joy", text: str = HAPPY) -> Page:
    """Type a text and pick an emotion."""
    found.type(text)
    expect(found.page.locator("#bars li .value").first).not_to_be_empty()
    name(found.page, label).click()
    return found.page


def explained(found: Opened) -> int:
    return sum(url.endswith("v1/explain") for url in found.asked)


def test_the_words_of_an_emotion_are_marked_and_named(opened: Open, model: Path) -> None:
    expected = overtone.explain(model, HAPPY, labels=["joy"])
    page = picked(opened())
    expect(name(page, "joy")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#why-title")).to_have_text("Words for and against joy")
    expect(page.locator("#why-text .for")).not_to_have_count(0)
    assert page.locator("#why-text").inner_text() == HAPPY
    most = max(abs(word.push["joy"]) for word in expected.words)
    for side, sign in (("for", 1), ("against", -1)):
        wanted = [w.text for w in expected.words if w.push["joy"] * sign >= 0.1 * most]
        assert page.locator(f"#why-text .{side}").all_inner_texts() == wanted
    strongest = max(expected.words, key=lambda word: word.push["joy"])
    said = f"For: {strongest.text} +{strongest.push['joy']:.1f}"
    expect(page.locator("#why-sides")).to_contain_text(said)
    expect(page.locator("#status")).to_contain_text(said)


def test_another_emotion_asks_nothing_more_and_the_same_one_closes(opened: Open) -> None:
    found = opened()
    page = picked(found)
    expect(page.locator("#why-text .for")).not_to_have_count(0)
    assert explained(found) == 1
    name(page, "trust").click()
    expect(page.locator("#why-title")).to_have_text("Words for and against trust")
    expect(name(page, "joy")).to_have_attribute("aria-pressed", "false")
    name(page, "trust").click()
    expect(page.locator("#why")).to_be_hidden()
    expect(name(page, "trust")).to_have_attribute("aria-pressed", "false")
    assert explained(found) == 1


def test_the_words_follow_the_text(opened: Open) -> None:
    found = opened()
    page = picked(found)
    expect(page.locator("#why-text .for")).not_to_have_count(0)
    for text in ("so happy today", "what a lovely day, thank you!"):
        with page.expect_response("**/v1/explain"):
            found.type(text)
        expect(page.locator("#why-text .for")).not_to_have_count(0)
        expect(page.locator("#why-text")).to_have_text(text)
        found.type("")
        expect(page.locator("#why")).to_be_hidden()
    assert explained(found) == 3


def test_nothing_is_explained_until_it_is_asked_for(opened: Open) -> None:
    found = opened()
    found.type(HAPPY)
    expect(found.page.locator("#found")).to_have_text(re.compile("joy"))
    expect(found.page.locator("#why")).to_be_hidden()
    assert explained(found) == 0


def test_words_and_labels_are_text_and_nothing_else(opened: Open, hostile_address: str) -> None:
    text = "<b>angry</b> sum  proto سعيد\n<script>"
    page = picked(opened(hostile_address), HOSTILE[0], text)
    expect(page.locator("#why-text .for")).not_to_have_count(0)
    assert page.locator("#why-text").text_content() == text
    assert page.locator("main script, main b").count() == 0
    name(page, HOSTILE[3]).click()
    expect(page.locator("#why-title")).to_contain_text(HOSTILE[3])


def test_a_text_with_too_many_words_says_so(opened: Open) -> None:
    page = picked(opened(expected=FAILED), text="so happy " * 100)
    expect(page.locator("#why-note")).to_contain_text("too long to look at every word")
    expect(page.locator("#trouble")).to_be_hidden()
    expect(page.locator("#why-text .for")).to_have_count(0)


def test_a_server_that_fails_is_said_beside_the_words(opened: Open) -> None:
    found = opened(expected=FAILED)

    def fail(route: Route) -> None:
        route.fulfill(status=504, json={"title": "Gateway Timeout"})

    found.page.route("**/v1/explain", fail)
    page = picked(found)
    expect(page.locator("#why-note")).to_contain_text("The server ran out of time.")
    page.unroute("**/v1/explain")
    name(page, "joy").click()
    name(page, "joy").click()
    expect(page.locator("#why-text .for")).not_to_have_count(0)
    expect(page.locator("#why-note")).to_be_hidden()


def test_a_text_whose_words_make_no_difference(opened: Open) -> None:
    page = picked(opened(), text="zzzz qqqq")
    expect(page.locator("#why-note")).to_have_text("No single word makes a difference.")
    expect(page.locator("#why-sides")).to_be_empty()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_axe_finds_nothing_in_the_words(opened: Open, width: int, scheme: Scheme) -> None:
    found = opened(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = picked(found, text=f"{HAPPY} I am sad and angry {'x' * 300}")
    expect(page.locator("#why-text .for")).not_to_have_count(0)
    check(page, width, "words")


def test_for_and_against_differ_in_more_than_colour(opened: Open) -> None:
    page = picked(opened(), "joy", "so happy, and so sad and angry and afraid")
    expect(page.locator("#why-text .for")).not_to_have_count(0)
    expect(page.locator("#why-text .against")).not_to_have_count(0)
    line = "element => getComputedStyle(element).borderBottomStyle"
    assert page.locator("#why-text .for").first.evaluate(line) == "solid"
    assert page.locator("#why-text .against").first.evaluate(line) == "dashed"
