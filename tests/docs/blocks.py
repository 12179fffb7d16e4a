"""The code in the pages. A block's info string says what the tests do with it.

- ```` ```sh run ````, ```` ```python run ````: run as it stands, after the page's earlier ones;
- ```` ```sh dry ````: its commands are run with `--dry-run`, for what takes hours or a download;
- ```` ```sh ````, ```` ```python ````, ```` ```toml ````: parsed, as are commands in indented
  blocks and between backticks.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"))
    if "_build" not in path.parts and path.parent.parent != ROOT / "docs" / "reference"
)
"""What people wrote; docs/reference/*/ is made from the code."""

BLOCK = re.compile(r"^```(?P<info>\S[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^ {4}.*\n)+", re.MULTILINE)
SHELL = re.compile(r"^ +(overtone|for) ", re.MULTILINE)
INLINE = re.compile(r"(?<!`)`(overtone [^`]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    """A fenced block of code."""

    language: str
    mark: str
    """`run`, `dry` or nothing."""
    text: str


def blocks(page: Path) -> list[Block]:
    """Return a page's fenced blocks that name a language."""
    found = []
    for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
        language, _, mark = match["info"].partition(" ")
        if not language.startswith("{"):  # a directive of MyST
            found.append(Block(language, mark.strip(), match["text"]))
    return found


def scripts(page: Path) -> list[str]:
    """Return a page's shell code, fenced or indented, whatever its mark."""
    text = page.read_text(encoding="utf-8")
    fenced = [block.text for block in blocks(page) if block.language == "sh"]
    indented = [match[0] for match in INDENTED.finditer(FENCED.sub("", text))]
    return fenced + [block for block in indented if SHELL.search(block)]


def mentioned(page: Path) -> list[list[str]]:
    """Return the commands that a page names in the midst of a sentence."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    return [words(match[1].replace("\n", " ")) for match in INLINE.finditer(text)]


def commands(script: str) -> Iterator[list[str]]:
    """Yield each call of overtone in a script: the words after `overtone`."""
    script = re.sub(r"<<'END'.*?^END$", "", script, flags=re.MULTILINE | re.DOTALL)
    for line in script.replace("\\\n", " ").splitlines():
        for part in divided(line):
            if "overtone" in part:
                place = part.index("overtone")
                # `do overtone …`, `torchrun … -m overtone …`; not `pip install overtone`.
                if place == 0 or part[place - 1] in {"do", "-m"}:
                    yield part[place + 1 :]


def divided(line: str) -> Iterator[list[str]]:
    """Yield the commands of a line, each as its words."""
    part: list[str] = []
    for word in words(line):
        if set(word) <= set("|;&<>()"):
            yield part
            part = []
        else:
            part.append(word)
    yield part


def words(line: str) -> list[str]:
    """Return a line's words as a shell sees them, its operators apart and comments left out."""
    reader = shlex.shlex(line, posix=True, punctuation_chars="|;&<>")
    reader.whitespace_split = True
    reader.commenters = ""
    found = []
    for word in reader:
        if word.startswith("#"):
            break
        found.append(word)
    return found
