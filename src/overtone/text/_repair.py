r"""Repair of Unicode, shared by the cleaners: mojibake, controls, surrogates, NFC, whitespace.

The fixes are those of ftfy (https://ftfy.readthedocs.io), called one by one. ``ftfy.fix_text``
itself repeats all of them until nothing changes, which takes quadratic time on texts made for it
("Ã" and then many "ƒ", or "&" and then many "amp;"): seconds for a few thousand characters.
"""

import re
import unicodedata

from ftfy import fix_encoding
from ftfy.badness import is_bad
from ftfy.fixes import (
    fix_c1_controls,
    fix_character_width,
    fix_latin_ligatures,
    fix_surrogates,
    uncurl_quotes,
    unescape_html,
)

PIECE = 512
"""Mojibake is repaired in pieces of so many characters: ftfy's time is quadratic in a piece."""

BAD_PIECES = 16
"""So many pieces with mojibake are repaired in one text; that bounds the time of a hostile one."""

LONGEST_COMBINING = 30
"""So many combining marks may follow each other, the limit of Unicode's Stream-Safe Text Format
(UAX 15). Longer runs, seen in "zalgo" text only, are cut: Python sorts them in quadratic time."""

_PIECES = re.compile(rf"(?s).{{1,{PIECE}}}(?=\s|\Z)|.{{1,{PIECE}}}")
# Whitespace among the control characters becomes a space, the others go.
_CONTROLS: dict[int, str | None] = {
    **dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0xFEFF)),
    **dict.fromkeys((*range(0x09, 0x0E), *range(0x1C, 0x20), 0x85), " "),
}
_WRITTEN_BREAK = re.compile(r"\\[nr]")
# Every combining mark is in this class; what else is in it is sorted out character by character.
_LONG_MARKS = re.compile(rf"[^\w\s\x00-\x7f]{{{LONGEST_COMBINING + 1},}}")


def repaired(text: str, *, entities: bool = True) -> str:
    """Return the text in NFC, without control characters, with single spaces between words."""
    if entities and "&" in text:
        # Entities may stand for spaces and controls only; then the text stays as it was written.
        return repaired(unescape_html(text), entities=False) or repaired(text, entities=False)
    if not text.isascii():
        text = _repaired_beyond_ascii(text)
    if not text.isprintable():
        text = text.translate(_CONTROLS)
    if not text.isascii():
        # After the controls went: a mark may have met its letter.
        text = unicodedata.normalize("NFC", _LONG_MARKS.sub(_shortened_marks, text))
    return " ".join(text.split())


def with_line_breaks(text: str) -> str:
    """Return a text with line breaks where its file has a backslash and a letter, as SemEval's."""
    return _WRITTEN_BREAK.sub("\n", text) if "\\" in text else text


def _repaired_beyond_ascii(text: str) -> str:
    text = fix_surrogates(text)
    if is_bad(text):
        text = _without_mojibake(text)
    text = fix_character_width(fix_latin_ligatures(fix_c1_controls(text)))
    return uncurl_quotes(text)


def _without_mojibake(text: str) -> str:
    pieces: list[str] = _PIECES.findall(text)
    bad = [place for place, piece in enumerate(pieces) if is_bad(piece)]
    for place in bad[:BAD_PIECES]:
        fixed = fix_encoding(pieces[place])
        # What looks like mojibake may stand for controls only; then it stays as it was written.
        pieces[place] = fixed if fixed.translate(_CONTROLS).strip() else pieces[place]
    return "".join(pieces)


def _shortened_marks(match: re.Match[str]) -> str:
    kept = []
    run = 0
    for character in match.group():
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= LONGEST_COMBINING:
            kept.append(character)
    return "".join(kept)
