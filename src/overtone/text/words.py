r"""Words alone, lower case, spaces between: for models over whole-word vectors such as GloVe.

The report's cleaning for its CNN: a regular expression removes special characters. Letters and
digits of every script stay. Apostrophes are treated as the vectors' own tokens were: GloVe 6B
(https://nlp.stanford.edu/projects/glove) divides "don't" into "do n't" and "it's" into "it 's".
"""

import re
from dataclasses import dataclass
from typing import Literal

from overtone.text import Cleaner
from overtone.text._repair import repaired


@dataclass(frozen=True, kw_only=True)
class Config:
    """What may be chosen."""

    apostrophes: Literal["split", "space", "drop"] = "split"
    """What becomes of "don't": "do n't" as in GloVe 6B, 42B and 840B; "don t"; or "dont", as GloVe
    Twitter has it."""

    marks: bool = False
    """Keep "!" and "?" as words of their own, which GloVe has vectors for."""


def cleaner(config: Config) -> Cleaner:
    """Return a function that leaves the words of a text."""
    special = re.compile(r"[^\w\s'!?\u0300-\u036f]|_" if config.marks else _SPECIAL)

    def clean(text: str) -> str:
        whole = repaired(text)
        found = (_LITERAL_BREAK.sub(" ", whole) if "\\" in whole else whole).lower()
        if config.apostrophes == "split":
            found = _SUFFIX.sub(r" \1 ", found)
        elif config.apostrophes == "drop":
            found = found.replace("'", "")
        found = special.sub(" ", found)
        if "'" in found:
            # What is left of apostrophes are quotes, but for those of endings.
            words = (w if w in _ENDINGS else w.replace("'", " ") for w in found.split())
            found = " ".join(words)
        if config.marks:
            found = _MARK.sub(r" \g<0> ", found)
        # Of a text of signs alone nothing would be left.
        return " ".join(found.split()) or whole

    return clean


# Line breaks are written as a backslash and a letter in SemEval's files.
_LITERAL_BREAK = re.compile(r"\\[nr]")
_SPECIAL = r"[^\w\s'\u0300-\u036f]|_"  # accents belong to their letters
_ENDINGS = frozenset(("n't", "'s", "'m", "'d", "'re", "'ve", "'ll"))
_SUFFIX = re.compile(rf"(?<=\w)({'|'.join(sorted(_ENDINGS))})(?!\w)")
_MARK = re.compile("[!?]")
