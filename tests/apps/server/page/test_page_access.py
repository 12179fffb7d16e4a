"""The page for everyone: axe, keyboard only, small screens, dark, paper, calm."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from tests.apps.server.page.conftest import Open

WIDE, NARROW, SMALLEST = 1280, 390, 320
Scheme = Literal["light", "dark"]
TEXTS = "text\n" + "".join(f"so happy {n}\nterribly sad {n}\n" for n in range(20))
HAPPY = "What a lovely surprise, thank you!"


def check(page: Page, width: int, state: str) -> None:
    """Check that axe finds nothing, and that nothing is wider than the screen."""
    result = Axe().run(page)
    assert result.violations_count == 0, f"{state}: {result.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth") <= width, state


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_axe_finds_nothing_in_any_state(opened: Open, width: int, scheme: Scheme) -> None:
    found = opened(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce",
        expected=("Failed to load resource",),
    )  # fmt: skip
    page = found.page
    expect(page.locator("#bars li")).to_have_count(11)
    check(page, width, "empty")
    found.type(HAPPY)
    expect(page.locator("#bars li.on")).not_to_have_count(0)
    page.get_by_role("slider").first.press("End")
    check(page, width, "result")
    found.upload("a.csv", TEXTS)
    page.locator("#start").click()
    expect(page.locator("#results")).to_be_visible()
    page.locator("#shares button").first.click()
    check(page, width, "table")
    found.upload("a.csv", "text\n\xe0".encode("latin-1"))
    page.route("**/v1/predict", lambda route: route.fulfill(status=401, json={}))
    found.type("another text")
    expect(page.locator("#trouble")).to_be_visible()
    expect(page.locator("#file-trouble")).to_be_visible()
    check(page, width, "error")


def test_the_smallest_screen_and_the_longest_words_fit(opened: Open, hostile_address: str) -> None:
    found = opened(hostile_address, viewport={"width": SMALLEST, "height": 600})
    page = found.page
    found.type("angry sum proto سعيد " + "x" * 500)
    expect(page.locator("#bars .value").first).not_to_be_empty()
    found.upload(f"{'n' * 200}.csv", f"text,{'c' * 300}\nangry sum,1\n{'y' * 900},2\n")
    page.locator("#start").click()
    expect(page.locator("#results")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALLEST
    small = """() => [...document.querySelectorAll("button, select, .button, .slider")]
        .filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 24)
        .map(one => one.outerHTML)"""
    assert page.evaluate(small) == []


def test_everything_can_be_done_with_the_keyboard(opened: Open) -> None:
    found = opened()
    page = found.page
    expect(page.locator("#bars li")).to_have_count(11)
    reached: list[str] = []

    def tab_to(wanted: str, most: int = 60) -> None:
        for _ in range(most):
            page.keyboard.press("Tab")
            here = page.evaluate(
                """() => { const here = document.activeElement;
                    const { outlineStyle } = getComputedStyle(here.id === "file" ?
                        here.closest(".drop") : here);
                    return [here.id || here.getAttribute("aria-label") || here.textContent,
                        outlineStyle]; }"""
            )
            reached.append(here[0])
            assert here[1] != "none", f"{here[0]} doesn't show that it has the focus"
            if here[0].startswith(wanted):
                return
        raise AssertionError(f"{wanted} wasn't reached: {reached}")

    tab_to("Skip")
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type(HAPPY)
    expect(page.locator("#bars li.on")).not_to_have_count(0)
    tab_to("Threshold of joy")
    page.keyboard.press("End")
    expect(page.locator("#found")).not_to_contain_text("joy")
    tab_to("file")
    found.upload("a.csv", TEXTS)  # the browser's own dialog is not the page's
    expect(page.locator("#status")).to_contain_text("a.csv: 40 rows.")
    tab_to("start")
    page.keyboard.press("Enter")
    expect(page.locator("#results-title")).to_be_focused()
    expect(page.locator("#status")).to_contain_text("Done: 40 texts labelled.")
    tab_to("download")
    with page.expect_download():
        page.keyboard.press("Enter")
    tab_to("Row")
    page.keyboard.press("Enter")
    expect(page.locator("#heads th").first).to_have_attribute("aria-sort", "descending")
    tab_to("next")
    page.keyboard.press("Enter")
    expect(page.locator("#page-text")).to_have_text("26 to 40 of 40")


def test_dark_and_paper(opened: Open) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    found = opened(color_scheme="dark")
    page = found.page
    found.type(HAPPY)
    expect(page.locator("#bars li.on")).not_to_have_count(0)
    assert page.evaluate(colour) == "rgb(20, 23, 27)"
    page.emulate_media(media="print")
    assert page.evaluate(colour) == "rgb(255, 255, 255)"
    for gone in ("#drop", "#examples", "#many"):
        expect(page.locator(gone)).to_be_hidden()
    expect(page.locator("#found")).to_be_visible()
    page.set_viewport_size({"width": 703, "height": 1000})  # A4 less the margins
    assert page.evaluate("document.documentElement.scrollWidth") <= 703


def test_those_who_want_no_motion_get_none(opened: Open) -> None:
    motion = "getComputedStyle(document.querySelector('.bars .fill')).transitionDuration"
    for wish, seconds in (("reduce", "0s"), ("no-preference", "0.25s")):
        page = opened(reduced_motion=wish).page
        expect(page.locator("#bars li")).to_have_count(11)
        assert page.evaluate(motion) == seconds
