r"""Emoticons written as words: ":-)" is a smiling face. The words are those that emoji have.

Which ones: the Western and Eastern emoticons with more than a handful of uses in tweets; see
https://en.wikipedia.org/wiki/List_of_emoticons. A letter may not follow one, so ":pm" stays.
"""

import re

# Every pattern begins with a character that is rare in text, or is tried only where that occurs.
_FACES = {
    r">[:=]-?\(++": "angry face",
    r"[:=]'-?\(++": "crying face",
    r"[:=]'-?\)++": "face with tears of joy",
    r"[:=][-^o]?(?:\)++|\]++)|(?<!\()\(++-?[:=](?![\w()])": "smiling face",
    r"[:;=][-^]?D++(?!\w)": "grinning face",
    r";[-^]?\)++": "winking face",
    r"[:;=][-^]?[pP]++(?!\w)": "face with tongue",
    r"[:=][-^o]?(?:\(++|\[++)": "sad face",
    r"[:=]-?[/\\](?![/\\\w])": "confused face",
    r"[:=]-?[oO](?!\w)": "surprised face",
    r"[:=]-?\|": "neutral face",
    r"[:=]-?\*++": "kissing face",
    r"<3++(?!\d)": "red heart",
    r"</3++(?!\d)": "broken heart",
}
_FACES_WITH_UNDERSCORE = {
    r"(?<![-\w])-_++-(?![-\w])": "expressionless face",
    r"\^_++\^": "smiling face",
    r"(?<!\w)(?:T_+T|;_++;)(?!\w)": "crying face",
    r"(?<!\w)(?:o_+O|O_+o|o_+o|O_+O)(?!\w)": "surprised face",
    r"¯\\?_\(ツ\)_/¯": "person shrugging",
}
_LAUGHING = re.compile(r"(?<!\w)[xX]D++(?!\w)")


def _compiled(faces: dict[str, str]) -> tuple[re.Pattern[str], list[str]]:
    return re.compile("|".join(f"({pattern})" for pattern in faces)), list(faces.values())


_COMMON, _COMMON_WORDS = _compiled(_FACES)
_UNDERSCORED, _UNDERSCORED_WORDS = _compiled(_FACES_WITH_UNDERSCORE)
_EYES = re.compile("[:;=<]")


def emoticons_to_words(text: str) -> str:
    """Write every emoticon as words, with spaces around them."""
    if _EYES.search(text):
        text = _COMMON.sub(lambda match: f" {_COMMON_WORDS[(match.lastindex or 1) - 1]} ", text)
    if "_" in text:
        text = _UNDERSCORED.sub(
            lambda match: f" {_UNDERSCORED_WORDS[(match.lastindex or 1) - 1]} ", text
        )
    if "xD" in text or "XD" in text:
        text = _LAUGHING.sub(" grinning face ", text)
    return text
