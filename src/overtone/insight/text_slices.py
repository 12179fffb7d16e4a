"""Slices of texts that can be seen in the texts themselves: length, emoji, negation and the like.

English words of negation; the rest holds for any language that has words and cases.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from overtone.text._emoji import emoji_to_words

QUARTERS = (0.25, 0.5, 0.75)
NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|nowhere|neither|nor|cannot|without"
    r"|(?:are|ca|could|did|does|do|had|has|have|is|might|must|need|should|was|were|wo|would|ai)"
    r"n['\u2019]?t)\b",
    re.IGNORECASE,
)
HASHTAG = re.compile(r"#\w")
CAPITALS = re.compile(r"\b[^\W\d_a-z]{3,}\b")
"""A word of at least three letters, none of them small; shorter ones are often I, A or a name."""


def slices(texts: Sequence[str]) -> dict[str, list[str]]:
    """Return the value of each text in each built-in slicing, by its name.

    Length has quarters, by words between spaces: as many texts in each as there can be.
    """
    return {
        "length": _lengths(texts),
        "emoji": _with("emoji", [emoji_to_words(text) != text for text in texts]),
        "negation": _with("negation", [NEGATION.search(text) is not None for text in texts]),
        "hashtags": _with("hashtags", [HASHTAG.search(text) is not None for text in texts]),
        "all-caps": _with("words in capitals", [_shouts(text) for text in texts]),
    }


def _lengths(texts: Sequence[str]) -> list[str]:
    words: NDArray[np.int64] = np.array([len(text.split()) for text in texts])
    if not len(words):
        return []
    bounds = sorted({int(np.ceil(each)) for each in np.quantile(words, QUARTERS)})
    place = np.searchsorted(bounds, words)
    lows = [0, *(bound + 1 for bound in bounds)]
    width = len(str(lows[-1]))
    names = [f"{low:{width}}-{high:{width}} words" for low, high in zip(lows, bounds, strict=False)]
    names.append(f"{lows[-1]:{width}} words or more")
    return [names[each] for each in place]


def _with(what: str, found: Sequence[bool]) -> list[str]:
    return [f"with {what}" if each else f"without {what}" for each in found]


def _shouts(text: str) -> bool:
    """Return whether a word stands in capitals, in a script that has small letters."""
    return any(word.lower() != word for word in CAPITALS.findall(text) if word == word.upper())
