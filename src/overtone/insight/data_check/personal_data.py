"""Personal data that patterns can tell: addresses, numbers and accounts. Names are not among them.

What is found is hidden by the same function, so that no report shows it. An IBAN's check digits
must be right (ISO 13616: modulo 97).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from overtone.insight.data_check import Finding
from overtone.insight.data_check.corpus import Corpus
from overtone.text._addresses import with_emails_as, with_ips_as, with_links_as

TITLE = "Personal data"
LEVEL = "warning"
ADVICE = (
    "Ask whether you may keep them. The cleaners tweet and comment write placeholders for most, in "
    "what a model reads; the files stay as they are. Names are not looked for."
)

# As in the cleaners: no stretch of text is tried twice, or it is short.
_HANDLE = re.compile(r"(?<![\w@/.])@(?!\d+\b)\w{2,}+|(?<![\w/])/?u/[\w-]{3,}+")
_PHONE = re.compile(
    r"(?<![\w+.,/-])(?:\+\d(?:[ .-]?\(?\d\)?){7,14}"  # international
    r"|(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}"  # as in North America
    r"|(?<!\d )0\d{2,4}[ /-]\d{3,4}[ -]?\d{3,4})(?![\w-])"  # as in much of Europe
)
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
LENGTHS = range(15, 35)
"""Characters of an IBAN: Norway's has 15."""
DIGITS = 9
"""An IBAN has at least so many digits; words in capitals have none."""
LONGEST = 200
"""Characters of a text that are shown."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """What may be chosen."""

    handles: bool = True
    """Look for @handles, which most tweets have."""


def find(config: Config, corpus: Corpus) -> list[Finding]:
    """Return one finding a row and kind of data."""
    found = []
    for row, text in enumerate(corpus.texts):
        # Digits and letters of a link are no numbers of a person.
        rest = with_links_as(text, " ")
        for what, hide in HIDING.items():
            hidden = hide(rest)
            if hidden != rest and (what != "@handle" or config.handles):
                found.append(Finding(what=what, rows=(row,)))
            rest = hidden
    return sorted(found, key=lambda finding: list(HIDING).index(finding.what))


def without_personal_data(text: str) -> str:
    """Return a text in which what was found is a word in brackets."""
    for hide in HIDING.values():
        text = hide(text)
    return text


def beginning(text: str) -> str:
    """Return the beginning of a text, as a report shows it, without personal data."""
    text = without_personal_data(text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _hide_handles(text: str) -> str:
    return _HANDLE.sub("[handle]", text) if "@" in text or "u/" in text else text


def _hide_emails(text: str) -> str:
    return with_emails_as(text, "[e-mail]")


def _hide_phones(text: str) -> str:
    return _PHONE.sub("[phone]", text)


def _hide_ips(text: str) -> str:
    return with_ips_as(text, "[IP]")


def _hide_ibans(text: str) -> str:
    return _IBAN.sub(_without_iban, text)


def _without_iban(match: re.Match[str]) -> str:
    """Return what is left of a match: capitals that follow an IBAN may have been taken for it."""
    whole = match.group()
    for end in range(len(whole), LENGTHS.start - 1, -1):
        if _is_iban(whole[:end].replace(" ", "")):
            return f"[IBAN]{whole[end:]}"
    return whole


def _is_iban(code: str) -> bool:
    if len(code) not in LENGTHS or sum(map(str.isdigit, code)) < DIGITS:
        return False
    return int("".join(str(int(character, 36)) for character in code[4:] + code[:4])) % 97 == 1


HIDING = {
    "IBAN": _hide_ibans,
    "e-mail": _hide_emails,
    "IP address": _hide_ips,
    "phone number": _hide_phones,
    "@handle": _hide_handles,
}
"""In this order: what is hidden already is not found again."""
