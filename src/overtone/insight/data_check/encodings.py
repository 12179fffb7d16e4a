"""Texts whose bytes were read, or written, in the wrong encoding.

Mojibake is what ftfy takes for it (Speer, ftfy, https://ftfy.readthedocs.io): text that looks as if
UTF-8 had been read as another encoding, and that its repair changes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ftfy import fix_encoding
from ftfy.badness import is_bad

from overtone.insight.data_check import Finding
from overtone.insight.data_check.corpus import Corpus, Place

TITLE = "Encodings"
LEVEL = "problem"
ADVICE = (
    "Read the source again in its own encoding and save it as UTF-8. The cleaners repair mojibake "
    "where they can; what became U+FFFD is lost."
)

PIECE = 512
"""ftfy's time is quadratic in a text's length, so it is shown so many characters at a time."""
_PIECES = re.compile(rf"(?s).{{1,{PIECE}}}(?=\s|\Z)|.{{1,{PIECE}}}")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class Config:
    """What may be chosen."""

    mojibake: bool = True
    """Look for mojibake."""
    replacements: bool = True
    """Look for U+FFFD, which stands where bytes could not be decoded."""
    controls: bool = True
    """Look for control characters and halves of surrogate pairs."""


def find(config: Config, corpus: Corpus) -> list[Finding]:
    """Return one finding a row and fault."""
    found = [
        Finding(
            what="bytes that are no UTF-8" if "expected UTF-8" in problem else "unreadable row",
            unread=(Place(split, identifier),),
            said=problem,
        )
        for split, rows in corpus.unreadable.items()
        for identifier, problem in rows
    ]
    for row, text in enumerate(corpus.texts):
        if config.replacements and "\ufffd" in text:
            found.append(Finding(what="replacement characters", rows=(row,)))
        if config.mojibake and not text.isascii() and _is_mojibake(text):
            found.append(Finding(what="mojibake", rows=(row,)))
        elif config.controls and not text.isprintable() and _CONTROLS.search(text):
            # Where there is mojibake, they are a part of it.
            found.append(Finding(what="control characters", rows=(row,)))
    return found


def _is_mojibake(text: str) -> bool:
    if not is_bad(text):
        return False
    return any(is_bad(piece) and fix_encoding(piece) != piece for piece in _PIECES.findall(text))
