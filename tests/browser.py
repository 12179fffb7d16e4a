"""A real browser for the tests: Chromium, headless, driven by Playwright, without a network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the machine's own Chromium; where it has none, the test that asks is not run."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("NOT RUN: no Chromium here; Debian's package is chromium")
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as driver:
        # As root, which a container's user is, Chromium has no sandbox.
        started = driver.chromium.launch(executable_path=program, args=["--no-sandbox", *quiet])
        try:
            yield started
        finally:
            started.close()
