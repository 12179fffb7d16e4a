r"""Tweets written as the plain words that an encoder's vocabulary has.

What the SpanEmo study has ekphrasis do (C. Baziotis et al., "DataStories at SemEval-2017 Task 4",
https://github.com/cbaziotis/ekphrasis), in time linear in the text's length: placeholders for
users, links, e-mail and phone; hashtags unpacked; repeats shortened; contractions written out; and
emoji as words. The defaults suit uncased BERT encoders, which would read an emoji as [UNK] and the
pieces of a user's name as noise. ``annotate`` adds the tags that SpanEmo's settings add.
"""

import re
from dataclasses import dataclass

from overtone.text import Cleaner
from overtone.text._addresses import with_emails_as, with_links_as
from overtone.text._contractions import contractions_unpacked
from overtone.text._emoji import emoji_to_words
from overtone.text._emoticons import emoticons_to_words
from overtone.text._hashtags import unpacked
from overtone.text._repair import repaired, with_line_breaks


@dataclass(frozen=True, kw_only=True)
class Config:
    """What may be chosen."""

    placeholders: bool = True
    """Write "user", "website", "email" and "phone" for mentions, links, addresses and numbers:
    words that are one piece in BERT's vocabulary ("url" is two)."""

    emoji: bool = True
    """Write emoji and emoticons as English words. Switch off for an encoder that knows emoji, such
    as one trained on tweets, or that isn't English."""

    hashtags: bool = True
    """Write hashtags as words. Those in ASCII letters are taken for English; others are divided at
    underscores, capitals and digits only."""

    contractions: bool = True
    """Write English contractions out: "can't" as "can not"."""

    repeats: bool = True
    """Keep two of a letter or mark that is repeated more often, three of dots. Repeated emoji are
    written twice at most in any case."""

    lower: bool = True
    """Lower-case the text. Switch off for a cased encoder."""

    annotate: bool = False
    """Add ekphrasis's tags, <hashtag> to </hashtag>, <allcaps> to </allcaps>, <elongated>,
    <repeated>, <emphasis> and <censored>, and write placeholders as <user>, <url>, <email> and
    <phone>. Worth it only where the tokenizer has the tags as tokens."""


def cleaner(config: Config) -> Cleaner:
    """Return a function that rewrites a tweet; an order of steps in which none undoes another."""

    def clean(text: str) -> str:
        original = text
        text = repaired(with_line_breaks(text))
        if config.placeholders:
            text = _with_placeholders(text, _TAGS if config.annotate else _WORDS)
        if config.emoji:
            text = emoticons_to_words(text)
        if config.annotate:
            text = _annotated(text)
        if config.emoji:
            text = emoji_to_words(text)
        if config.hashtags and "#" in text:
            text = _HASHTAG.sub(_tagged_hashtag if config.annotate else _plain_hashtag, text)
        if config.lower:
            text = text.lower()
        if config.repeats:
            text = _shortened(text, annotate=config.annotate)
        if config.contractions:
            text = contractions_unpacked(text)
        # Of a text with nothing but skin tones, say, nothing would be left.
        return " ".join(text.split()) or repaired(original)

    return clean


_WORDS = {"url": " website ", "email": " email ", "user": " user ", "phone": " phone "}
_TAGS = {name: f" <{name}> " for name in _WORDS}

# As in _addresses: no stretch of text is tried twice.
_USER = re.compile(r"(?<!\w)@\w++")
_PHONE = re.compile(
    r"(?<![\w+])(?:\+\d(?:[ .-]?\(?\d\)?){6,14}"  # international, or as in North America
    r"|(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4})(?![\w-])"
)


def _with_placeholders(text: str, words: dict[str, str]) -> str:
    text = with_emails_as(with_links_as(text, words["url"]), words["email"])
    if "@" in text:
        text = _USER.sub(words["user"], text)
    return _PHONE.sub(words["phone"], text)


_MARKS = "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670"  # accents, Arabic vowel signs
_HASHTAG = re.compile(rf"#([\w{_MARKS}]++)")


def _plain_hashtag(match: re.Match[str]) -> str:
    # "#1" is a rank.
    return match.group() if match[1].isdigit() else f" {unpacked(match[1])} "


def _tagged_hashtag(match: re.Match[str]) -> str:
    return match.group() if match[1].isdigit() else f" <hashtag> {unpacked(match[1])} </hashtag> "


_UPPER = "[A-ZÀ-ÖØ-Þ]"
_ALLCAPS = re.compile(rf"(?<![\w#@])({_UPPER}{{2,}}+(?: {_UPPER}{{2,}}+\b)*+)\b")
_EMPHASIS = re.compile(r"(?<![\w*])\*(\w++)\*(?![\w*])")
_CENSORED = re.compile(r"\b[^\W_]++\*{2,}+\w*+")


def _annotated(text: str) -> str:
    text = _ALLCAPS.sub(r" <allcaps> \1 </allcaps> ", text)
    if "*" in text:
        text = _EMPHASIS.sub(r"\1 <emphasis> ", text)
        text = _CENSORED.sub(r"\g<0> <censored> ", text)
    return text


# A word that is one letter three times stays: "www", "iii", "zzz".
_LONG = r"([^\W\d_])(?!(?<=\b.)\1\1\b)\1{2,}+"
_LONG_LETTER = re.compile(_LONG)
_ELONGATED = re.compile(rf"\b\w*?{_LONG}\w*+")
_LONG_MARK = re.compile(r"([^\w\s.!?]|_)\1{2,}+")
_LONG_STOP = re.compile(r"[!?]{2,}+|\.[.…]++|…[.…]*+")


def _shortened(text: str, *, annotate: bool) -> str:
    """Shorten "soooo" to "soo", "!!!!" to "!!", "?!?!" to "?!" and "....." to "..."."""
    text = _ELONGATED.sub(_tagged_word, text) if annotate else _LONG_LETTER.sub(r"\1\1", text)
    text = _LONG_MARK.sub(r"\1\1", text)
    return _LONG_STOP.sub(_tagged_stop if annotate else _plain_stop, text)


def _tagged_word(match: re.Match[str]) -> str:
    return _LONG_LETTER.sub(r"\1\1", match.group()) + " <elongated> "


def _plain_stop(match: re.Match[str]) -> str:
    stops = match.group()
    if stops[0] in ".…":
        return "..."
    return "?!" if "?" in stops and "!" in stops else stops[:2]


def _tagged_stop(match: re.Match[str]) -> str:
    return f"{_plain_stop(match)} <repeated> "
