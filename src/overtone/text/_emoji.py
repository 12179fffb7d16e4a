"""Emoji written as words, by their Unicode names: an uncased BERT vocabulary has hardly any emoji.

The names are those of the ``emoji`` package (https://github.com/carpedm20/emoji). Its ``demojize``
takes quadratic time on many zero-width joiners, and walks over every character of every text; here
a regular expression finds the runs of emoji, and only they are looked at.
"""

import re
from functools import lru_cache
from itertools import groupby

from emoji import EMOJI_DATA

REPEATED = 2
"""The same emoji in a row is written so many times at most."""

_JOINER = "\u200d"
_TONES = "\U0001f3fb-\U0001f3ff"
_TONE = re.compile(f"[{_TONES}]")
_SILENT = re.compile(f"[\ufe0e\ufe0f{_TONES}]")  # names do without these

# What is no emoji, or half a one: variation selectors, a digit's keycap, and two punctuation marks.
_MARK = re.compile("[\ufe0e\ufe0f\u20e3\u203c\u2049]")
_MARKS = {"\u203c": "!!", "\u2049": "!?"}
# Below are digits, (c), (r), the two marks above and (tm), which people don't use as emoji.
_FIRST_EMOJI = 0x2139

_NAMES = {
    sequence.replace("\ufe0f", ""): data["en"].strip(":").replace("_", " ").replace("\u2019", "'")
    for sequence, data in EMOJI_DATA.items()
    if ord(sequence[0]) >= _FIRST_EMOJI and not _TONE.search(sequence)
}
_LONGEST = max(map(len, _NAMES))


def _ranges(characters: set[str]) -> str:
    """Return a regular expression's class of these; ranges are what makes it fast beyond U+FFFF."""
    ranges: list[list[str]] = []
    for character in sorted(characters):
        if ranges and ord(character) == ord(ranges[-1][1]) + 1:
            ranges[-1][1] = character
        else:
            ranges.append([character, character])
    return "".join(f"{re.escape(first)}-{re.escape(last)}" for first, last in ranges)


_FIRST = _ranges({sequence[0] for sequence in _NAMES})
_FURTHER = _ranges({character for sequence in _NAMES for character in sequence})
# The look-ahead is for speed: most scripts lie outside of these two ranges.
_RUN = re.compile(
    f"(?=[\u2139-\u3299\U0001f000-\U0001faff])[{_FIRST}{_TONES}][{_FURTHER}{_TONES}\ufe0e\ufe0f]*+"
)


def emoji_to_words(text: str) -> str:
    """Write every emoji as its name, with spaces around it."""
    if text.isascii():
        return text
    return _MARK.sub(lambda match: _MARKS.get(match.group(), ""), _RUN.sub(_named, text))


def _named(match: re.Match[str]) -> str:
    run = match.group()
    # Only short runs are worth remembering, and safe to.
    return _words(run) if len(run) <= _LONGEST else _words.__wrapped__(run)


@lru_cache(maxsize=4096)
def _words(run: str) -> str:
    names = (list(same)[:REPEATED] for _, same in groupby(_names(_SILENT.sub("", run))))
    return f" {' '.join(name for same in names for name in same)} "


def _names(run: str) -> list[str]:
    names = []
    begin = 0
    while begin < len(run):
        for end in range(min(len(run), begin + _LONGEST), begin, -1):
            if name := _NAMES.get(run[begin:end]):
                names.append(name)
                begin = end
                break
        else:
            if run[begin] != _JOINER:
                names.append(run[begin])
            begin += 1
    return names
