"""The real library, on word statistics of a few words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from overtone import text
from overtone.errors import ConfigError, InputError, MissingDataError

from .conftest import write_statistics


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("@friend you can't", "<user> you can not"),
        ("a #sohappy day http://t.co/x", "a <hashtag> so happy </hashtag> day <url>"),
        ("SO GOOD", "<allcaps> so good </allcaps>"),
        ("sooooo happy!!!", "so <elongated> happy ! <repeated>"),
        ("a *good* day", "a good <emphasis> day"),
        ("GoodMorning #GoodMorning", "goodmorning <hashtag> good morning </hashtag>"),
        ("write to a.b@c.example", "write to <email>"),
    ],
)
def test_tweets_are_cleaned_as_spanemo_cleaned_them(given: str, expected: str) -> None:
    assert text.load("ekphrasis", {})(given) == expected


def test_without_tags() -> None:
    clean = text.load("ekphrasis", {"annotate": False})
    assert clean("SO #goodmorning") == "so good morning"


def test_repair_comes_first_unless_it_is_not_wanted() -> None:
    wide = "\N{FULLWIDTH LATIN SMALL LETTER H}appy"
    assert text.load("ekphrasis", {})(wide) == "happy"
    assert text.load("ekphrasis", {"repair": False})(wide) != "happy"
    assert text.load("ekphrasis", {"repair": False})("happy \ud83d day") == "happy day"


def test_a_long_text_and_a_long_hashtag_lose_nothing() -> None:
    clean = text.load("ekphrasis", {})
    assert clean("happy day " * 300) == " ".join(["happy day"] * 300)
    assert "happyday" in clean("#" + "happyday" * 2000).replace(" ", "")


def test_missing_statistics_are_said_before_anything_is_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingDataError, match=r"twitter_2018.counts_1grams.*stats\.zip into"):
        text.load("ekphrasis", {})
    folder = write_statistics(tmp_path)
    (folder / "counts_2grams.txt").unlink()
    with pytest.raises(MissingDataError, match="counts_2grams"):
        text.load("ekphrasis", {})
    with pytest.raises(MissingDataError, match=r"english.counts_1grams"):
        text.load("ekphrasis", {"segmenter": "english"})
    assert [path.name for path in tmp_path.iterdir()] == [".ekphrasis"]  # no stats.zip


@pytest.mark.parametrize("content", ["no number\n", "good\tmany\n", "{"])
def test_damaged_statistics_are_an_error_of_the_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    kind = "json" if content == "{" else "txt"
    (write_statistics(tmp_path) / f"counts_1grams.{kind}").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"ekphrasis.* are damaged"):
        text.load("ekphrasis", {})


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"text\.segmentr is not an option; did you mean"):
        text.load("ekphrasis", {"segmentr": "english"})


def test_nothing_is_printed_and_the_library_is_imported_only_when_used(home: Path) -> None:
    code = (
        "import sys; from overtone import text; text.load('tweet', {});"
        "assert 'ekphrasis.classes' not in sys.modules;"
        "assert text.load('ekphrasis', {})('Good day') == 'good day'"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        check=True,
        env={**os.environ, "HOME": str(home)},
        timeout=120,
    )
    assert done.stdout == b""
    assert done.stderr == b""
