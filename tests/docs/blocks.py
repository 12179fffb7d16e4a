"""The code in the pages. A block's info string says what the tests do with it.

- ```` ```sh run ````, ```` ```python run ````: run as it stands, after the page's earlier ones;
- ```` ```sh short ````, ```` ```python short ````: run likewise, but what takes long at its real
  size is made short by three rewritings (short.py): the encoder is a tiny BERT, there is one epoch,
  and a search has two trials;
- ```` ```sh dry ````: run with what shows that it would start: `--dry-run`, of a study `--list`;
- ```` ```sh not-run REASON ````: parsed alone, for one of REASONS; the tests say NOT RUN;
- ```` ```toml FILE ````: put into that file before the page's code is run; other TOML is parsed.

All of them find data in the datasets' own formats, made of the sample (stand_in.py), in `data`, and
the files and models that the pages speak of (conftest.py). Commands in indented blocks and between
backticks are parsed.
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
LOOP = re.compile(r"^for (\w+) in ([\w ]+); do\n(.*?)^done$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^ +(overtone|for) ", re.MULTILINE)
INLINE = re.compile(r"(?<!`)`(overtone [^`]+)`(?!`)")


MARKS = ("run", "short", "dry", "not-run")
REASONS = {
    "install": "it would change the environment that the tests run in",
    "download": "it needs a network",
    "docker": "it needs Docker",
    "cluster": "it needs several machines",
    "devices": "it needs several GPUs",
    "benchmark": "it measures for minutes or hours, at sizes that a test has no time for",
}
"""Why a block isn't run."""


@dataclass(frozen=True)
class Block:
    """A fenced block of code."""

    language: str
    mark: str
    """One of MARKS; of TOML a file's name, or nothing."""
    reason: str
    """One of REASONS behind `not-run`, else nothing."""
    text: str


@dataclass(frozen=True)
class Call:
    """A call of overtone in a script."""

    words: list[str]
    """Those after `overtone`."""
    source: str
    """The file that is its standard input, by `cat FILE |`; else nothing."""


def blocks(page: Path) -> list[Block]:
    """Return a page's fenced blocks that name a language."""
    found = []
    for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
        language, _, mark = match["info"].partition(" ")
        if not language.startswith("{"):  # a directive of MyST
            mark, _, reason = mark.strip().partition(" ")
            found.append(Block(language, mark, reason, match["text"]))
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
    """Yield the words of each call of overtone in a script."""
    return (call.words for call in calls(script))


def calls(script: str) -> Iterator[Call]:
    """Yield each call of overtone in a script, a loop's as often as it runs."""
    script = re.sub(r"<<'END'.*?^END$", "", script, flags=re.MULTILINE | re.DOTALL)
    for line in LOOP.sub(unrolled, script).replace("\\\n", " ").splitlines():
        source = ""
        for part in divided(line):
            if "overtone" in part:
                place = part.index("overtone")
                # `do overtone …`, `torchrun … -m overtone …`; not `pip install overtone`.
                if place == 0 or part[place - 1] in {"do", "-m"}:
                    yield Call(part[place + 1 :], source)
            source = part[1] if len(part) == 2 and part[0] == "cat" else ""


def unrolled(loop: re.Match[str]) -> str:
    """Return the body of a loop for each of its words."""
    name, values, body = loop.groups()
    return "".join(body.replace(f"${name}", value) for value in values.split())


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
