"""English contractions written out: "can't" is "can not", "they're" is "they are".

Only those with one meaning; "'s" (is, has, whose) and "'d" (had, would) stay. Negations count
without their apostrophe too ("didnt"), as tweets have them.
"""

import re

_IRREGULAR = {"ca": "can", "wo": "will", "sha": "shall", "ai": "is"}
_NEGATION = re.compile(
    r"\b(are|ca|could|did|does|do|had|has|have|is|might|must|need|sha|should|was|were|wo|would|ai)"
    r"n'?t\b",
    re.IGNORECASE,
)
_ENDINGS = {"m": "am", "re": "are", "ve": "have", "ll": "will"}
_ENDING = re.compile(
    r"\b(i|you|he|she|it|we|they|that|there|this|those|these|what|who|where|how|could|should|would"
    r"|might|must|y'?all)'(m|re|ve|ll)\b",
    re.IGNORECASE,
)
_LETS = re.compile(r"\b(let)'s\b", re.IGNORECASE)


def contractions_unpacked(text: str) -> str:
    """Write contractions out; the apostrophes must be straight."""
    if "n't" in text or "nt" in text or "N'T" in text or "NT" in text:
        text = _NEGATION.sub(_negated, text)
    if "'" in text:
        text = _ENDING.sub(lambda match: f"{match[1]} {_ENDINGS[match[2].lower()]}", text)
        text = _LETS.sub(r"\1 us", text)
    return text


def _negated(match: re.Match[str]) -> str:
    verb = match[1]
    full = _IRREGULAR.get(verb.lower())
    if full is None:
        full = verb
    elif verb.isupper():
        full = full.upper()
    elif verb[0].isupper():
        full = full.capitalize()
    return f"{full} not"
