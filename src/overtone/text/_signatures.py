"""Signatures of Wikipedia's talk pages: who wrote a comment, and when.

The forms are those of https://en.wikipedia.org/wiki/Wikipedia:Signatures and of what is left of
them in Jigsaw's comments, where the users' names went already: "— (talk • contribs) 23:34, 26 July
2015 (UTC)". Only what is surely a signature goes, so a name without a link to its user stays.
"""

import re

# Every piece is of bounded length, so the time is linear.
_GAP = r"[ \t\xa0\u2009\u200a\u200e\u200f]{0,3}"
_DASH = rf"(?:(?:[—\u2013―•|]|--?){_GAP}){{1,2}}"
_MONTH = (
    "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_TIME = r"(?<![\d:.])\d{1,2}:\d{2}(?::\d{2})?"
_DAY = rf"(?:\d{{1,2}},?{_GAP}{_MONTH}|{_MONTH}{_GAP}\d{{1,2}})"
_YEAR = rf",?{_GAP}(?:19|20)\d{{2}}(?!\d)"
_ZONE = r"\((?:UTC|GMT|CES?T|[ECMP][SD]T)(?:[+-]\d{1,2})?(?:\)|\s{0,3}\Z)"
_DATE = (
    rf"(?:{_TIME},?{_GAP}{_DAY}{_YEAR}(?:{_GAP}{_ZONE})?"
    rf"|\b{_DAY}{_YEAR},?{_GAP}{_TIME}(?:{_GAP}{_ZONE})?"
    rf"|\b{_DAY},{_GAP}{_TIME}{_YEAR}(?:{_GAP}{_ZONE})?"
    # Jigsaw's comments begin and end within dates.
    rf"|(?:(?<!\d)\d{{0,2}},{_GAP})?(?:\d{{1,2}}{_GAP})?{_MONTH}(?:{_GAP}\d{{1,2}})?{_YEAR}{_GAP}{_ZONE}"
    rf"|{_TIME},{_GAP}\d{{1,2}}(?:{_GAP}{_MONTH})?\s{{0,3}}\Z"
    rf"|(?:{_TIME}{_GAP})?{_ZONE})"
)
_PAGE = "(?:talk(?: page)?|contrib(?:ution)?s?|edits?|e-?mail|logs?|stats?|hist|count|[tce])"
_BETWEEN = rf"{_GAP}[•·|/\\@,&*\u2013—-]?{_GAP}"
_PAGES = rf"(?:talk(?: to me| page)?|[tT](?={_BETWEEN}[c@]))(?:{_BETWEEN}{_PAGE}\b){{0,4}}"
_TALK = rf"(?:[(\[{{|]{_GAP}){{1,2}}[•·|]?{_GAP}{_PAGES}(?:{_GAP}[)\]}}]){{1,2}}"
_USER = r"User:[^\s|\[\](){}<>,;!?]{1,60}+"

_FORMAT = rf"(?:(?:'{{2,5}}|</?(?:small|su[bp]|[bi])>){_GAP}){{0,3}}"
_SIGNATURE = re.compile(
    rf"(?:{_DASH})?(?:{_FORMAT}{_USER}{_GAP}{_FORMAT})?(?:{_TALK}\.?(?:{_GAP}(?:{_DATE}|{_TIME}))?|{_DATE})",
    re.IGNORECASE,
)
_HINT = re.compile(r"talk|[(|{]\W{0,3}t\W|\d:\d\d|\([A-Z]{3,4}", re.IGNORECASE)
_BARE = re.compile(
    rf"{_DASH}{_PAGES}{_GAP}[•|·]?{_GAP}$|(?<!\S)[•|]{_GAP}talk{_GAP}[•|]",
    re.IGNORECASE | re.MULTILINE,
)
_NAME = r"[^\s()]{1,40}+(?: [^\s()]{1,40}+){0,3}"
_UNSIGNED = re.compile(
    rf"(?:{_DASH})?(?:the )?(?:preceding )?unsigned comment{_GAP}(?:was )?(?:added |left )?by"
    rf"(?:{_GAP}(?:{_USER}|[\d.:A-F]{{7,39}}+|{_NAME}(?={_GAP}\(talk)|[^\s()]{{1,40}}(?={_GAP}$)))?"
    rf"(?:{_GAP}{_TALK})?(?:{_GAP}{_DATE})?(?:{_GAP}\.)?"
    rf"|\{{\{{ ?unsigned[^{{}}\n]{{0,100}}\}}\}}",
    re.IGNORECASE | re.MULTILINE,
)
_TILDES = re.compile("~{3,}+")
_LEFT = re.compile(rf"[—\u2013―]{_GAP}$|\({_GAP}\)", re.MULTILINE)


def without_signatures(text: str) -> str:
    """Return a text without signatures; its lines must still be lines."""
    if "nsigned" in text:
        text = _UNSIGNED.sub(" ", text)
    if _HINT.search(text):
        text = _BARE.sub(" ", _SIGNATURE.sub(" ", text))
    return _LEFT.sub(" ", _TILDES.sub(" ", text))
