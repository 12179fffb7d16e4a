"""A text without what says nothing about it: links and mentions."""

from __future__ import annotations

import re

from overtone.text._addresses import with_emails_as, with_links_as

_MENTION = re.compile(r"(?<!\w)@\w++")


def plain(text: str) -> str:
    """Return a text without links, e-mail addresses and mentions."""
    text = with_emails_as(with_links_as(text, " "), " ")
    return _MENTION.sub(" ", text) if "@" in text else text
