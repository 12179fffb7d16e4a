"""A Sphinx extension: docs/reference is written from the code before each build.

Only what differs is written, so that a second build reads only what changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docs.extensions import command_pages, option_pages, python_pages
from sphinx.application import Sphinx

MADE = {"cli": command_pages, "config": option_pages, "python": python_pages}
"""The folders of docs/reference, and what fills them."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages once Sphinx knows where its sources are."""
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "reference"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write(folder: Path) -> None:
    """Write the pages that are not there as they should be, and remove those of the past."""
    for kind, maker in MADE.items():
        place = folder / kind
        place.mkdir(exist_ok=True)
        texts = {place / f"{name}.md": text for name, text in maker.pages().items()}
        for old in set(place.glob("*.md")) - set(texts):
            old.unlink()
        for path, text in texts.items():
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")
