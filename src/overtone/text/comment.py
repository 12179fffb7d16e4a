r"""Comments from Wikipedia's talk pages as plain prose.

Wiki markup goes and its words stay (https://en.wikipedia.org/wiki/Help:Wikitext): links become
what they show; bold, headings, indents, bullets, tags and templates lose their marks. Signatures
and dates go. Links, e-mail addresses, IP addresses and users become placeholders. Everything is
repaired as in `plain`; case and punctuation stay. In time linear in the text's length.
"""

import re
from dataclasses import dataclass

from overtone.text import Cleaner
from overtone.text._addresses import EMAIL, with_ips_as, with_links_as
from overtone.text._repair import repaired


@dataclass(frozen=True, kw_only=True)
class Config:
    """What may be chosen."""

    markup: bool = True
    """Take off wiki markup and HTML tags, and leave their words."""

    signatures: bool = True
    """Take off signatures: "(talk)", dates with "(UTC)", "~~~~", notes on unsigned comments."""

    placeholders: bool = True
    """Write "website", "email" and "user" for links, addresses and users or their IP addresses:
    words that are one piece in BERT's vocabulary."""

    lower: bool = False
    """Lower-case the text; uncased tokenizers do so themselves."""


def cleaner(config: Config) -> Cleaner:
    """Return a function that makes plain prose of a comment."""

    def clean(text: str) -> str:
        whole = repaired(text)
        if config.markup:
            # Indents and headings are known by their lines, so before lines become one.
            text = _LINE_MARKS.sub(" ", text)
        found = repaired(text)
        if config.markup:
            found = _without_markup(found)
        if config.signatures:
            found = _without_signatures(found)
        if config.placeholders:
            found = with_links_as(found, " website ")
            found = EMAIL.sub(" email ", found) if "@" in found else found
            found = _USER.sub(" user ", with_ips_as(found, " user "))
        if config.lower:
            found = found.lower()
        # Of a comment that is a signature alone, say, nothing would be left.
        return " ".join(found.split()) or whole

    return clean


# Every quantifier is possessive or bounded, so that no run of marks is tried over and over.
_LINE_MARKS = re.compile(r"(?m)^[ \t]*+(?:[:*#;]++|={2,}+|-{4,}+)|={2,}+[ \t]*+$")
_FILE = re.compile(r"\[\[ ?(?:File|Image|Category) ?:[^\[\]|]{0,200}+\|?", re.IGNORECASE)
_LINK = re.compile(r"\[\[[^\[\]|]{0,200}+\|([^\[\]|]{1,200}+)\]\]")
_EXTERNAL = re.compile(r"\[(?:https?:)?//[^\s\[\]]{1,500}+ ([^\[\]]{1,200}+)\]")
_COMMENT = re.compile(r"<!--[^<>]{0,500}+>")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}+>")
_QUOTES = re.compile(r"'{2,}+|\"{2,}+")
_PAIRS = re.compile(r"\{\{|\}\}|\[\[|\]\]|\{\||\|\}|__[A-Z]{3,20}+__")


def _without_markup(text: str) -> str:
    if "<" in text:
        text = _TAG.sub(" ", _COMMENT.sub(" ", text))
    if "[" in text:
        text = _EXTERNAL.sub(r" \1 ", _LINK.sub(r"\1", _FILE.sub("[[", text)))
    # Quotes of two and three marks are bold and italic, or what a table made of one quote.
    text = _QUOTES.sub(lambda match: '"' if match.group()[0] == '"' else "", text)
    return _PAIRS.sub(" ", text)


_TALK = re.compile(
    r"\( ?(?:talk|contribs?|email|t|c)(?: ?[|/•·*-]? ?(?:talk|contribs?|email|t|c)){0,3} ?\)",
    re.IGNORECASE,
)
_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE = re.compile(
    r"(?<![\d:])\d{1,2}:\d{2}, (?:\d{1,2} {month}|{month} \d{1,2}),? \d{4}(?: ?\(UTC\))?".replace(
        "{month}", _MONTH
    )
)
_UNSIGNED = re.compile(
    r"(?:[\u2013\u2014] ?|-- ?)?(?:the )?preceding (?:unsigned )?comment (?:was )?(?:added|left) by"
    r"(?: [^\s()]{1,60}+){0,3}",
    re.IGNORECASE,
)
_TILDES = re.compile("~{3,}+")
_USER = re.compile(r"\bUser(?: talk)? ?: ?[^\s|\[\](){}<>,;!?]{1,60}+", re.IGNORECASE)


def _without_signatures(text: str) -> str:
    text = _DATE.sub(" ", _UNSIGNED.sub(" ", text))
    return _TILDES.sub(" ", _TALK.sub(" ", text))
