"""Thresholds are dragged by mouse, finger and keyboard, and decide as the model's own would."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.apps.server.page.conftest import HOSTILE, Open, Opened

import overtone

HAPPY = "What a lovely surprise, thank you!"


def typed(found: Opened, text: str = HAPPY) -> Page:
    """Type a text and wait for its answer."""
    found.type(text)
    expect(found.page.locator("#bars li.on")).not_to_have_count(0)
    return found.page


def slider(page: Page, label: str) -> Locator:
    return page.get_by_role("slider", name=f"Threshold of {label}", exact=True)


def value(page: Page, label: str) -> int:
    return int(slider(page, label).get_attribute("aria-valuenow") or -1)


def middle(thing: Locator) -> tuple[float, float]:
    box = thing.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_keyboard_moves_a_threshold_and_the_words_follow(opened: Open, model: Path) -> None:
    predictor = overtone.load(model)
    [said] = predictor.predict([HAPPY])
    assert 0.5 < said.probabilities["joy"] < 0.99
    page = typed(opened())
    handle = slider(page, "joy")
    assert value(page, "joy") == 50
    expect(handle).to_have_attribute("aria-valuetext", "50 percent")
    handle.focus()
    for key, expected in [
        ("ArrowRight", 51), ("ArrowUp", 52), ("ArrowLeft", 51), ("ArrowDown", 50),
        ("PageUp", 60), ("PageDown", 50), ("Home", 0), ("ArrowLeft", 0), ("End", 100),
        ("PageUp", 100),
    ]:  # fmt: skip
        page.keyboard.press(key)
        assert value(page, "joy") == expected
    expect(page.locator("#found")).not_to_contain_text("joy")
    expect(page.locator("#status")).not_to_contain_text("joy")
    expect(handle).to_have_attribute("aria-valuetext", "100 percent, yours")
    page.keyboard.press("Delete")
    assert value(page, "joy") == 50
    expect(page.locator("#found")).to_contain_text("joy")
    # The model says the same where it is given the same.
    for label in said.probabilities:
        slider(page, label).press("Home")
    [all_on] = predictor.predict([HAPPY], threshold=0.0)
    *first, last = all_on.labels
    expect(page.locator("#found")).to_have_text(f"{', '.join(first)} and {last}")
    page.get_by_role("button", name="Reset thresholds").click()
    assert {value(page, label) for label in said.probabilities} == {50}
    expect(page.get_by_role("button", name="Reset thresholds")).to_be_hidden()


def test_the_mouse_drags_a_threshold(opened: Open) -> None:
    found = opened()
    page = typed(found)
    asked = len(found.asked)
    x, y = middle(slider(page, "joy"))
    track = slider(page, "joy").locator("..").bounding_box()
    assert track is not None
    page.mouse.move(x, y)
    page.mouse.down()
    for share in (0.6, 0.8, 1.5):
        page.mouse.move(track["x"] + share * track["width"], y + 40)
    page.mouse.up()
    assert value(page, "joy") == 100
    expect(page.locator("#found")).not_to_contain_text("joy")
    page.mouse.move(x, y)  # it has been let go
    assert value(page, "joy") == 100
    assert len(found.asked) == asked  # all of it was decided here


def test_a_finger_drags_a_threshold_and_scrolls_beside_it(opened: Open) -> None:
    found = opened(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    page = typed(found)
    slider(page, "joy").scroll_into_view_if_needed()
    x, y = middle(slider(page, "joy"))
    touch = page.context.new_cdp_session(page)

    def finger(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": x, "y": y} for x, y in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    finger("touchStart", (x, y))
    finger("touchMove", (x + 200, y + 30))
    finger("touchEnd")
    expect(slider(page, "joy")).to_have_attribute("aria-valuenow", "100")
    action = "element => getComputedStyle(element).touchAction"
    assert slider(page, "joy").evaluate(action) == "none"
    assert page.locator("#bars .track").first.evaluate(action) == "auto"


@pytest.mark.parametrize("threshold", [0, 100])
def test_one_threshold_leaves_the_rest_to_the_model_s_own_decision(
    opened: Open, hostile: Path, hostile_address: str, threshold: int
) -> None:
    text = "angry proto"
    found = opened(hostile_address)
    page = typed(found, text)
    predictor = overtone.load(hostile)
    [own] = predictor.predict([text])
    on = page.locator("#bars li.on .name")
    assert set(on.all_inner_texts()) == set(own.labels)
    label = HOSTILE[3]
    expect(slider(page, label)).to_have_attribute("aria-valuetext", re.compile("the model decides"))
    slider(page, label).press("Home" if threshold == 0 else "End")
    [said] = predictor.predict([text], threshold={label: threshold / 100})
    assert set(on.all_inner_texts()) == set(said.labels)
    page.get_by_role("button", name="Reset thresholds").click()
    assert set(on.all_inner_texts()) == set(own.labels)
    expect(slider(page, label)).to_have_attribute("aria-valuetext", re.compile("the model decides"))


def test_thresholds_stay_when_the_text_changes(opened: Open) -> None:
    found = opened()
    page = typed(found)
    slider(page, "joy").press("End")
    with page.expect_response("**/v1/predict"):
        found.type("What a lovely day, thank you so much!")
    expect(page.locator("#answer")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#found")).not_to_contain_text("joy")
    assert value(page, "joy") == 100
