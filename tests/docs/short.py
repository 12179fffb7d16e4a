"""What makes a page's code short: everything else of it stays as it is.

1. The encoder is a tiny BERT of six layers, in place of minilm and of names on the hub.
2. Training has one epoch, and no least number of steps.
3. A search has two trials.
"""

from __future__ import annotations

import ast
from pathlib import Path

TRAINING = ("train", "crossvalidate", "adapt", "tune", "compress")
"""Commands that train, and functions of the same names."""
SETTINGS = ("training.epochs=1", "training.least_steps=0")
TRIALS = "2"


def shortened(words: list[str], encoder: Path) -> list[str]:
    """Return the words of a command, made short.

    Args:
        words: those after `overtone`.
        encoder: the tiny BERT's folder.

    """
    if words[0] not in TRAINING or any("tfidf" in word for word in words):
        return words
    made = list(words)
    if "--trials" in made:
        made[made.index("--trials") + 1] = TRIALS
    if "--encoder" in made:
        place = made.index("--encoder") + 1
        if not Path(made[place]).is_dir():
            made[place] = str(encoder)
    elif words[0] != "compress" and "--init" not in made:  # those have one
        made += ["--encoder", str(encoder)]
    return made + [word for setting in SETTINGS for word in ("--set", setting)]


def shortened_python(text: str, encoder: Path) -> str:
    """Return Python code, made short."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in TRAINING:
            given: dict[str, object] = {"encoder": str(encoder), "settings": list(SETTINGS)}
            if any(each.arg == "trials" for each in node.keywords):
                given["trials"] = int(TRIALS)
            kept = [each for each in node.keywords if each.arg not in given]
            made = [ast.keyword(name, ast.parse(repr(value), mode="eval").body)
                    for name, value in given.items()]  # fmt: skip
            node.keywords = kept + made
    return ast.unparse(ast.fix_missing_locations(tree))


def _name(function: ast.expr) -> str:
    """Return the last part of what is called."""
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
