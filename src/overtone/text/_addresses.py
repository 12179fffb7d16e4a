"""Links, addresses and users in a text, shared by the cleaners that write a placeholder for them.

None of these tries one stretch of text twice: a match may begin only where the stretch begins (the
look-behind), and gives back nothing that it took (possessive quantifiers), or is short.
"""

import ipaddress
import re

_URL = re.compile(
    r"(?:https?://|(?<![\w@.])(?:www\.|pic\.twitter\.com/|t\.co/))\S++", re.IGNORECASE
)
_AFTER_URL = ".,;:!?'\")]}…"
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++@\w[\w-]*+(?:\.\w[\w-]*+)++")
# A full stop may stand before an address: many a comment ends with one and no space.
_IP = re.compile(
    r"(?<!\d)(?<!\d\.)\d{1,3}(?:\.\d{1,3}){3}(?!\d|\.\d)"
    # All that the internet has given out so far begin with a 2 or a 3.
    r"|(?<![\w:])[23][0-9A-F]{3}:[0-9A-F:]{2,34}+(?![\w:])",
    re.IGNORECASE,
)
_USER = re.compile(r"\bUser(?:[ _]talk ?: ?|:)[^\s|\[\](){}<>,;!?\"]{1,60}+", re.IGNORECASE)


def with_links_as(text: str, word: str) -> str:
    """Return a text with a word in place of each link; marks after a link stay."""
    lowered = text.lower()
    if "://" in lowered or "www." in lowered or ".co" in lowered:
        return _URL.sub(lambda match: word + _tail(match.group()), text)
    return text


def _tail(url: str) -> str:
    return url[len(url.rstrip(_AFTER_URL)) :]


def with_emails_as(text: str, word: str) -> str:
    """Return a text with a word in place of each e-mail address."""
    return _EMAIL.sub(word, text) if "@" in text else text


def with_ips_as(text: str, word: str) -> str:
    """Return a text with a word in place of each IP address, version 4 or 6."""

    def replaced(match: re.Match[str]) -> str:
        try:
            ipaddress.ip_address(match.group())
        except ValueError:
            return match.group()
        return word

    return _IP.sub(replaced, text)


def with_users_as(text: str, word: str) -> str:
    """Return a text with a word in place of each user's page on a wiki, such as "User:Someone"."""
    return _USER.sub(lambda match: word + _tail(match.group()), text)
