"""The page as a browser draws it: on a wide and a narrow screen, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from tests.browser import chromium
from tests.insight.data_check.conftest import corpus

from overtone.insight import data_check
from overtone.insight.data_check import page
from overtone.insight.data_check.report import Report

TEXT = "nobody told us that the bus would not come so we walked all the way home"
LONG = "https://example.org/" + "a" * 300


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a few faulty texts, some of them shown, one with a word that is very long."""
    rows = [(TEXT, (1, 0)), (TEXT, (0, 1)), (f"{TEXT} <script>", (1, 1)), ("", (1, 0)),
            (f"{LONG} {LONG}", (1, 0))] * 2  # fmt: skip
    found = corpus({"train": rows[:6], "dev": rows[6:]}, ("joy", "a" * 60))
    kinds = data_check.check(found, data_check.configs({}))
    path = tmp_path_factory.mktemp("page") / "page.html"
    page.write(Report("small", found, tuple(kinds)), path, texts=True)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1300, 390])
def test_everyone_can_read_it_on_any_screen_and_it_asks_for_nothing(
    browser: Browser, file: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    shown = context.new_page()
    asked: list[str] = []
    shown.on("request", lambda request: asked.append(request.url))
    said: list[str] = []
    shown.on("console", lambda message: said.append(message.text))
    shown.goto(file.as_uri())
    assert asked == [file.as_uri()]
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    result = Axe().run(shown)
    assert result.violations_count == 0, result.generate_report()
    assert said == []
    context.close()
