"""The tweet cleaner, a table for each thing it does."""

# ruff: noqa: RUF001 - texts in other scripts look ambiguous to it

import pytest

from overtone.text import tweet
from overtone.text._hashtags import LONGEST, segmented

clean = tweet.cleaner(tweet.Config())
clean_cased = tweet.cleaner(tweet.Config(lower=False))
annotate = tweet.cleaner(tweet.Config(annotate=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@Some_One hello", "user hello"),
        (".@someone's cat", ". user 's cat"),
        ("meet @ noon", "meet @ noon"),
        ("see https://t.co/aB3 now", "see website now"),
        ("see HTTP://EXAMPLE.ORG/?q=@me#top", "see website"),
        ("(www.example.org).", "( website )."),
        ("pic.twitter.com/xyz", "website"),
        ("the www is old", "the www is old"),
        ("jo.doe+x@mail.example.co.uk wrote", "email wrote"),
        ("call (555) 123-4567 or +44 20 7946 0018", "call phone or phone"),
        ("555-123-4567!", "phone !"),
        ("on 2018-10-12 at 10:30, 3-2, 1 000 000", "on 2018-10-12 at 10:30, 3-2, 1 000 000"),
    ],
)
def test_placeholders(text: str, expected: str) -> None:
    """Names, links, addresses and numbers become one word each; dates and scores stay."""
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#ThrowbackThursday", "Throwback Thursday"),
        ("#NBAFinals2019", "NBA Finals 2019"),
        ("#mondaymotivation", "monday motivation"),
        ("#BLACKCOFFEE", "BLACK COFFEE"),
        ("#iloveyoutoo", "i love you too"),
        ("#idontcare", "i do not care"),
        ("#covid19", "covid 19"),
        ("#good_morning", "good morning"),
        ("#NATO", "NATO"),
        ("#selfie", "selfie"),
        ("#sarcasmo", "sarcasmo"),  # not English
        ("#1 of #2nd", "#1 of 2nd"),
        ("so#tired", "so tired"),
        ("# alone", "# alone"),
        ("#كلمة_كلمة", "كلمة كلمة"),
        ("#مُدَرِّس", "مُدَرِّس"),
        ("#FelizDía", "Feliz Día"),
        ("#corazón", "corazón"),
        ("#日本語", "日本語"),
    ],
)
def test_hashtags(text: str, expected: str) -> None:
    """Words come from underscores, capitals and digits, then from the English dictionary."""
    assert clean_cased(text) == expected


