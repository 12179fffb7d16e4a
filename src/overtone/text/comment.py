r"""Comments from Wikipedia's talk pages as plain prose, every word of which stays.

Wiki markup goes (https://en.wikipedia.org/wiki/Help:Wikitext): links become what they show; bold,
headings, indents, bullets, tables, tags and templates lose their marks. Signatures and their dates
go. Links, e-mail addresses, IP addresses and users become placeholders. Everything is repaired as
in `plain`; case and punctuation stay.
"""

from dataclasses import dataclass

from ftfy.fixes import unescape_html

from overtone.text import Cleaner
from overtone.text._addresses import with_emails_as, with_ips_as, with_links_as, with_users_as
from overtone.text._repair import repaired, with_line_breaks
from overtone.text._signatures import without_signatures
from overtone.text._wiki import with_plain_links, without_marks


@dataclass(frozen=True, kw_only=True)
class Config:
    """What may be chosen."""

    markup: bool = True
    """Take off wiki markup and HTML tags, and leave their words."""

    signatures: bool = True
    """Take off signatures: "(talk)", dates with their time, "~~~~", notes on unsigned comments."""

    placeholders: bool = True
    """Write "website", "email" and "user" for links, addresses, and users or their IP addresses:
    words that are one piece in BERT's vocabulary."""

    lower: bool = False
    """Lower-case the text; uncased tokenizers do so themselves."""


def cleaner(config: Config) -> Cleaner:
    """Return a function that makes plain prose of a comment."""

    def clean(text: str) -> str:
        original = text
        text = unescape_html(with_line_breaks(_unquoted(text)))
        if config.markup:
            text = with_plain_links(text)
        # Signatures and markup are known by the lines that they stand in, so before the repair.
        if config.signatures:
            text = without_signatures(text)
        if config.markup:
            text = without_marks(text)
        text = repaired(text, entities=False)
        if config.placeholders:
            text = with_emails_as(with_links_as(text, " website "), " email ")
            text = with_ips_as(with_users_as(text, " user "), " user ")
        if config.lower:
            text = text.lower()
        # Of a comment that is a signature alone nothing would be left.
        text = " ".join(text.split())
        return text if any(map(str.isalnum, text)) else repaired(original)

    return clean


def _unquoted(text: str) -> str:
    """Undo what Jigsaw's files have: a comment with quotes was quoted as CSV twice."""
    whole = text.strip()
    if whole[:1] == whole[-1:] == '"' and '"' not in whole[1:-1].replace('""', ""):
        text = whole[1:-1]
    return text.replace('""', '"')
