"""The real library, on word statistics of a few words."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from overtone import text
from overtone.errors import ConfigError, InputError
from overtone.text.ekphrasis import LONGEST_HASHTAG, PIECE

Write = Callable[[Path], Path]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("@friend you can't", "<user> you can not"),
        ("a #sohappy day http://t.co/x", "a <hashtag> so happy </hashtag> day <url>"),
        ("SO GOOD", "<allcaps> so good </allcaps>"),
        ("sooooo happy!!!", "so <elongated> happy ! <repeated>"),
        ("a *good* day", "a good <emphasis> day"),
        ("what the f**k", "what the f**k <censored>"),
        ("GoodMorning #GoodMorning", "goodmorning <hashtag> good morning </hashtag>"),
        ("write to a.b@c.example", "write to <email>"),
        ("call 555-123-4567", "call <phone>"),
        ("good :) \U0001f602\U0001f602", "good :) \U0001f602 \U0001f602"),
        ("good &amp; happy", "good & happy"),
    ],
)
def test_tweets_are_cleaned_as_spanemo_cleaned_them(given: str, expected: str) -> None:
    """SpanEmo's settings, tags and all; tokens with spaces between."""
    assert text.load("ekphrasis", {})(given) == expected


def test_a_tweet_is_given_to_the_library_as_it_is() -> None:
    """The result is the library's own, whatever a tweet has in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ekphrasis.classes.preprocessor import TextPreProcessor  # noqa: PLC0415
        from ekphrasis.classes.tokenizer import SocialTokenizer  # noqa: PLC0415

        tags = {"hashtag", "elongated", "allcaps", "repeated", "emphasis", "censored"}
        library = TextPreProcessor(
            normalize=["url", "email", "phone", "user"], annotate=tags, all_caps_tag="wrap",
            fix_text=False, segmenter="twitter_2018", corrector="twitter_2018",
            unpack_hashtags=True, unpack_contractions=True, spell_correct_elong=False,
            tokenizer=SocialTokenizer(lowercase=True).tokenize,
        )  # fmt: skip
    clean = text.load("ekphrasis", {})
    for given in (
        "@a_b SOOO HAPPY!!! #GoodMorning #sohappy2018 http://t.co/aB3 :-) <3 don\u2019t can't\\n",
        "RT @someone: \u201cthe gooooood  day\u201d... #the-day_so \U0001f602\U0001f3fd 5pm $5 9%",
        "f**k *this* day, e-mail a.b@c.example or +1 555-123-4567 \u00c3\u00a9 &lt;3 (^_^)",
    ):
        assert clean(given) == " ".join(library.pre_process_doc(given))


def test_without_tags() -> None:
    """Hashtags are divided all the same."""
    clean = text.load("ekphrasis", {"annotate": False})
    assert clean("SO #goodmorning") == "so good morning"


def test_repair_comes_first_where_it_is_wanted() -> None:
    """SpanEmo didn't repair; what can't be encoded goes in any case."""
    wide = "\N{FULLWIDTH LATIN SMALL LETTER H}appy"
    assert text.load("ekphrasis", {})(wide) == wide
    assert text.load("ekphrasis", {"repair": True})(wide) == "happy"
    assert text.load("ekphrasis", {})("\ud83d\ude02 day") == "\U0001f602 day"
    assert text.load("ekphrasis", {})("\ud83d day") == "\ufffd day"


def test_long_texts_lose_nothing() -> None:
    """A text longer than a tweet, a hashtag longer than any, a word of doubled letters."""
    clean = text.load("ekphrasis", {})
    assert clean("happy day " * PIECE) == " ".join(["happy day"] * PIECE)
    long = "happyday" * LONGEST_HASHTAG
    assert clean(f"#{long} #happyday").replace(" ", "") == f"{long}<hashtag>happyday</hashtag>"
    # The library would try 2 to the power of 26 words for this one.
    letters = "abcdefghijklmnopqrstuvwxyz"
    thrice, twice = ("".join(times * letter for letter in letters) for times in (3, 2))
    assert clean(f"so {thrice}!") == f"so {twice} !"


def test_it_cleans_from_deep_within() -> None:
    """Where the library has no frames left for its recursion, its piece of text stays."""
    clean = text.load("ekphrasis", {})
    hashtag = "#" + "goodday" * 9

    def deeper(frames: int) -> str:
        return deeper(frames - 1) if frames else clean(hashtag)

    assert deeper(sys.getrecursionlimit() - len(inspect.stack(0)) - 40) == hashtag
    assert clean(hashtag) == f"<hashtag> {' '.join(['good day'] * 9)} </hashtag>"


def test_missing_statistics_are_said_before_anything_is_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_statistics: Write
) -> None:
    """Which file, where from and where to; the library itself would end the process."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"twitter_2018.counts_1grams.*stats\.zip and unpack"):
        text.load("ekphrasis", {})
    assert not list(tmp_path.iterdir())
    folder = write_statistics(tmp_path)
    (folder / "counts_2grams.txt").unlink()
    with pytest.raises(InputError, match="counts_2grams"):
        text.load("ekphrasis", {})
    with pytest.raises(InputError, match=r"english.counts_1grams"):
        text.load("ekphrasis", {"segmenter": "english"})
    assert [path.name for path in tmp_path.iterdir()] == [".ekphrasis"]  # no stats.zip


