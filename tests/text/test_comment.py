"""Talk-page comments: the words stay, the markup and the signatures go."""

from __future__ import annotations

import pytest

from overtone import text
from overtone.text import comment

clean = comment.cleaner(comment.Config())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("== Your edit ==\nThis is '''not''' ''funny''.", "Your edit This is not funny."),
        ("first == Your edit == second", "first Your edit second"),
        ("==Uses==\n===More===\nrest ==", "Uses More rest"),
        ("a == b, x = y, 8===D", "a == b, x = y, 8===D"),
        (
            ":: indented\n* a bullet\n*: both\n# first\n----\nrest",
            "indented a bullet both first rest",
        ),
        (":) hello\n;) you\n*sigh* no\n#1 fan\n:me", ":) hello ;) you *sigh* no #1 fan me"),
        ("see [[Help:Editing|the help]] and [[Main Page]]!", "see the help and Main Page!"),
        ("a half [[link and [[another|one", "a half link and another one"),
        ("not a link[1], sic [sic]", "not a link[1], sic [sic]"),
        ("[[File:cat.jpg|thumb|200px|a [[big]] cat]] here", "a big cat here"),
        ("read [http://a.example/b this page] now", "read this page now"),
        ("read [http://a.example/b] now", "read website now"),
        ("{{unblock|reason=I am no vandal}} please", "unblock reason=I am no vandal please"),
        ("{{{{a}} b", "a b"),
        ("<b>bold</b> words<!-- hidden --> stay <ref name=x>cited</ref>", "bold words stay cited"),
        ("end<br />it<br>now <small>you</small>", "end it now you"),
        ("&lt;nowiki&gt;as it is&lt;/nowiki&gt; &amp;amp;", "as it is &amp;"),
        ("2 < 3 and 5 > 4, <you fool>", "2 < 3 and 5 > 4, <you fool>"),
        ('{| class="a" style="b: c"\n|-\n! Head\n| width=40% | cell || more\n|}', "Head cell more"),
        ("__TOC__ top", "top"),
        ("caf\u00c3\u00a9 \ufb01ne", "caf\u00e9 fine"),
        ("one\\ntwo\r\nthree", "one two three"),
    ],
)
def test_markup_goes_and_its_words_stay(given: str, expected: str) -> None:
    """Also where only half of it is there; what only looks like it stays."""
    assert clean(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('"He said ""no"".\n"', 'He said "no".'),  # as in Jigsaw's files
        ('He said ""no"".', 'He said "no".'),
        ('"No," he said, "never"', '"No," he said, "never"'),
        ('"', '"'),
        ('"Never"', "Never"),
    ],
)
def test_quotes_that_were_doubled_are_single(given: str, expected: str) -> None:
    """A comment that was quoted as a whole is not any more."""
    assert clean(given) == expected


@pytest.mark.parametrize(
    "signature",
    [
        "(talk)",
        "\u2014 (talk \u2022 contribs)",
        "(talk|contribs)",
        "(Talk \u00b7 email)",
        "(t\u2022c)",
        "{{ |talk |edits}}",
        "| Talk",
        "\u2022 talk \u2022",
        "~~~~",
        "(~~~~)",
        "12:34, 5 May 2008 (UTC)",
        "12:34, May 5, 2008 (UTC)",
        "12:34, 5 May 2008",
        "July 7, 2005 18:50 (UTC)",
        "May 29, 01:07, 2004 (UTC)",
        "\u2014 [[User:Some B|Some B]] ([[User talk:Some B|talk]]) 12:34, 5 May 2008 (UTC)",
        "'''[[User:A|A]]''' <small>([[User talk:A|talk]])</small>",
        "\u2014\u00a0Preceding unsigned comment added by 192.0.2.1 (talk) 12:34, 5 May 2008 (UTC)",
        "\u2014The preceding unsigned comment was added by Some Body (talk \u2022 contribs) .",
        "\u2014Preceding unsigned comment added by Somebody",
        "{{unsigned|192.0.2.1}}",
        "(talk) 12:34, 5",  # Jigsaw's comments end within dates
    ],
)
def test_signatures_go(signature: str) -> None:
    """Every form of them, at the end of a line and of the comment."""
    assert clean(f"Stop that. {signature}") == "Stop that."
    assert clean(f"Stop that. {signature}\n") == "Stop that."
    unsigned = comment.cleaner(comment.Config(signatures=False))
    assert unsigned(f"Stop that. {signature}") != "Stop that."


