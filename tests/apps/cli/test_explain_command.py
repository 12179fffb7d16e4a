"""`overtone explain`: what it shows, writes and refuses."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import overtone
from overtone.apps.cli.show_explanation import show_explanation
from overtone.inference.predictor import Prediction
from overtone.insight.explain import Explanation, Word

Cli = Callable[..., Any]

TEXT = "I am so happy today 😍"


def test_labels_that_are_asked_for_are_shown_with_their_words(cli: Cli, run: Path) -> None:
    found = cli("explain", run, TEXT, "--label", "joy", "--label", "fear")
    assert (found.code, found.err) == (0, "")
    lines = found.out.splitlines()
    assert [line.split()[0] for line in lines if line.endswith((", on", ", off"))] == [
        "joy",
        "fear",
    ]
    assert lines.count(f"  {TEXT}") == 2
    assert any(line.lstrip().startswith(("for ", "against ")) for line in lines)
    assert "\x1b" not in found.out


def test_json_has_offsets_and_pushes(cli: Cli, run: Path, tmp_path: Path) -> None:
    asked = ("explain", run, TEXT, "--label", "joy", "--method", "leave_one_out", "--json")
    found = cli(*asked, "-")
    assert (found.code, found.err) == (0, "")
    content = json.loads(found.out)
    assert list(content) == ["text", "method", "labels", "probabilities", "explained", "words"]
    assert content["explained"] == ["joy"]
    expected = overtone.explain(run, TEXT, labels=["joy"], method="leave_one_out")
    for one, word in zip(content["words"], expected.words, strict=True):
        assert TEXT[one["start"] : one["end"]] == one["text"] == word.text
        assert one["push"] == pytest.approx(word.push, abs=1e-5)
    assert cli(*asked, "why.json").out == ""
    assert json.loads((tmp_path / "why.json").read_text(encoding="utf-8")) == content


def test_a_page_is_written(cli: Cli, run: Path, tmp_path: Path) -> None:
    found = cli("explain", run, f"{TEXT} <script>", "--label", "joy", "--html", "why.html")
    assert (found.code, found.out, found.err) == (0, "", "wrote why.html\n")
    written = (tmp_path / "why.html").read_text(encoding="utf-8")
    assert "<script" not in written
    assert "<ruby" in written


def test_where_no_emotion_is_on_it_says_how_to_ask_for_one(cli: Cli, tfidf: Path) -> None:
    found = cli("explain", tfidf, "")
    assert (found.code, found.out) == (0, "")
    assert "note: no emotion is on; the likeliest is" in found.err
    assert "--label" in found.err


def test_a_label_is_named_as_a_shell_takes_it_and_moves_no_cursor(cli: Cli, tmp_path: Path) -> None:
    rows = [f"sun t{n},{int(n % 4 == 0)},{int(n % 3 == 0)}" for n in range(40)]
    header = "text,very \x1b[2Jsad,very \x1b[2Jglad"
    (tmp_path / "own.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    settings = ["decision.name=threshold", "decision.threshold=0.999"]
    found = overtone.train(
        str(tmp_path / "own.csv"), tmp_path / "run", model="tfidf", settings=settings
    )
    said = cli("explain", found.path, "zzz").err
    assert "--label 'very  [2J" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--label", "jay"], "there are: anger"),
        (["--method", "lime"], "leave_one_out"),
    ],
)
def test_what_can_t_be_done_is_one_error(
    cli: Cli, run: Path, options: list[str], said: str
) -> None:
    found = cli("explain", run, TEXT, *options)
    found.assert_failed(2)
    assert said in found.err


def shown(**console: Any) -> str:  # noqa: ANN401 - rich's options
    words = (Word("so", 0, 2, {"joy": 0.1}), Word("\x1b[1m", 3, 7, {"joy": -3.0}),
             Word("happy", 8, 13, {"joy": 4.0}))  # fmt: skip
    prediction = Prediction(("joy",), {"joy": 0.9})
    explanation = Explanation("so \x1b[1m happy", "leave_one_out", prediction, ("joy",), words)
    out = io.StringIO()
    show_explanation(explanation, Console(file=out, width=80, **console))
    return out.getvalue()


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[1;32mhappy" in shown(force_terminal=True, color_system="standard")
    assert "\x1b" not in shown()
    monkeypatch.setenv("NO_COLOR", "1")
    plain = shown(force_terminal=True)
    assert "\x1b[1;32m" not in plain
    assert "happy +4.00" in plain


def test_a_text_can_t_move_the_cursor_and_sides_are_named() -> None:
    found = shown()
    assert "  so  [1m happy" in found
    assert "for     happy +4.00" in found
    assert "against  [1m -3.00" in found
