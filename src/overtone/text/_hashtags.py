"""Hashtags unpacked into words: "#ThrowbackThursday", "#2cute4me", "#mondaymotivation".

Underscores, capitals and digits show where words begin. Where a run of ASCII letters shows nothing,
it is segmented: of all its divisions into words the one with the highest product of the words'
probabilities (P. Norvig, "Natural Language Corpus Data", 2009). The probabilities are counts from
the frequency dictionary that ships with symspellpy (https://github.com/mammothb/symspellpy). Its
own ``word_segmentation`` prefers few spaces to likely words ("self ie", "id ont care"), takes a
second to load and 35 microseconds a character; this takes 0.1 s and 5.
"""

import math
import re
from functools import cache, lru_cache
from importlib.resources import files

LONGEST = 64
"""Longer runs of letters stay as they are: no hashtag that means something is longer."""

SHORTEST = 4
"""Shorter runs are words or abbreviations already."""

LONGEST_ABBREVIATION = 5
"""Runs of so many capitals are taken for abbreviations."""

LONGEST_ENDING = 2
"""Unknown words no longer than this are taken for endings."""

LONGEST_WORD = 24
"""The longest word that a segmentation may contain."""

CORPUS = 1_024_908_267_229
"""Words in the corpus that was counted."""

TYPICAL_COUNT = 10_000_000
"""The count given to words that the dictionary, older than tweets, doesn't have."""

UNKNOWN = [
    -9.0 - 0.9 * length - 10 * (length <= LONGEST_ENDING) for length in range(LONGEST_WORD + 1)
]
"""The log10 probability of a word that isn't in the dictionary, by its length. One or two letters
are hardly ever a word, but often the ending of an unknown one."""

TWEET_WORDS = (  # noqa: SIM905 - a literal list takes more lines than the code
    "arent bff cant couldnt covid diy didnt doesnt dont emoji fml gameday hashtag havent idk im "
    "instagram isnt ive kpop lgbt lmao lol nba nfl omg selfie shouldnt smh snapchat tbt thats tgif "
    "vlog wasnt whats whatsapp wont wouldnt wtf youre"
).split()

_LETTER = "A-Za-zÀ-ÖØ-öø-ÿ"
_LOWER = "a-zß-öø-ÿ"
_UPPER = "A-ZÀ-ÖØ-Þ"
# Digits divide words ("covid19"), but not in "2nd", "3am" or "B2B".
_BOUNDARIES = re.compile(
    rf"_+|(?<=[{_LOWER}])(?=[{_UPPER}])|(?<=[{_UPPER}])(?=[{_UPPER}][{_LOWER}])"
    rf"|(?<=[{_LETTER}]{{2}})(?=\d)|(?<=\d)(?=[{_UPPER}]|[{_LOWER}]{{3}})"
)


def unpacked(hashtag: str) -> str:
    """Return the words of a hashtag, given without its sign."""
    parts = _BOUNDARIES.sub(" ", hashtag).split()
    return " ".join(
        segmented(part) if _hides_words(part, alone=len(parts) == 1) else part for part in parts
    )


def _hides_words(part: str, *, alone: bool) -> bool:
    """Tell whether to segment; never other than ASCII, for the dictionary is English."""
    if not (SHORTEST <= len(part) <= LONGEST and part.isascii() and part.isalpha()):
        return False
    if part.isupper():
        return len(part) > LONGEST_ABBREVIATION
    # With a capital, and beside other parts, it is one word already, known or not.
    return alone or part.islower()


@lru_cache(maxsize=8192)
def segmented(letters: str) -> str:
    """Divide a run of ASCII letters into its most likely words."""
    known = _log_probabilities()
    lowered = letters.lower()
    best = [0.0]  # best[end]: the log probability of the best division of the first `end` letters
    begins = [0]  # begins[end]: where the last word of that division begins
    for end in range(1, len(lowered) + 1):
        top, top_begin = -math.inf, 0
        for begin in range(max(0, end - LONGEST_WORD), end):
            score = known.get(lowered[begin:end]) or UNKNOWN[end - begin]
            if best[begin] + score > top:
                top, top_begin = best[begin] + score, begin
        best.append(top)
        begins.append(top_begin)
    words = []
    end = len(letters)
    while end:
        words.append(letters[begins[end] : end])
        end = begins[end]
    return " ".join(reversed(words))


@cache
def _log_probabilities() -> dict[str, float]:
    """Return each word's log10 probability; read at the first hashtag that needs it."""
    dictionary = files("symspellpy") / "frequency_dictionary_en_82_765.txt"
    counts = dict.fromkeys(TWEET_WORDS, TYPICAL_COUNT)
    for line in dictionary.read_text(encoding="utf-8-sig").splitlines():
        word, count = line.split()
        counts[word] = max(int(count), counts.get(word, 0))
    return {word: math.log10(count / CORPUS) for word, count in counts.items()}
