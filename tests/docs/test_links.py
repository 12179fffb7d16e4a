"""Links between the pages lead somewhere, and every page can be found. No network is asked."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from docs.extensions import links

LOCAL = {"127.0.0.1:8000"}


@pytest.mark.parametrize("page", links.pages(), ids=lambda page: str(page.relative_to(links.ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert links.broken(page) == []


def test_every_page_stands_in_a_table_of_contents() -> None:
    assert links.unlisted() == []


def test_other_sites_are_asked_for_by_https() -> None:
    outside = links.outside()
    assert len(outside) >= 5
    plain = [urlsplit(each) for each in outside if not each.startswith("https://")]
    assert {each.netloc for each in plain} <= LOCAL


def test_broken_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("# One, two\n\n## `code` and *more*\n", encoding="utf-8")
    page = tmp_path / "a.md"
    page.write_text(
        "# A\n[x](b.md) [x](b.md#one-two) [x](#a) [x](b.md#code-and-more) `[x](no.md)`\n"
        "[x](c.md) [x](b.md#three)\n[x](https://example.org/)\n",
        encoding="utf-8",
    )
    assert links.broken(page) == ["c.md", "b.md#three"]