def test_a_hashtag_too_long_for_words_stays() -> None:
    """Whatever is longer than any hashtag that means something is not segmented."""
    long = "goodmorning" * (LONGEST // len("goodmorning") + 1)
    assert clean(f"#{long}") == long


def test_segmentation_keeps_every_letter() -> None:
    """Spaces are all that is added, even to nonsense."""
    assert segmented("QzxvbnmKjhgfdsa").replace(" ", "") == "QzxvbnmKjhgfdsa"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\U0001f602", "face with tears of joy"),
        ("ok\U0001f44d\U0001f3fd!", "ok thumbs up !"),  # a skin tone
        ("\u2764\ufe0f \u2764", "red heart red heart"),  # with and without its selector
        ("\U0001f62d" * 9, "loudly crying face loudly crying face"),
        ("\U0001f937\U0001f3ff\u200d\u2640\ufe0f", "woman shrugging"),
        ("\U0001f3f3\ufe0f\u200d\U0001f308", "rainbow flag"),
        ("\U0001f602\u200d\U0001f525", "face with tears of joy fire"),  # no such emoji
        ("\U0001f1ea\U0001f1f8", "spain"),
        ("1\ufe0f\u20e3 \u203c\ufe0f \u00a9 \u2122", "1 !! \u00a9 \u2122"),
        (":) :-) =) :))))", "smiling face smiling face smiling face smiling face"),
        ("great:) (:", "great smiling face smiling face"),
        (":( :'( >:(", "sad face crying face angry face"),
        (";) :D XD", "winking face grinning face grinning face"),
        (":P :/ :o", "face with tongue confused face surprised face"),
        (":* <3 </3", "kissing face red heart broken heart"),
        ("-_- ^_^ T_T o_O", "expressionless face smiling face crying face surprised face"),
        ("¯\\_(ツ)_/¯", "person shrugging"),
        ("at 10:30 :pm (see: here) a<30", "at 10:30 :pm (see: here) a<30"),
    ],
)
def test_emoji_and_emoticons(text: str, expected: str) -> None:
    """Both become the same words, whatever the tone of the skin."""
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("soooo goooood", "soo good"),
        ("SOOOoooo", "soo"),
        ("zzz www WWII III", "zzz www wwii iii"),
        ("1000000 books", "1000000 books"),
        ("why!!!! what?????", "why!! what??"),
        ("?!?!?!", "?!"),
        ("well..... hm.. yes.", "well... hm... yes."),
        ("well\u2026\u2026", "well..."),
        ("----- ____ ~~~~", "-- __ ~~"),
        ("هههههه", "هه"),
    ],
)
def test_repeats(text: str, expected: str) -> None:
    """Emphasis stays visible, at a fixed length."""
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I can't, won't, shan't", "I can not, will not, shall not"),
        ("Don\u2019t DIDN'T", "Do not DID not"),
        ("i didnt", "i did not"),
        ("I'm sure they're what we've", "I am sure they are what we have"),
        ("Let's say she'll", "Let us say she will"),
        ("it's Jo's; I'd go", "it's Jo's; I'd go"),
        ("want an ant, patient", "want an ant, patient"),
        ("l'ami qu'il", "l'ami qu'il"),
    ],
)
def test_contractions(text: str, expected: str) -> None:
    """English ones with one meaning are written out; what is ambiguous, or French, stays."""
    assert clean_cased(text) == expected


@pytest.mark.parametrize(
    "text",
    ["¿qué pasó ayer, niña? ¡increíble!", "اللّه أكبر، مُش أحياناً", "یک می\u200cخواهم", "ไม่เป็นไร"],
)
def test_other_languages_pass_unharmed(text: str) -> None:
    """Diacritics, direction and punctuation stay."""
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@someone http://x.org", "<user> <url>"),
        ("a.b@c.de", "<email>"),
        ("#goodDay", "<hashtag> good day </hashtag>"),
        ("I AM SO happy, OK", "i <allcaps> am so </allcaps> happy, <allcaps> ok </allcaps>"),
        ("#NOWAYOUT", "<hashtag> no way out </hashtag>"),
        ("soooo good", "soo <elongated> good"),
        ("no!!!!", "no!! <repeated>"),
        ("a *very* bad", "a very <emphasis> bad"),
        ("what the f**k", "what the f**k <censored>"),
        ("2 * 3 * 4", "2 * 3 * 4"),
    ],
)
def test_annotations(text: str, expected: str) -> None:
    """The tags of ekphrasis, where they are asked for."""
    assert annotate(text) == expected


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("placeholders", "@someone http://x.org"),
        ("emoji", "\U0001f602 :)"),
        ("hashtags", "#goodday"),
        ("contractions", "can't"),
        ("repeats", "soooo!!!!"),
        ("lower", "Good"),
    ],
)
def test_each_step_can_be_left_out(option: str, text: str) -> None:
    """Without its step, a text stays as it is; with it, it doesn't."""
    assert tweet.cleaner(tweet.Config(**{option: False}))(text) == text
    assert clean(text) != text


def test_written_line_breaks_are_spaces() -> None:
    """SemEval's files have a backslash and an n where a tweet had a new line."""
    assert clean(r"first\nsecond\r\nthird") == "first second third"


@pytest.mark.parametrize(
    "text",
    [
        "@someone I can't WAIT!!! #ThrowbackThursday :))) \U0001f602\U0001f602\U0001f602 http://x.org",
        "Soooo... what?!?! call +44 20 7946 0018 &amp; ask #mondaymotivation <3",
        "¿Qué pasóóóó? #FelizDía \U0001f1ea\U0001f1f8",
    ],
)
def test_a_clean_tweet_stays(text: str) -> None:
    """Cleaning twice is cleaning once."""
    assert clean(clean(text)) == clean(text)
