"""The page as a browser shows it: served over HTTP, with a real model behind it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.apps.server.page.real_server import served
from tests.browser import chromium

import overtone

HOSTILE = ('<script>document.title="no"</script>', '=HYPERLINK("x")', "فرح", "__proto__")
WORDS = ("angry", "sum", "سعيد", "proto")

expect.set_options(timeout=30_000)  # for busy machines


@dataclass
class Opened:
    """A page and what happened while it was open."""

    page: Page
    address: str
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def type(self, text: str) -> None:
        """Put a text into the box."""
        self.page.get_by_role("textbox", name="A text").fill(text)

    def upload(self, name: str, content: str | bytes) -> None:
        """Choose a file."""
        data = content.encode() if isinstance(content, str) else content
        self.page.locator("#file").set_input_files(
            {"name": name, "mimeType": "text/csv", "buffer": data}
        )


Open = Callable[..., Opened]


@pytest.fixture(scope="session")
def model(tfidf: Path) -> Path:
    """Return a model of eleven emotions with one threshold for all of them."""
    return tfidf


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model with a decision of its own and labels that would like to be more than text."""
    folder = tmp_path_factory.mktemp("page-hostile")
    with (folder / "texts.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["text", *HOSTILE])
        for number in range(12):
            for place, word in enumerate(WORDS):
                lines.writerow([f"{word} {number}", *(int(c == place) for c in range(4))])
    settings = ["decision.name=expected_jaccard"]
    return overtone.train(
        str(folder / "texts.csv"), folder / "m", config="best/tfidf", settings=settings
    ).path


@pytest.fixture(scope="session")
def address(model: Path) -> Iterator[str]:
    """Serve the model; return the page's address."""
    with served(model) as found:
        yield found


@pytest.fixture(scope="session")
def hostile_address(hostile: Path) -> Iterator[str]:
    """Serve the hostile model; return the page's address."""
    with served(hostile) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start a browser for a module: while it runs, its thread can have no event loop of its own."""
    with chromium() as started:
        yield started


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Open]:
    """Return a function that opens the page.

    After the test, nothing was asked of another host and the console stayed silent, but for what
    the test expects there: the browser itself notes failed requests.
    """
    pages: list[tuple[Opened, tuple[str, ...]]] = []

    def start(at: str = address, *, expected: tuple[str, ...] = (), **options: object) -> Opened:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})  # type: ignore[arg-type]
        context.set_default_timeout(30_000)
        found = Opened(context.new_page(), at)
        found.page.on("request", lambda request: found.asked.append(request.url))
        found.page.on("console", lambda message: found.said.append(message.text))
        found.page.on("pageerror", lambda error: found.said.append(str(error)))
        pages.append((found, expected))
        found.page.goto(at)
        return found

    yield start
    for found, expected in pages:
        found.page.context.close()
        hosts = {urlsplit(url).netloc for url in found.asked if not url.startswith("blob:")}
        assert hosts == {urlsplit(found.address).netloc}
        assert [line for line in found.said if not any(part in line for part in expected)] == []
