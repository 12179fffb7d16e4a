r"""Wiki markup taken off: the marks go, the words stay, also those in templates.

What the marks are: https://en.wikipedia.org/wiki/Help:Wikitext. It is not parsed, for comments have
it by halves, but every mark goes wherever it stands. No word is lost but what a page doesn't show:
the names of pictures, attributes of tables and tags, hidden notes, the targets of links.
"""

import re

# Every repeat is bounded or possessive behind what can't begin it, so the time is linear.
_LINK = re.compile(r"\[\[([^\[\]\n]{1,500}+)\]\]")
_FILE = re.compile(
    r"\[\[ ?:?(?:File|Image|Media) ?:[^\[\]|\n]{0,200}+"
    r"(?:\| ?(?:thumb(?:nail)?|frame(?:d|less)?|border|left|right|center|none|upright|\d*x?\d+ ?px)"
    r" ?(?=[|\]])){0,8}",
    re.IGNORECASE,
)
_EXTERNAL = re.compile(r"\[((?:https?:)?//[^\s\[\]]{1,2000}+)(?: ([^\[\]\n]{0,500}+))?\]")
_LINKS_TO_USERS = ("user:", "user talk:", "user_talk:", "special:contributions/")

# "a == b" is none.
_HEADING = re.compile(
    r"^[ \t]*+={2,}+|(?<!=)={2,}+(?=[ \t]*$)|(?<![^\s\"'])={2,}+(?=[^\s=])"
    r"|(?<=[^\s=])={2,}+(?![^\s\"'])|(?<!\S)(={2,6}) ([^=\n]{1,100}) \1(?!\S)",
    re.MULTILINE,
)
_EMOTICON = r"[:;]['^o-]?[()\[\]DPpOoSs3/\\|*](?!\w)"
_EMPHASIS = r"\*\w[\w ]{0,40}\*"
_BULLETS = re.compile(
    rf"^[ \t]*+(?!{_EMOTICON}|{_EMPHASIS}|#\w)(?:[:*#;]++(?=[\s\w\"'\[({{])|-{{4,}}+)", re.MULTILINE
)
_TAG = re.compile(
    r"</?(?:abbr|big|blockquote|br|center|cite|code|del|div|em|font|gallery|h[1-6r]|includeonly|ins"
    r"|li|math|noinclude|nowiki|ol|onlyinclude|poem|pre|references?|ref|small|source|span|strike"
    r"|strong|su[bp]|syntaxhighlight|table|t[dhrt]|ul|var|[bipqsu])"
    r"(?:\s[^<>=]{0,60}=[^<>]{0,300})?\s?/?>|<!--(?:[^<>]{0,1000}-->)?|-->",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"\b(?:style|width|height|border|cellpadding|cellspacing|bgcolor|v?align|(?:row|col)span|class"
    r"|scope|id|name) ?= ?(?:(\"{1,2})[^\"\n]{0,300}\1|\d{1,4}%?(?!\w))",
    re.IGNORECASE,
)
_ROW = re.compile(r"\{\||\|\}|^[ \t]*+\|[-+]|^[ \t]*+!|!!|(?<![:=;])\|", re.MULTILINE)
_MARKS = re.compile(
    r"'{2,}+|\{\{|\}\}|\[\[:?|\]\]"
    r"|__(?:NO|FORCE)?(?:TOC|EDITSECTION|INDEX|GALLERY|NEWSECTIONLINK|HIDDENCAT)__"
)


def with_plain_links(text: str) -> str:
    """Return a text with what links show; a link to a user becomes "User:Name", without spaces."""
    if "[" in text:
        text = _EXTERNAL.sub(lambda match: f" {match[2] or match[1]} ", text)
        # Twice, since the caption of a picture may have links.
        for _ in range(2):
            text = _LINK.sub(_shown, _FILE.sub("[[", text))
    return text


def without_marks(text: str) -> str:
    """Return a text without markup other than links; its lines must still be lines."""
    if "<" in text or "-->" in text:
        text = _TAG.sub(" ", text)
    if "=" in text:
        text = _HEADING.sub(lambda match: f" {match[2] or ''} ", text)
    text = _BULLETS.sub(" ", text)
    if "|" in text:
        text = _ROW.sub(" ", _ATTRIBUTE.sub(" ", text))
    return _MARKS.sub("", text)


def _shown(match: re.Match[str]) -> str:
    target, _, shown = match[1].partition("|")
    target = target.strip(" :")
    shown = shown.replace("|", " ")
    for prefix in _LINKS_TO_USERS:
        if target.lower().startswith(prefix):
            if re.search(r"\b(?:talk|contribs)\b", shown, re.IGNORECASE):
                return " (talk) "
            name = target[len(prefix) :].strip()
            same = shown.strip(" '").lower() in name.lower()
            return f" User:{name.replace(' ', '_')} {'' if same else shown} "
    return shown or target
