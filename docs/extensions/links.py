"""Links between the pages: each leads somewhere. Other sites' are only listed: no network is asked.

`python -m docs.extensions.links` lists those.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCED = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^(`{3,}).*?^\1$|(?<!`)`[^`\n]+`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(<?([^)\s>]+)>?\)|<(https?://[^>\s]+)>")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
NAMED = re.compile(r"^\(([\w-]+)\)=$", re.MULTILINE)
TREE = re.compile(r"^```\{toctree\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def pages(root: Path = ROOT) -> list[Path]:
    """Return what people wrote: docs/reference/*/ is made from the code."""
    docs = root / "docs"
    return [
        *sorted(root.glob("*.md")),
        *(
            path
            for path in sorted(docs.rglob("*.md"))
            if "_build" not in path.parts and path.parent.parent != docs / "reference"
        ),
    ]


def targets(page: Path) -> Iterator[str]:
    """Yield where a page's links lead."""
    for match in LINK.finditer(CODE.sub("", page.read_text(encoding="utf-8"))):
        yield match[1] or match[2]


def broken(page: Path) -> list[str]:
    """Return a page's links to files or headings that aren't there."""
    return [target for target in targets(page) if "://" not in target and not there(page, target)]


def there(page: Path, target: str) -> bool:
    """Return whether a link inside leads to a file, and to a heading of it."""
    name, _, heading = target.partition("#")
    path = (page.parent / name) if name else page
    if not path.exists():
        return False
    return not heading or heading in anchors(path)


def anchors(page: Path) -> set[str]:
    """Return the names of a page's headings, as GitHub and MyST make them."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    found: set[str] = set(NAMED.findall(text))
    for heading in HEADING.findall(text):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", shown.lower().strip()).replace(" ", "-")
        copies = sum(each == slug or each.startswith(f"{slug}-") for each in found)
        found.add(f"{slug}-{copies}" if slug in found else slug)
    return found


def outside(root: Path = ROOT) -> list[str]:
    """Return the other sites' pages that are linked."""
    return sorted({each for page in pages(root) for each in targets(page) if "://" in each})


def unlisted(root: Path = ROOT) -> list[Path]:
    """Return the pages below docs that no toctree names, but for the first."""
    docs = root / "docs"
    named = {docs / "index.md"}
    for page in pages(root):
        for tree in TREE.findall(page.read_text(encoding="utf-8")):
            entries = [line for line in tree.splitlines() if line and not line.startswith(":")]
            for entry in entries:
                named |= {path.resolve() for path in page.parent.glob(f"{entry}.md")}
                named.add((page.parent / f"{entry}.md").resolve())
    return [page for page in pages(root) if page.is_relative_to(docs) and page not in named]


if __name__ == "__main__":
    sys.stdout.write("\n".join(outside()) + "\n")
