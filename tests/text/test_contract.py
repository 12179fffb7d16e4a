"""What every cleaner promises, old or new: it takes any text, and its time is linear."""

import subprocess
import sys
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overtone.config import find_plugin, plugin_names
from overtone.errors import OvertoneError
from overtone.text import Cleaner, load

PACKAGE = "overtone.text"
NAMES = plugin_names(PACKAGE)
MEGABYTE = 1_000_000
# The library ekphrasis takes up to 17 seconds a megabyte, in linear time.
SIZES = {"ekphrasis": MEGABYTE // 10}

ANYTHING = st.text(st.characters(exclude_categories=()))
# Pieces of everything that a cleaner may look for, in any order.
PIECES = (
    st.sampled_from("#@*_-:()'!?1 aB\n\x00\xa0\u0301\u200d\ufe0f\u20e3\u00c3\u0192\ud83d\ude02")
    | st.sampled_from("\U0001f468\U0001f1e9\U0001f3fd\u0130\u00df\u00f1\u2026\u0643\u064e\u30ab")
    | st.sampled_from(["http", "://", "www.", "&amp;", "&#1;", "&#", "\\n", "<3", "T_T", "XD"])
    | st.sampled_from(["n't", "Ab", "aaa", "ABC", "+1234567", "a.b@c.d", "#aB", "#\u0643"])
    | st.sampled_from(["[[", "|", "]]", "{{", "}}", "''", "==", '""', "<b>", "<!--", "~~~~", "\n:"])
    | st.sampled_from(
        ["User:", "(talk)", "unsigned comment by", "12:34, 5 May 2008 (UTC)", "1.2.3.4"]
    )
)
TWEETISH = st.lists(PIECES).map("".join)


@pytest.fixture(params=NAMES)
def module(request: pytest.FixtureRequest) -> ModuleType:
    """Return a plugin, each in turn."""
    return find_plugin(PACKAGE, request.param)


@pytest.fixture
def clean(module: ModuleType) -> Cleaner:
    """Return the plugin's cleaner with its default options."""
    cleaner: Cleaner = module.cleaner(module.Config())
    return cleaner


def test_there_are_plugins() -> None:
    """The other tests do have something to test; files with an underscore are none."""
    assert {"comment", "ekphrasis", "plain", "tweet", "words"} <= set(NAMES)
    assert not [name for name in NAMES if name.startswith("_")]


def test_options_are_optional_and_checked(module: ModuleType) -> None:
    """A plugin is loaded by its file's name, and an unknown option is an error."""
    name = module.__name__.rpartition(".")[2]
    assert load(name, {})("Good morning") in {"Good morning", "good morning"}
    with pytest.raises(OvertoneError, match="no_such_option"):
        load(name, {"no_such_option": True})


def test_every_option_is_explained(module: ModuleType) -> None:
    """The module says what it does and where that comes from; the Config is frozen."""
    assert "http" in (module.__doc__ or "")
    with pytest.raises(AttributeError):
        module.Config().no_such_option = 1


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=400, deadline=None)
@given(text=ANYTHING | TWEETISH)
def test_any_text_is_cleaned(name: str, text: str) -> None:
    """No text raises; the result can be encoded, is trimmed, and keeps what was visible."""
    result = load(name, {})(text)
    result.encode()
    assert result == " ".join(result.split())
    assert result or not any(character.isalnum() for character in text)


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u2003\u3000", "\x00\x07"])
def test_nothing_visible_gives_nothing(clean: Cleaner, text: str) -> None:
    """Whitespace and control characters leave an empty text."""
    assert clean(text) == ""


@pytest.mark.parametrize(
    "text",
    ["https://example.org", "@someone", "#", "@", "...", "\U0001f602", "\U0001f3fd", "&amp;", ":)"],
)
def test_something_visible_leaves_something(clean: Cleaner, text: str) -> None:
    """A text of one link, mark or emoji is still a text."""
    assert clean(text)


# Each would take a quadratic step minutes or days at this size, a linear one a few seconds at most.
# So a cleaner that isn't linear shows as a suite that hangs, and no clock needs to be asserted.
HOSTILE = {
    "letter": ("", "a"),
    "hashtag": ("#", "a"),
    "hashtag of capitals": ("#", "Ab"),
    "hashtag of underscores": ("#", "_"),
    "hashtags": ("", "#abcdefghijklmnop "),
    "hash signs": ("", "#"),
    "at signs": ("", "@"),
    "half addresses": ("", "a@"),
    "addresses without an end": ("", "a@a."),
    "mentions": ("", "@a"),
    "links": ("", "http://"),
    "link of dots": ("http://", "."),
    "www": ("", "www."),
    "exclamation marks": ("", "!"),
    "brackets": ("", "("),
    "backward smiles": ("", "(:"),
    "eyes": ("", ">:"),
    "stars": ("", "*"),
    "emphasis": ("", "*a"),
    "censored": ("", "a**"),
    "emoji": ("", "\U0001f602"),
    "emoji, joined": ("", "\U0001f602\u200d"),
    "joiners": ("\U0001f602", "\u200d"),
    "flags": ("", "\U0001f1e9"),
    "digits": ("", "1"),
    "dashes": ("", "-"),
    "phone": ("", "1-"),
    "phone, international": ("", "+1 (2) "),
    "entities": ("", "&amp;"),
    "entity, nested": ("&", "amp;"),
    "entity, numeric": ("&#", "1"),
    "apostrophes": ("", "a'"),
    "negations": ("", "n't"),
    "spaces": ("", " "),
    "lines": ("", "a\n"),
    "written breaks": ("", "\\n"),
    "accents": ("a", "\u0301\u0323"),
    "mojibake, nested": ("\u00c3", "\u0192"),
    "mojibake, deep": ("", "\u00c3\u0083"),
    "half surrogates": ("", "\ud83d"),
    "escapes": ("", "\x1b["),
    "closed eyes": ("", "-_"),
    "capitals": ("", "AB "),
    "accented": ("", "\u00e9"),
    "addresses, one in another": ("", "+a@a"),
    "equals signs": ("x", "="),
    "templates, nested": ("{{" * 10_000, "}}"),
    "links to pages": ("", "[[a|"),
    "tags": ("", "<b a="),
    "words of doubled letters": ("", "aaabbbcccdddeeefffggghhhiiijjjkkklllmmm "),
}


@pytest.mark.parametrize("shape", HOSTILE)
@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_megabyte_is_cleaned(name: str, shape: str) -> None:
    """A megabyte of any shape comes back, and not as nothing."""
    clean = load(name, {})
    head, body = HOSTILE[shape]
    size = SIZES.get(name, MEGABYTE)
    text = head + body * (size // len(body.encode(errors="surrogatepass")))
    assert bool(clean(text)) == bool(text.strip())


def test_importing_the_package_is_light() -> None:
    """The parts that clean are imported with the cleaner that needs them, torch never."""
    program = (
        "import sys, overtone.text;"
        "heavy = {'ftfy', 'emoji', 'symspellpy', 'torch', 'transformers', 'sklearn', 'numpy'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules);"
        "overtone.text.load('tweet', {})('#goodmorningworld');"
        "heavy -= {'ftfy', 'emoji', 'symspellpy'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
