"""Texts that say nothing: empty, or with next to nothing beside links and mentions."""

from __future__ import annotations

from dataclasses import dataclass

import emoji

from overtone.config import Count
from overtone.insight.data_check import Finding
from overtone.insight.data_check._plain import plain
from overtone.insight.data_check.corpus import Corpus
from overtone.text._emoticons import emoticons_to_words

TITLE = "Empty and near-empty texts"
LEVEL = "problem"
ADVICE = "Remove these rows, or fill in what is missing. Training leaves empty texts out."

ENOUGH = 200
"""A text with more characters is not looked at closely where its beginning has letters enough."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """What may be chosen."""

    fewest: Count = 3
    """A text with fewer letters and digits, and without emoji or emoticons, is near-empty."""


def find(config: Config, corpus: Corpus) -> list[Finding]:
    """Return one finding a row."""
    found = []
    for row, text in enumerate(corpus.texts):
        if not text.strip():
            found.append(Finding(what="empty", rows=(row,)))
            continue
        rest = plain(text)
        letters = sum(map(str.isalnum, rest[:ENOUGH]))
        if letters < config.fewest:
            letters = sum(map(str.isalnum, rest))
        if letters < config.fewest and not _has_face(rest):
            found.append(Finding(what="near-empty", rows=(row,), score=letters))
    return found


def _has_face(text: str) -> bool:
    """Return whether emoji or emoticons are in a text, which say something without a letter."""
    return emoticons_to_words(text) != text or (not text.isascii() and emoji.emoji_count(text) > 0)
