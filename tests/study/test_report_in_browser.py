"""The report as a browser draws it: on a wide and a narrow screen, light, dark and on paper."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import matplotlib.image
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from tests.browser import chromium
from tests.study.conftest import Study

from overtone.study import results, tables
from overtone.study.report import page as report

WIDE, NARROW = 1300, 390
Scheme = Literal["light", "dark"]

CONTRAST = """
() => {
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => v / 255).map(
      v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const rgb = text => text.match(/[0-9.]+/g).slice(0, 3).map(Number);
  const page = light(rgb(getComputedStyle(document.body).backgroundColor));
  return [...document.querySelectorAll("figure svg text")].map(text => {
    const ink = light(rgb(getComputedStyle(text).fill));
    return (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05);
  });
}
"""


@dataclass
class Opened:
    """A page and what happened while it was opened."""

    page: Page
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def file(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small study's report."""
    found = tables.draw(results.load(study.plan, study.cells, study.folder))
    path = tmp_path_factory.mktemp("report") / "report.html"
    report.write(found, path)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def opened(browser: Browser, file: Path, width: int, scheme: Scheme) -> Opened:
    """Open the report as on a screen that is so wide."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    found = Opened(context.new_page())
    found.page.on("request", lambda request: found.asked.append(request.url))
    found.page.on("console", lambda message: found.said.append(message.text))
    found.page.on("pageerror", lambda error: found.said.append(str(error)))
    found.page.goto(file.as_uri())
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_figure_is_drawn_and_nothing_is_fetched(
    browser: Browser, file: Path, width: int, scheme: Scheme
) -> None:
    found = opened(browser, file, width, scheme)
    figures = found.page.locator("figure svg")
    assert figures.count() >= 8
    for number in range(figures.count()):
        figure = figures.nth(number)
        box = figure.bounding_box()
        assert box is not None
        assert box["width"] > 200
        assert box["height"] > 150
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        # Lines, marks and words are there: a figure that failed is one flat colour.
        pixels = matplotlib.image.imread(io.BytesIO(figure.screenshot()), format="png")
        background = pixels[0, 0]
        inked = (np.abs(pixels - background).max(axis=-1) > 0.2).mean()
        assert inked > 0.005, figure.get_attribute("aria-label")
    assert min(found.page.evaluate(CONTRAST)) > 4.5
    assert found.asked == [file.as_uri()]
    assert found.said == []
    found.page.context.close()


@pytest.mark.parametrize("width", [WIDE, NARROW, 320])
def test_no_screen_has_to_be_scrolled_sideways(browser: Browser, file: Path, width: int) -> None:
    found = opened(browser, file, width, "light")
    assert found.page.evaluate("document.documentElement.scrollWidth") <= width
    found.page.context.close()


def test_a_dark_screen_gets_a_dark_page_and_paper_a_white_one(browser: Browser, file: Path) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    found = opened(browser, file, WIDE, "dark")
    assert found.page.evaluate(colour) == "rgb(20, 23, 27)"
    found.page.emulate_media(media="print")
    assert found.page.evaluate(colour) == "rgb(255, 255, 255)"
    assert not found.page.locator("nav").is_visible()
    assert min(found.page.evaluate(CONTRAST)) > 4.5
    # What is wider than paper is lost there: A4 less the margins, in CSS pixels.
    found.page.set_viewport_size({"width": 703, "height": 1000})
    assert found.page.evaluate("document.documentElement.scrollWidth") <= 703
    found.page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_axe_finds_nothing_that_keeps_anyone_out(
    browser: Browser, file: Path, width: int, scheme: Scheme
) -> None:
    found = opened(browser, file, width, scheme)
    result = Axe().run(found.page)
    assert result.violations_count == 0, result.generate_report()
    found.page.context.close()


def test_every_link_leads_to_a_section_that_is_there(browser: Browser, file: Path) -> None:
    found = opened(browser, file, NARROW, "light")
    links = found.page.locator("nav a")
    for number in range(links.count()):
        links.nth(number).click()
        place = found.page.evaluate("document.querySelector(':target').getBoundingClientRect().top")
        bottom = found.page.evaluate("scrollY + innerHeight >= document.body.scrollHeight - 1")
        assert abs(place) < 5 or bottom
    found.page.context.close()
