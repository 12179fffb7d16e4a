r"""Words alone, lower case, spaces between: for models over whole-word vectors such as GloVe.

The report's cleaning for its CNN: a regular expression removes special characters. Letters with
their accents and vowel signs, and digits, of every script stay. Apostrophes are treated as in the
vectors' own tokens: GloVe 6B (https://nlp.stanford.edu/projects/glove) has "do n't" and "it 's".
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from overtone.text import Cleaner
from overtone.text._repair import repaired, with_line_breaks


@dataclass(frozen=True, kw_only=True)
class Config:
    """What may be chosen."""

    apostrophes: Literal["split", "space", "drop"] = "split"
    """What becomes of "don't": "do n't", "don t" or "dont". Of the tokens of SemEval's English
    tweets, the most frequent 2,603 words of GloVe 6B cover 68.3, 67.5 and 65.2 %, and 11,925 words
    of GloVe Twitter, which has no apostrophes, 79.6, 82.1 and 81.0 %: "space" suits that."""

    marks: bool = False
    """Keep "!" and "?" as words of their own, which GloVe 6B has vectors for."""


def cleaner(config: Config) -> Cleaner:
    """Return a function that leaves the words of a text."""
    table = _Table("'" * (config.apostrophes == "split") + "!?" * config.marks)

    def clean(text: str) -> str:
        found = repaired(with_line_breaks(text)).lower()
        if config.apostrophes == "split":
            found = _ENDING.sub(r" \1 ", found)
        elif config.apostrophes == "drop":
            found = found.replace("'", "")
        if config.marks:
            found = _MARK.sub(r" \g<0> ", found)
        words = " ".join(_word(part) for part in found.translate(table).split())
        # Of a text of signs alone nothing would be left.
        return " ".join(words.split()) or repaired(text)

    return clean


_ENDINGS = ("n't", "'s", "'m", "'d", "'re", "'ve", "'ll")
_ENDING = re.compile(rf"(?<=\w)({'|'.join(_ENDINGS)})(?!\w)")
_MARK = re.compile("[!?]")
_KEPT = frozenset((*_ENDINGS, "!", "?"))
_SELECTORS = range(0xFE00, 0xFE10)


class _Table(dict[int, str]):
    """What `str.translate` writes for a character, found out when it first occurs."""

    def __init__(self, kept: str) -> None:
        super().__init__()
        self.kept = kept

    def __missing__(self, code: int) -> str:
        character = chr(code)
        # Nonspacing and spacing marks belong to letters, but for those that select emoji.
        mark = unicodedata.category(character) in {"Mn", "Mc"} and code not in _SELECTORS
        stays = character.isalnum() or mark or character in self.kept
        self[code] = character if stays else " "
        return self[code]


def _word(part: str) -> str:
    """Return a word without quotes, or nothing where there is no letter."""
    if part.isalnum() or part in _KEPT:
        return part
    return part.replace("'", " ") if any(map(str.isalnum, part)) else ""
