"""Tweets as SpanEmo cleaned them: by the library ekphrasis itself, with SpanEmo's settings.

Source: Baziotis et al., "DataStories at SemEval-2017 Task 4" (https://github.com/cbaziotis/ekphrasis)
and the settings of SpanEmo's code. For figures that are to be compared with SpanEmo's; `tweet` does
much the same and needs no word statistics. The library is given a text in short pieces, since its
expressions take more than linear time and its way through a hashtag is recursive.
"""

import io
import re
import warnings
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from overtone.errors import InputError, MissingDataError, MissingExtraError
from overtone.text import Cleaner
from overtone.text._repair import repaired

STATISTICS = "https://data.statmt.org/cbaziotis/projects/ekphrasis/stats.zip"

PIECE = 400
"""Most characters that the library sees at a time; a tweet has 280 at most."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """SpanEmo's settings, where they may be chosen."""

    segmenter: str = "twitter_2018"
    """Whose word statistics divide hashtags: a folder of ~/.ekphrasis/stats."""

    corrector: str = "twitter_2018"
    """Whose word statistics shorten elongated words."""

    annotate: bool = True
    """Add tags such as <allcaps> and <hashtag>."""

    repair: bool = True
    """Repair mojibake and the like first, as the other cleaners do; SpanEmo didn't."""


def cleaner(config: Config) -> Cleaner:
    """Return a function that has ekphrasis clean a tweet.

    Raises:
        MissingExtraError: ekphrasis is not installed.
        MissingDataError: its word statistics are not there. It would download them by itself, into
            the working folder, or end the process.

    """
    process = _processor(config, _statistics(config))

    def clean(text: str) -> str:
        whole = repaired(text)
        # What can't be encoded goes in any case: tokenizers refuse it.
        given = whole if config.repair else text.encode("utf-8", "ignore").decode()
        try:
            words = [word for piece in _PIECES.findall(given) for word in process(piece)]
        except RecursionError:  # a hashtag longer than any word
            return whole
        return " ".join(" ".join(words).split()) or whole

    return clean


# Cut at a space where there is one.
_PIECES = re.compile(rf"(?s).{{1,{PIECE}}}(?=\s|\Z)|.{{1,{PIECE}}}")


def _statistics(config: Config) -> Path:
    """Return the folder of word statistics, all that is needed there."""
    folder = Path("~").expanduser() / ".ekphrasis" / "stats"
    for corpus, grams in ((config.segmenter, 1), (config.segmenter, 2), (config.corrector, 1)):
        # The library keeps what it read of the text file as JSON beside it.
        wanted = [folder / corpus / f"counts_{grams}grams.{kind}" for kind in ("txt", "json")]
        if not any(path.is_file() for path in wanted):
            raise MissingDataError(
                f"the cleaner ekphrasis needs word statistics, expected {wanted[0]}, found none: "
                f"unpack {STATISTICS} into {folder}, or use the cleaner tweet"
            )
    return folder


@lru_cache(maxsize=2)
def _processor(config: Config, statistics: Path) -> Any:  # noqa: ANN401 - untyped library
    """Return ekphrasis' function from a text to tokens; reading the statistics takes seconds."""
    # Its files have escapes that Python warns of, and it prints what it reads.
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            from ekphrasis.classes.preprocessor import TextPreProcessor  # noqa: PLC0415
            from ekphrasis.classes.tokenizer import SocialTokenizer  # noqa: PLC0415
        except ImportError as error:
            raise MissingExtraError("ekphrasis", "the cleaner ekphrasis") from error
        tags = {"hashtag", "elongated", "allcaps", "repeated", "emphasis", "censored"}
        try:
            processor = TextPreProcessor(
                normalize=["url", "email", "phone", "user"],
                annotate=tags if config.annotate else set(),
                all_caps_tag="wrap",
                fix_text=False,
                segmenter=config.segmenter,
                corrector=config.corrector,
                unpack_hashtags=True,
                unpack_contractions=True,
                spell_correct_elong=False,
                tokenizer=SocialTokenizer(lowercase=True).tokenize,
            )
        except (ValueError, IndexError) as error:
            raise InputError(
                f"the word statistics of ekphrasis in {statistics} are damaged ({error}): unpack "
                f"{STATISTICS} there again"
            ) from error
    return processor.pre_process_doc
