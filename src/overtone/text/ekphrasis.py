"""Tweets as SpanEmo cleaned them: by the library ekphrasis itself, with SpanEmo's settings.

Source: Baziotis et al., "DataStories at SemEval-2017 Task 4" (https://github.com/cbaziotis/ekphrasis)
and SpanEmo's code (https://github.com/hasanhuz/SpanEmo). For figures to compare with SpanEmo's; the
cleaner `tweet` does much the same, three times as fast, and needs no word statistics.

What the library does to a text as long as a tweet is left as it is. It sees longer texts in pieces,
since its expressions take more than linear time, and neither hashtags nor elongated words that are
made to keep it busy: it segments by recursion, and tries every subset of a word's doubled letters.
"""

import io
import os
import re
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from ftfy.fixes import fix_surrogates

from overtone.errors import InputError, MissingExtraError
from overtone.text import Cleaner
from overtone.text._repair import repaired

STATISTICS = "https://data.statmt.org/cbaziotis/projects/ekphrasis/stats.zip"

PIECE = 280
"""The library sees so many characters at a time, as many as a tweet may have."""

LONGEST_HASHTAG = 64
"""Longer ones are left to the library as words; the longest in SemEval's tweets has 50 letters."""

MOST_CANDIDATES = 64
"""The library may try so many ways to write an elongated word; "sooooo" takes two."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """SpanEmo's settings, where they may be chosen."""

    segmenter: str = "twitter_2018"
    """The word statistics that divide hashtags, a folder in ~/.ekphrasis/stats."""

    corrector: str = "twitter_2018"
    """The word statistics that shorten elongated words."""

    annotate: bool = True
    """Add tags such as <allcaps> and <hashtag>, and shorten what they tag. Users, links, e-mail
    and phone become <user>, <url>, <email> and <phone> in any case."""

    repair: bool = False
    """Repair mojibake, curly quotes and so on first, as the other cleaners do; SpanEmo didn't."""


def cleaner(config: Config) -> Cleaner:
    """Return a function that has ekphrasis clean a tweet; it writes the tokens with spaces between.

    Raises:
        MissingExtraError: ekphrasis is not installed.
        InputError: its word statistics are not there, or damaged.

    """
    try:
        import ekphrasis  # noqa: F401, PLC0415 - it is empty; what is heavy comes after the check
    except ImportError as error:
        raise MissingExtraError("ekphrasis", "the cleaner ekphrasis") from error
    process = _processor(
        _statistics(config), config.segmenter, config.corrector, annotate=config.annotate
    )

    def clean(text: str) -> str:
        whole = repaired(text)
        if not whole:
            return ""
        # Half surrogates go in any case: no tokenizer takes them.
        given = _within_limits(whole if config.repair else fix_surrogates(text))
        words = [word for piece in _PIECES.findall(given) for word in process(piece)]
        return " ".join(" ".join(words).split()) or whole

    return clean


def _statistics(config: Config) -> Path:
    """Return the folder of word statistics after a look at what is in it.

    Where that folder is empty, the library would download them into the working folder; where a
    file is missing, it would end the process.
    """
    folder = Path(os.path.expanduser("~"), ".ekphrasis", "stats")  # noqa: PTH111 - as the library
    for corpus, grams in ((config.segmenter, 1), (config.segmenter, 2), (config.corrector, 1)):
        # A path would have the library read, and write, elsewhere: configurations come with models.
        if not re.fullmatch(r"\w[\w.-]*", corpus):
            raise InputError(
                f"text.segmenter and text.corrector take the name of a folder in {folder}, "
                f"found {corpus!r}"
            )
        wanted = folder / corpus / f"counts_{grams}grams.txt"
        # Beside it, the library keeps what it read, as JSON; versions that pickled it are too old
        # for the extra.
        if not (wanted.is_file() or wanted.with_suffix(".json").is_file()):
            raise InputError(
                f"the cleaner ekphrasis needs word statistics, expected {wanted}, found none: "
                f"download {STATISTICS} and unpack it into {folder}, or use the cleaner tweet"
            )
    return folder


