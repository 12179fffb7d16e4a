"""From a text to its explanation, in Python."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import overtone
from overtone.errors import InputError
from overtone.inference.predictor import Predictor
from overtone.insight.attribution import BEST
from overtone.insight.explain import explain

TEXT = "So happy today 😍 the <b>bus</b> is late"


def test_what_is_on_is_explained(bag: Predictor) -> None:
    text = "What a lovely surprise, thank you!"
    found = overtone.explain(bag, text)
    [prediction] = bag.predict([text])
    assert found.prediction == prediction
    assert found.labels == prediction.labels
    assert len(found.labels) >= 2
    for word in found.words:
        assert text[word.start : word.end] == word.text
        assert tuple(word.push) == found.labels
    strongest = max(found.words, key=lambda word: word.push["joy"])
    without = f"{text[: strongest.start]} {text[strongest.end :]}"
    assert bag.predict([without])[0].probabilities["joy"] < prediction.probabilities["joy"]


def test_what_is_asked_for_is_explained_once(spanemo: Predictor) -> None:
    found = explain(spanemo, TEXT, labels=["fear", "joy", "fear"])
    assert found.labels == ("fear", "joy")
    assert all(tuple(word.push) == ("fear", "joy") for word in found.words)
    assert found.method == BEST[0]


def test_a_model_s_folder_will_do(run: Path) -> None:
    found = explain(run, TEXT, labels=["joy"], method="leave_one_out")
    assert [word.text for word in found.words][:4] == ["So", "happy", "today", "😍"]


def test_an_export_explains_as_the_model_that_it_was_made_from(
    spanemo: Predictor, exported: Predictor
) -> None:
    mine, theirs = (
        explain(predictor, TEXT, labels=["joy"], method="leave_one_out")
        for predictor in (spanemo, exported)
    )
    for one, other in zip(mine.words, theirs.words, strict=True):
        assert replace(one, push={}) == replace(other, push={})
        assert one.push == pytest.approx(other.push, abs=1e-3)


@pytest.mark.parametrize("text", ["", "  ", "\x00", "😍", "one"])
@pytest.mark.parametrize("method", BEST)
def test_the_shortest_texts_have_explanations(spanemo: Predictor, text: str, method: str) -> None:
    found = explain(spanemo, text, labels=["joy"], method=method)
    assert len(found.words) == (text.strip("\x00 ") != "")


WITHOUT_TORCH = """
import importlib.abc
import sys

NAMES = ("torch", "transformers", "overtone.models")


class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if any(name == blocked or name.startswith(blocked + ".") for blocked in NAMES):
            raise ImportError(name + " is blocked")
        return None


sys.meta_path.insert(0, Block())
from overtone.apps import cli

cli.run()
"""


def test_an_export_is_explained_where_torch_is_blocked(exported: Predictor, tmp_path: Path) -> None:
    command = ["explain", str(exported.bundle.path), TEXT, "--label", "joy", "--json", "-"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *command, "--html", str(tmp_path / "e.html")],
        capture_output=True, encoding="utf-8", timeout=600, check=True,
    )  # fmt: skip
    content = json.loads(done.stdout)
    assert content["method"] == "leave_one_out"
    assert content["words"][3]["text"] == "😍"
    assert (tmp_path / "e.html").is_file()


def test_words_beyond_the_model_s_input_push_nothing(spanemo: Predictor) -> None:
    text = "happy " * 300 + "end"
    found = explain(spanemo, text, labels=["joy"], method="integrated_gradients")
    assert found.words[-1].text == "end"
    assert found.words[-1].push["joy"] == 0
    assert found.words[0].push["joy"] != 0


def test_a_label_that_the_model_lacks_is_named_with_those_it_has(spanemo: Predictor) -> None:
    with pytest.raises(InputError, match=r"found 'jay'; there are: anger, .*joy"):
        explain(spanemo, TEXT, labels=["jay"])
