"""An explanation as one HTML page that needs nothing else, and looks like the study's report."""

from __future__ import annotations

from html import escape
from pathlib import Path

from overtone import atomic
from overtone.insight.explain import Explanation

SHOWN = 0.1
"""Of the strongest push: words that push less have no number above them."""
SHORT = 24
"""Characters of a word that fits into any line."""
DEEPEST = 45
"""Per cent of colour behind the word that pushes most; ink stays readable on it."""

STYLE = """
:root { --page: #ffffff; --ink: #1c1f24; --soft: #5a6270; --line: #d9dde3; --card: #f6f7f9;
  --for: #2f7de1; --against: #d9720a; }
@media screen and (prefers-color-scheme: dark) {
  :root { --page: #14171b; --ink: #e6e8eb; --soft: #a3abb6; --line: #353b44; --card: #1c2026;
    --for: #4d97ee; --against: #c9741f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 3rem) 4rem; max-width: 60rem;
  background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0.5rem 0; }
h2 { font-size: 1.15rem; margin: 0; }
small, .soft { color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 0.6rem;
  padding: 0.9rem 1.1rem; margin: 1rem 0; break-inside: avoid; }
.text { font-size: 1.2rem; line-height: 2.3; margin: 0.4rem 0 0; overflow-wrap: anywhere;
  white-space: pre-wrap; }
.for, .against { padding: 0.1rem 0.15rem; border-radius: 0.25rem; print-color-adjust: exact; }
.for { background: color-mix(in srgb, var(--for) var(--much), transparent);
  border-bottom: 2px solid var(--for); }
.against { background: color-mix(in srgb, var(--against) var(--much), transparent);
  border-bottom: 2px dashed var(--against); }
.short { white-space: nowrap; }
rt { font-size: 0.75rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
"""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Why these emotions</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>Why these emotions</h1>
<p>{lead}</p>
<p><span class="for" style="--much: 30%">Solid lines</span> push for the emotion,
<span class="against" style="--much: 30%">dashed ones</span> against it. {numbers}</p>
</header>
<main>
{cards}
</main>
<footer class="soft">
<dl class="facts"><dt>Model</dt><dd>{model}</dd><dt>Method</dt><dd>{method}</dd></dl>
<p>Made with overtone.</p></footer>
</body>
</html>
"""


def write(explanation: Explanation, model: str, path: Path) -> None:
    """Write the page.

    Args:
        explanation: what it shows.
        model: what the page calls the model.
        path: the file.

    """
    atomic.write_text(path, render(explanation, model))


def render(explanation: Explanation, model: str) -> str:
    """Return the page; arguments as for `write`."""
    on = ", ".join(explanation.prediction.labels)
    return PAGE.format(
        style=STYLE,
        lead=escape(f"In this text: {on}." if on else "None of the emotions is on in this text."),
        numbers=(
            "Numbers are shares of the attention; what they say has no sign."
            if explanation.method == "attention"
            else "Numbers are what a word adds to the emotion's logit, or takes from it."
        ),
        cards="\n".join(_card(explanation, label) for label in explanation.labels)
        or f'<p class="card text" dir="auto">{escape(explanation.text)}</p>',
        model=escape(model),
        method=escape(explanation.method),
    )


def _card(explanation: Explanation, label: str) -> str:
    prediction = explanation.prediction
    state = "on" if label in prediction.labels else "off"
    return (
        f'<section class="card"><h2><bdi>{escape(label)}</bdi> '
        f"<small>{prediction.probabilities[label]:.2f}, {state}</small></h2>\n"
        f'<p class="text" dir="auto">{_coloured(explanation, label)}</p></section>'
    )


def _coloured(explanation: Explanation, label: str) -> str:
    """Return the text, its words marked by what they push."""
    text, place, parts = explanation.text, 0, []
    most = max((abs(word.push[label]) for word in explanation.words), default=0.0) or 1.0
    for word in explanation.words:
        push = word.push[label]
        parts.append(escape(text[place : word.start]))
        place = word.end
        shown = escape(word.text)
        if abs(push) >= SHOWN * most:
            much = round(DEEPEST * abs(push) / most)
            side = "for" if push > 0 else "against"
            # A line may end within a word that is longer than the line, and in no other.
            side += " short" if len(word.text) <= SHORT else ""
            shown = (
                f'<ruby class="{side}" style="--much: {much}%">{shown}<rt>{push:+.2f}</rt></ruby>'
            )
        parts.append(shown)
    return "".join(parts) + escape(text[place:])