@lru_cache(maxsize=1)  # statistics of millions of words
def _processor(
    folder: Path, segmenter: str, corrector: str, *, annotate: bool
) -> Callable[[str], list[str]]:
    """Return the library's function from a text to tokens."""
    tags = {"hashtag", "elongated", "allcaps", "repeated", "emphasis", "censored"}
    # It prints what it reads, and Python warns of its expressions' escapes.
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            from ekphrasis.classes.preprocessor import TextPreProcessor  # noqa: PLC0415
            from ekphrasis.classes.tokenizer import SocialTokenizer  # noqa: PLC0415
        except ImportError as error:
            raise MissingExtraError("ekphrasis", "the cleaner ekphrasis") from error
        try:
            processor = TextPreProcessor(
                normalize=["url", "email", "phone", "user"],
                annotate=tags if annotate else set(),
                all_caps_tag="wrap",
                fix_text=False,
                segmenter=segmenter,
                corrector=corrector,
                unpack_hashtags=True,
                unpack_contractions=True,
                spell_correct_elong=False,
                tokenizer=SocialTokenizer(lowercase=True).tokenize,
            )
            _check(processor)
        except (OSError, ValueError, IndexError, AttributeError, TypeError) as error:
            raise InputError(
                f"the word statistics of ekphrasis in {folder}, {segmenter} or {corrector}, can't "
                f"be used ({error}): delete the counts_*.json there; if that doesn't help, unpack "
                f"{STATISTICS} there again"
            ) from error

    # They are keyed by the match, so never hit, and would keep 65,536 texts in memory.
    kind = type(processor)
    caches = (
        kind.handle_hashtag_match,
        kind.handle_generic_match,
        kind.handle_repeated_puncts,
        kind.handle_emphasis_match,
    )

    def process(piece: str) -> list[str]:
        try:
            tokens: list[str] = processor.pre_process_doc(piece)
        except RecursionError:  # called from deep within
            return piece.split()
        finally:
            for cache in caches:
                cache.cache_clear()
        return tokens

    return process


def _check(processor: Any) -> None:  # noqa: ANN401 - the library is untyped
    """Raise ValueError unless all words have counts: else it would divide by nought one day."""
    for counts in (
        processor.segmenter.unigrams,
        processor.segmenter.bigrams,
        processor.spell_corrector.WORDS,
    ):
        if not counts or min(counts.values()) <= 0:
            raise ValueError("no words, or a count that is not above 0")


# Cut at a space where there is one.
_PIECES = re.compile(rf"(?s).{{1,{PIECE}}}(?=\s|\Z)|.{{1,{PIECE}}}")
_LONG_HASHTAG = re.compile(rf"#(?=[\w-]{{{LONGEST_HASHTAG + 1}}})")
_ELONGATED = re.compile(r"(?<![A-Za-z])(?=[A-Za-z]*?([A-Za-z])\1\1)[A-Za-z]++")
_LONG_RUN = re.compile(r"(.)\1{2,}")
_RUN = re.compile(r"(.)\1+")


def _within_limits(text: str) -> str:
    """Return a text without the hashtags and elongated words that keep the library busy."""
    return _ELONGATED.sub(_with_few_candidates, _LONG_HASHTAG.sub("", text))


def _with_few_candidates(match: re.Match[str]) -> str:
    shortened = _LONG_RUN.sub(r"\1\1", match.group())
    longest: dict[str, int] = {}
    for run in _RUN.finditer(shortened.lower()):
        longest[run[1]] = max(longest.get(run[1], 0), len(run.group()))
    # The library halves all runs of a letter until they are single, whatever it did to the others.
    candidates = prod((length - 1).bit_length() + 1 for length in longest.values())
    return match.group() if candidates <= MOST_CANDIDATES else shortened
