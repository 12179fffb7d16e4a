"""Each page as a browser shows it: on wide and narrow screens, light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from tests.browser import chromium
from tests.insight.data_check.conftest import corpus

from overtone.apps.reports import data_check, explanation, summary, together
from overtone.apps.summary.summarise import summarise
from overtone.experiment.cooccur import Found
from overtone.inference.predictor import Prediction
from overtone.insight import cooccurrence
from overtone.insight import data_check as checks
from overtone.insight.data_check.report import Report
from overtone.insight.explain import Explanation, Word
from overtone.labels import Labels

TEXT = "nobody told us that the bus would not come so we walked all the way home"
LONG = "https://example.org/" + "a" * 300
NAMES = ("joy", "a" * 60, "سعادة")


def write_explanation(path: Path) -> None:
    text = f"so happy, but the bus is late again and again سعيد {LONG}"
    words = tuple(
        Word(text[start:end], start, end, dict.fromkeys(NAMES, push))
        for start, end, push in ((0, 2, 0.5), (3, 8, 4.0), (10, 13, -1.0), (22, 24, -4.0))
    )
    said = Prediction(NAMES, dict.fromkeys(NAMES, 0.8))
    explanation.write(Explanation(text, "leave_one_out", said, NAMES, words), LONG, path)


def write_data_check(path: Path) -> None:
    rows = [(TEXT, (1, 0)), (TEXT, (0, 1)), (f"{TEXT} <script>", (1, 1)), ("", (1, 0)),
            (f"{LONG} {LONG}", (1, 0))] * 2  # fmt: skip
    found = corpus({"train": rows[:6], "dev": rows[6:]}, NAMES[:2])
    kinds = checks.check(found, checks.configs({}))
    data_check.write(Report(LONG, found, tuple(kinds)), path, texts=True)


def write_summary(path: Path) -> None:
    scored = path.with_suffix(".csv")
    lines = ["labels,p_joy,p_fear,who,when"] + [
        f"{('joy', 'fear', '')[row % 3]},0.5,0.5,{('ann', 'b' * 60)[row % 2]},2026-01-{1 + row:02}"
        for row in range(28)
    ]
    scored.write_text("\n".join(lines) + "\n", encoding="utf-8")
    summary.write(summarise(scored, by=["who"], time="when", every="week"), path)


def write_together(path: Path) -> None:
    rng = np.random.default_rng(0)
    truth = rng.random((200, len(NAMES))) < 0.3
    truth[:, 1] = truth[:, 0]
    ids = [f"row{n}-{'x' * 60}" for n in range(len(truth))]
    found = cooccurrence.measure(truth.astype(np.float64), ~truth, ids, Labels.of(*NAMES), 5)
    together.write(Found("m", LONG, "test", cross_fitted=True, cooccurrence=found), path)


WRITERS = (write_explanation, write_data_check, write_summary, write_together)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module", params=WRITERS, ids=lambda write: write.__name__)
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with names and texts that are long, of both directions, and no markup."""
    write: Callable[[Path], None] = request.param
    path = tmp_path_factory.mktemp("page") / "page.html"
    write(path)
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_everyone_can_read_it_on_any_screen_and_it_asks_for_nothing(
    browser: Browser, file: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    try:
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
    finally:
        context.close()
