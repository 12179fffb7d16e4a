"""Texts in another language, or another script, than most.

The language is py3langid's (Barbaresi; after Lui and Baldwin, langid.py, ACL 2012), 139 of them, by
a model inside the package. Short texts and slang are hard to tell, so a text counts only where the
language of most texts is ruled out; which one it is instead may stay open, as between Malay and
Indonesian.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Literal

from overtone.config import Count, Share
from overtone.insight.data_check import Finding
from overtone.insight.data_check._plain import plain
from overtone.insight.data_check.corpus import Corpus

TITLE = "Languages"
LEVEL = "note"
ADVICE = (
    "An encoder for one language reads little in another: remove these rows, or take an encoder "
    "for several."
)

LONGEST = 2000
"""Characters of a text that are looked at."""
Language = Literal[
    "ace", "af", "am", "an", "ar", "ary", "arz", "as", "az", "ba", "bcl", "be", "bg", "bn", "br",
    "bs", "ca", "crh", "cs", "cy", "da", "de", "dz", "el", "en", "eo", "es", "et", "eu", "ext",
    "fa", "fi", "fo", "fr", "fuv", "fy", "ga", "gcf", "gcr", "gd", "gl", "gom", "grc", "gu", "gug",
    "guw", "ha", "hbo", "he", "hi", "hr", "ht", "hu", "hy", "id", "ig", "is", "it", "ja", "jv",
    "ka", "kab", "kik", "kk", "km", "kn", "ko", "ku", "ky", "la", "lb", "lg", "lij", "ln", "lo",
    "lt", "ltg", "lv", "mg", "mk", "ml", "mn", "mr", "ms", "mt", "my", "ne", "nl", "nn", "no",
    "nso", "oc", "om", "or", "pa", "pcm", "pl", "ps", "pt", "qu", "ro", "ru", "rw", "sa", "sdh",
    "se", "si", "sk", "sl", "sn", "so", "sq", "sr", "st", "sv", "sw", "ta", "te", "tg", "th", "tk",
    "tl", "tr", "tt", "ug", "uk", "ur", "uz", "uzs", "vec", "vi", "vo", "wa", "wuu", "xh", "yo",
    "yue", "zh", "zu",
]  # fmt: skip
"""Those that py3langid knows, by their codes of ISO 639."""
NONE = "zxx"
"""What py3langid calls a text without words."""
SHORTEST = 4
"""Letters that show a script."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """What may be chosen."""

    expected: tuple[Language, ...] = ()
    """The languages that should be there, such as en; without any, the one of most texts."""
    confidence: Share = 0.5
    """How likely another language must be."""
    doubt: Share = 0.01
    """How likely the expected ones may be at most, all together."""
    fewest: Count = 25
    """Texts with fewer letters are too short to say, unless they are in another script."""
    words: Count = 5
    """The same of texts with fewer different words of two letters or more."""


def find(config: Config, corpus: Corpus) -> list[Finding]:
    """Return one finding a row, the surest first.

    Raises:
        ImportError: py3langid is not installed.

    """
    texts = [_words(text[:LONGEST]) for text in corpus.texts]
    scripts = [_script(text) for text in texts]
    counts = Counter(script for script in scripts if script)
    usual = max(counts, key=counts.__getitem__, default="")
    languages = _Languages()
    # Words in another script than the rest of a text's are names and quotations.
    texts = [
        text if script != usual or text.isascii() else _in_script(text, usual)
        for text, script in zip(texts, scripts, strict=True)
    ]
    said: list[dict[str, float]] = []
    best: Counter[str] = Counter()
    for text, script in zip(texts, scripts, strict=True):
        long = sum(map(str.isalpha, text)) >= config.fewest
        several = len({word for word in text.casefold().split() if len(word) > 1}) >= config.words
        asked = (long and several) or script not in {"", usual}
        said.append(ranked := languages.of(text) if asked else {})
        if ranked:
            best[max(ranked, key=ranked.__getitem__)] += 1
    expected: set[str] = {*config.expected} or {name for name, _ in best.most_common(1)}
    found = []
    for row, ranked in enumerate(said):
        if not ranked:
            continue
        first = max(ranked, key=ranked.__getitem__)
        doubt = sum(ranked.get(name, 0.0) for name in expected)
        if first in expected | {NONE}:
            continue
        if scripts[row] not in {"", usual} and not config.expected:
            what, score = f"script {scripts[row].capitalize()}", 1.0
        elif ranked[first] >= config.confidence and doubt <= config.doubt:
            what, score = f"language {first}", ranked[first]
        else:
            continue
        found.append(Finding(what=what, rows=(row,), score=round(score, 4)))
    return sorted(found, key=lambda finding: -(finding.score or 0))


def _words(text: str) -> str:
    """Return a text without links, mentions and hashtags, whose language says little."""
    return " ".join(word for word in plain(text).split() if not word.startswith("#"))


def _script(text: str) -> str:
    """Return the script of most letters, as Unicode names it; empty where letters are few."""
    if text.isascii():
        return "LATIN" if sum(map(str.isalpha, text)) >= SHORTEST else ""
    counts = Counter(_script_of(character) for character in text if character.isalpha())
    if counts.total() < SHORTEST:
        return ""
    return counts.most_common(1)[0][0]


def _in_script(text: str, script: str) -> str:
    """Return a text's words that have no letter of another script."""
    return " ".join(
        word
        for word in text.split()
        if all(_script_of(letter) == script for letter in word if letter.isalpha())
    )


@cache
def _script_of(character: str) -> str:
    return unicodedata.name(character, "UNKNOWN").partition(" ")[0]


class _Languages:
    """py3langid, loaded once."""

    def __init__(self) -> None:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - an extra's

        self._identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    def of(self, text: str) -> dict[str, float]:
        """Return how likely each language is, those that are hardly possible left out."""
        return {name: p for name, p in self._identifier.rank(text) if p > 0.001}  # noqa: PLR2004
