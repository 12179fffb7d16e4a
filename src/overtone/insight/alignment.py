"""Which part of a cleaned text each word of the original has become.

Cleaners rewrite texts and keep no record of it, so the record is found: nearly all that they do
happens inside a word, so the cleaned text is its words, each cleaned alone, one after another.
Where it isn't (a telephone number with spaces, a link in wiki markup), the words between two that
are found again are one unit; a word of which nothing is left belongs to none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from overtone.text import Cleaner

SKIPPED = 32
"""Words that are tried at most to find the next one that is in the cleaned text, too."""
REACH = 300
"""Characters of the cleaned text, spaces left out, in which it is looked for."""

MOST_PARTS = 32
"""Parts of a word that are told apart; one that has more is no word of any language."""

_MARKS = "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670"  # accents, Arabic vowel signs
_FOLLOWS = "\ufe0e\ufe0f\U0001f3fb-\U0001f3ff"  # how an emoji looks
_PUNCTUATION = r"!-/:-@\[-`{-~\u00a1-\u00bf\u2010-\u2027\u2030-\u205e\u060c\u061b\u061f\u06d4"
_PIECE = re.compile(
    rf"[#@]?[\w{_MARKS}]+(?:['\u2019\u2010-][\w{_MARKS}]+)*"  # a word, perhaps with its sign
    rf"|[{_PUNCTUATION}]+"
    rf"|((?:[\U0001f1e6-\U0001f1ff]{{2}}|\S)[{_FOLLOWS}]*(?:\u200d\S[{_FOLLOWS}]*)*)\1*"
)
"""Parts of what stands between two spaces; a repeated emoji is one part, as for the cleaners."""


@dataclass(frozen=True)
class Unit:
    """A word of the original, or several that cleaning treats together."""

    start: int
    end: int
    """Where it stands in the original, in characters (code points)."""
    first: int
    last: int
    """Where what it became stands in the cleaned text."""


@dataclass(frozen=True)
class Aligned:
    """A text, what it was cleaned to, and its units in their order."""

    text: str
    cleaned: str
    units: tuple[Unit, ...]

    def owners(self) -> NDArray[np.int64]:
        """Return the unit of each character of the cleaned text, -1 where it is none's."""
        found = np.full(len(self.cleaned), -1, dtype=np.int64)
        for place, unit in enumerate(self.units):
            found[unit.first : unit.last] = place
        return found

    def without(self, *places: int) -> str:
        """Return the original without some units; what stood around them stays apart."""
        found, start = "", 0
        for unit in (self.units[place] for place in sorted(places)):
            found += f"{self.text[start : unit.start]} "
            start = unit.end
        return found + self.text[start:]


def align(text: str, clean: Cleaner) -> Aligned:
    """Find what each word of a text became; takes time linear in the text's length."""
    cleaned = clean(text)
    at = [place for place, character in enumerate(cleaned) if not character.isspace()]
    dense = "".join(cleaned[place] for place in at)
    # A word is looked for where one begins.
    begins = {n for n, place in enumerate(at) if not place or cleaned[place - 1].isspace()}
    words = [(match.start(), match.end()) for match in re.finditer(r"\S+", text)]
    alone = [_dense(clean(text[start:end])) for start, end in words]
    units = []
    for (start, end), (first, last) in _paired(words, alone, dense, begins):
        parts = _parts(text[start:end], dense[first:last], clean)
        for begin, stop, low, high in parts or [(0, end - start, 0, last - first)]:
            units.append(
                Unit(start + begin, start + stop, at[first + low], at[first + high - 1] + 1)
            )
    return Aligned(text, cleaned, tuple(units))


Range = tuple[int, int]


def _paired(
    words: list[Range], alone: list[str], dense: str, begins: set[int]
) -> list[tuple[Range, Range]]:
    """Pair ranges of the original with ranges of the cleaned text without its spaces."""
    found: list[tuple[Range, Range]] = []
    word = place = first = 0
    while word < len(words) and place < len(dense):
        if alone[word] and dense.startswith(alone[word], place):
            # What cleaning put in before the word is the word's: ekphrasis opens tags there.
            found.append((words[word], (first, place + len(alone[word]))))
            place = first = place + len(alone[word])
            word += 1
            continue
        skipped, moved = _next(alone[word:], dense, place, begins)
        if skipped and moved:  # these words became those characters, no one can say which which
            found.append(((words[word][0], words[word + skipped - 1][1]), (first, place + moved)))
            first = place + moved
        word, place = word + skipped, place + moved
    return found


def _next(alone: list[str], dense: str, place: int, begins: set[int]) -> Range:
    """Return how many words and characters lie before the next word that is found; else all."""
    best, least = (len(alone), len(dense) - place), None
    for skipped, wanted in enumerate(alone[:SKIPPED]):
        if not wanted:
            continue
        there = dense.find(wanted, place, place + REACH)
        while there >= 0 and there not in begins:
            there = dense.find(wanted, there + 1, place + REACH)
        # A word's own length is about what it costs to leave it out.
        far = sum(map(len, alone[:skipped])) + there - place
        if there >= 0 and (least is None or far < least):
            best, least = (skipped, there - place), far
    return best


def _parts(text: str, cleaned: str, clean: Cleaner) -> list[tuple[int, int, int, int]]:
    """Return where a word's parts stand in it and in its cleaned form; none where none can say."""
    matches = islice(_PIECE.finditer(text), MOST_PARTS + 1)
    pieces = [(match.start(), match.end()) for match in matches]
    if not 1 < len(pieces) <= MOST_PARTS:
        return []
    found, place = [], 0
    for start, end in pieces:
        alone = _dense(clean(text[start:end]))
        if not alone or not cleaned.startswith(alone, place):
            return []
        found.append((start, end, place, place + len(alone)))
        place += len(alone)
    return found if place == len(cleaned) else []


def _dense(text: str) -> str:
    return "".join(text.split())
