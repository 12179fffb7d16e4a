"""Texts that are longer than an encoder reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overtone.config import Count
from overtone.insight.data_check import Finding
from overtone.insight.data_check.corpus import Corpus

TITLE = "Long texts"
LEVEL = "warning"
ADVICE = (
    "Their end is not read. Train with --set inputs.long=head_tail, which keeps some of it, or "
    "inputs.long=windows, which reads all of it, in more time."
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """What may be chosen."""

    limit: Count = 512
    """Tokens that an encoder takes. Without a model, only a text with more words than that is
    found, which is too long whatever the tokenizer; with one, each that it would cut."""


def find(config: Config, corpus: Corpus) -> list[Finding]:
    """Return one finding a row, the longest first."""
    if corpus.lost is not None:
        rows = np.flatnonzero(corpus.lost).tolist()
    else:
        rows = [row for row, text in enumerate(corpus.texts) if _words(text) > config.limit]
    what = "cut by the model" if corpus.lost is not None else f"more than {config.limit} words"
    found = [
        Finding(what=what, rows=(row,), said=f"{words:,} words", score=words)
        for row in rows
        for words in (_words(corpus.texts[row]),)
    ]
    return sorted(found, key=lambda finding: -(finding.score or 0))


def _words(text: str) -> int:
    return len(text.split())