@pytest.mark.parametrize(
    "given",
    [
        "we talk (and talk) at 12:30, on 5 May, or in May 2008",
        "an unsigned comment is no crime",
        "talk to me",
        "(talking) (t) (c) ~ ~~",
    ],
)
def test_what_is_no_signature_stays(given: str) -> None:
    """Prose that talks of talking, or of time."""
    assert clean(given) == given


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("from 192.0.2.17.", "from user ."),
        ("you fool.192.0.2.17", "you fool. user"),
        ("from 2001:db8::ff00:42:8329!", "from user !"),
        ("from 2001:0DB8:0:0:0:0:0:1", "from user"),
        ("at 12:34:56 version 1.2.3.4.5 or 1.2.3", "at 12:34:56 version 1.2.3.4.5 or 1.2.3"),
        ("300.1.1.1 is none", "300.1.1.1 is none"),
        ("cafe::bad std::string 2008:30:1", "cafe::bad std::string 2008:30:1"),
        ("ask User:Some_body or User talk:Other", "ask user or user"),
        ("User:192.0.2.17: no", "user : no"),
        ("dear user: stop", "dear user: stop"),
        ("write to a.b@c.example or https://d.example/e!", "write to email or website !"),
    ],
)
def test_addresses_become_placeholders(given: str, expected: str) -> None:
    """What looks like an address, and is none, stays."""
    assert clean(given) == expected
    assert text.load("comment", {"placeholders": False})(given) == given


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("[[User:Some Body]]", "user"),
        ("[[User:Some Body|body]]", "user"),
        ("[[User:Some Body|you fool]]", "user you fool"),
        ("[[User talk:Some Body|you fool]]", "user you fool"),
        ("[[Special:Contributions/192.0.2.1|192.0.2.1]]", "user"),
    ],
)
def test_links_to_users_are_users(link: str, expected: str) -> None:
    """What such a link shows stays, unless it is the user's name."""
    assert clean(f"I saw {link} there") == f"I saw {expected} there"


def test_each_step_can_be_left_out() -> None:
    """Without its step, a comment stays as it is."""
    marked = "'''a''' [[b|c]] {{d}}"
    assert text.load("comment", {"markup": False})(marked) == marked
    assert clean(marked) == "a c d"
    assert clean("STOP It") == "STOP It"
    assert text.load("comment", {"lower": True})("STOP It") == "stop it"


@pytest.mark.parametrize(
    "given", ["~~~~", "(talk)", "'''", "----", "12:34, 5 May 2008 (UTC)", "== ==", "{{}}"]
)
def test_a_comment_of_nothing_else_stays(given: str) -> None:
    """It is never dropped."""
    assert clean(given) == given


@pytest.mark.parametrize(
    "given",
    [
        "== You ==\n:: '''Stop''' that, [[fool|you]]! [[User:A|A]] (talk) 12:34, 5 May 2008 (UTC)",
        "see https://a.example/b and 192.0.2.1, {{helpme}} <b>now</b>",
    ],
)
def test_a_clean_comment_stays(given: str) -> None:
    """Cleaning twice is cleaning once."""
    assert clean(clean(given)) == clean(given)


# A step in quadratic time would take minutes or days for these, so it would show as a hang.
HOSTILE = {
    "links": ("", "[["),
    "links with a bar": ("", "[[a|"),
    "files": ("", "[[File:"),
    "file's options": ("[[File:a", "|thumb"),
    "external links": ("", "[http://a "),
    "quotes": ("", "'"),
    "doubled quotes": ("", '"'),
    "equals signs": ("x", "="),
    "headings": ("", "== "),
    "headings, open": ("", "==a"),
    "headings, paired": ("", "== a "),
    "templates, nested": ("{{" * 100_000, "}}"),
    "templates, open": ("", "{"),
    "unsigned": ("", "{{unsigned "),
    "unsigned comments": ("", "unsigned comment by a b c "),
    "tags": ("", "<b a="),
    "hidden notes": ("", "<!--"),
    "indents": ("", ":"),
    "bullets": ("", "\n*a "),
    "tildes": ("", "~"),
    "users": ("", "User talk:"),
    "addresses": ("", "1.1.1."),
    "addresses, version 6": ("2001:", "0:"),
    "talk": ("", "(talk|"),
    "dashes": ("", "\u2014 "),
    "times": ("", "12:34, "),
    "dates": ("", "12:34, 5 May 2008 ("),
    "rows": ("", "\n|-"),
    "attributes": ("", '|style="'),
    "underscores": ("", "__NOTOC"),
    "entities": ("", "&lt;"),
}


@pytest.mark.parametrize("shape", HOSTILE)
def test_a_hostile_megabyte_of_markup_is_cleaned(shape: str) -> None:
    """Whatever the marks, and however deep."""
    head, body = HOSTILE[shape]
    assert clean(head + body * (1_000_000 // len(body)))