@pytest.mark.parametrize("name", ["../stats/twitter_2018", "/etc", "..", "", "a\0b"])
def test_statistics_are_named_not_pathed(name: str) -> None:
    """A model's configuration can't have files read, or written, elsewhere."""
    for option in ("segmenter", "corrector"):
        with pytest.raises(InputError, match="the name of a folder"):
            text.load("ekphrasis", {option: name})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("counts_1grams.txt", "no number\n"),
        ("counts_1grams.txt", "good\tmany\n"),
        ("counts_1grams.txt", ""),
        ("counts_1grams.txt", "good\t0\n"),
        ("counts_2grams.txt", "good\tday\t-3\n"),
        ("counts_2grams.txt", b"\xff\xfe\x00"),
        ("counts_1grams.json", "{"),  # what a killed process leaves
        ("counts_1grams.json", "[1, 2]"),
        ("counts_2grams.json", '{"good_day": "many"}'),
    ],
)
def test_damaged_statistics_are_an_error_of_the_input(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write_statistics: Write,
    name: str,
    content: str | bytes,
) -> None:
    """Whatever is wrong with them, and in time."""
    monkeypatch.setenv("HOME", str(tmp_path))
    damaged = content if isinstance(content, bytes) else content.encode()
    (write_statistics(tmp_path) / name).write_bytes(damaged)
    with pytest.raises(InputError, match=r"can't be used .*delete the counts_\*\.json"):
        text.load("ekphrasis", {})


def test_an_unknown_option_is_refused() -> None:
    """With what it may have meant."""
    with pytest.raises(ConfigError, match=r"text\.segmentr is not an option; did you mean"):
        text.load("ekphrasis", {"segmentr": "english"})


def _run(code: str, home: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        check=False,
        env={**os.environ, "HOME": str(home)},
        timeout=600,
    )


def test_nothing_is_printed_and_the_library_is_imported_only_when_used(home: Path) -> None:
    """Nor does a warning come through, or anything written at the process's end."""
    code = (
        "import sys; from overtone import text; text.load('tweet', {});"
        "assert 'ekphrasis' not in sys.modules;"
        "assert text.load('ekphrasis', {})('Good day') == 'good day'"
    )
    done = _run(code, home)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_without_the_library_the_extra_is_named(tmp_path: Path) -> None:
    """Also where the statistics aren't there either."""
    code = (
        "import sys; sys.modules['ekphrasis'] = None; from overtone import text\n"
        "try: text.load('ekphrasis', {})\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = _run(code, tmp_path)
    assert done.stdout.startswith(b"MissingExtraError")
    assert b"overtone[ekphrasis]" in done.stdout


def test_no_pickle_is_loaded(tmp_path: Path, write_statistics: Write) -> None:
    """Neither one beside the statistics, as old versions kept, nor any other."""
    folder = write_statistics(tmp_path)
    for grams in (1, 2):
        # Loading it would write a file.
        call = f"cbuiltins\nopen\n(S'{tmp_path / 'loaded'}'\nS'w'\ntR.".encode()
        (folder / f"counts_{grams}grams.pickle").write_bytes(call)
    code = (
        "import sys\n"
        "def hook(event, arguments):\n"
        "    assert not event.startswith('pickle.'), (event, arguments)\n"
        "sys.addaudithook(hook)\n"
        "from overtone import text\n"
        "for _ in range(2): print(text.load('ekphrasis', {})('Good #goodday'))"
    )
    done = _run(code, tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.splitlines() == [b"good <hashtag> good day </hashtag>"] * 2
    assert not (tmp_path / "loaded").exists()
