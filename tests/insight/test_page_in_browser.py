"""The page of an explanation as a browser shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from tests.browser import chromium

from overtone.inference.predictor import Prediction
from overtone.insight import page
from overtone.insight.explain import Explanation, Word

TEXT = "so happy, but the bus is late again and again سعيد " + "x" * 200


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_axe_finds_nothing_and_nothing_is_too_wide(
    browser: Browser, tmp_path: Path, scheme: Literal["light", "dark"], width: int
) -> None:
    words = tuple(
        Word(TEXT[start:end], start, end, {"joy": push})
        for start, end, push in ((0, 2, 0.5), (3, 8, 4.0), (10, 13, -1.0), (22, 24, -4.0))
    )
    found = Explanation(TEXT, "leave_one_out", Prediction(("joy",), {"joy": 0.8}), ("joy",), words)
    page.write(found, "runs/first", tmp_path / "e.html")
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}, offline=True
    )
    said: list[str] = []
    try:
        shown = context.new_page()
        shown.on("console", lambda message: said.append(message.text))
        shown.goto((tmp_path / "e.html").as_uri())
        result = Axe().run(shown)
        assert result.violations_count == 0, result.generate_report()
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        assert said == []
        assert shown.locator("ruby.for").count() == 2
        assert shown.locator("ruby.against").count() == 2
    finally:
        context.close()
