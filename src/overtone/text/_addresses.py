"""Links and addresses in a text, shared by the cleaners that write a placeholder for them.

None of these tries one stretch of text twice: a match may begin only where the stretch begins (the
look-behind), and gives back nothing that it took (possessive quantifiers).
"""

import ipaddress
import re

URL = re.compile(
    r"(?:https?://|(?<![\w@.])(?:www\.|pic\.twitter\.com/|t\.co/))\S++", re.IGNORECASE
)
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++@\w[\w-]*+(?:\.\w[\w-]*+)++")
_AFTER_URL = ".,;:!?'\")]}…"
_IP = re.compile(r"(?<![\w.:])[0-9A-Fa-f.:]{7,39}+(?!\w)")


def with_links_as(text: str, word: str) -> str:
    """Return a text with a word in place of each link; marks after a link stay."""
    lowered = text.lower()
    if "://" in lowered or "www." in lowered or ".co" in lowered:
        return URL.sub(lambda match: word + tail(match.group()), text)
    return text


def tail(url: str) -> str:
    """Return the marks at the end of what looks like a link, which belong to the sentence."""
    return url[len(url.rstrip(_AFTER_URL)) :]


def with_ips_as(text: str, word: str) -> str:
    """Return a text with a word in place of each IP address, version 4 or 6."""

    def replaced(match: re.Match[str]) -> str:
        found = match.group().rstrip(".:")
        try:
            ipaddress.ip_address(found)
        except ValueError:
            return match.group()
        return word + match.group()[len(found) :]

    return _IP.sub(replaced, text)
