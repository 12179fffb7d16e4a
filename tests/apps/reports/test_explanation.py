"""The page of an explanation: what pushes is marked, and all of it is escaped."""

from __future__ import annotations

import re
from pathlib import Path

from overtone.apps.reports import explanation
from overtone.inference.predictor import Prediction
from overtone.insight.explain import Explanation, Word


def made(label: str = "joy", method: str = "leave_one_out") -> Explanation:
    words = (
        Word("<b>bus</b>", 0, 10, {label: -2.0}),
        Word("ok", 11, 13, {label: 0.05}),
        Word("&co", 14, 17, {label: 4.0}),
    )
    prediction = Prediction((label,), {label: 0.9})
    return Explanation("<b>bus</b> ok &co", method, prediction, (label,), words)


def written(found: Explanation, folder: Path, model: str = "m") -> str:
    explanation.write(found, model, folder / "e.html")
    return (folder / "e.html").read_text(encoding="utf-8")


def test_the_page_says_what_pushes_and_escapes_all_of_it(tmp_path: Path) -> None:
    found = written(made("<i>joy</i>"), tmp_path, "runs/<script>")
    assert "<b>" not in found
    assert "<i>" not in found
    assert "<script" not in found
    assert (
        '<ruby class="against short" style="--much: 22%">&lt;b&gt;bus&lt;/b&gt;<rt>-2.00</rt>'
        in found
    )
    assert '<ruby class="for short" style="--much: 45%">&amp;co<rt>+4.00</rt>' in found
    assert "</ruby> ok <ruby" in found  # too weak for a number
    assert "shares of the attention" in written(made(method="attention"), tmp_path)


def test_the_page_needs_nothing_else(tmp_path: Path) -> None:
    found = written(made(), tmp_path)
    assert not re.search(r"https?://|src=|url\(|@import", found)
    assert "default-src 'none'" in found


def test_the_page_of_a_text_without_emotions_has_the_text(tmp_path: Path) -> None:
    nothing = Explanation("plain <text>", "leave_one_out", Prediction((), {"joy": 0.1}), (), ())
    found = written(nothing, tmp_path)
    assert "None of the emotions is on" in found
    assert "plain &lt;text&gt;" in found


def test_half_a_surrogate_pair_is_written_as_a_question_mark(tmp_path: Path) -> None:
    half = Explanation("a \ud83d b", "leave_one_out", Prediction((), {"joy": 0.1}), (), ())
    assert "a ? b" in written(half, tmp_path)


def test_small_pushes_have_as_many_digits_as_they_need(tmp_path: Path) -> None:
    words = (Word("ok", 0, 2, {"joy": 0.0123}), Word("so", 3, 5, {"joy": -0.0042}))
    prediction = Prediction(("joy",), {"joy": 0.9})
    found = written(Explanation("ok so", "leave_one_out", prediction, ("joy",), words), tmp_path)
    assert "<rt>+0.012</rt>" in found
    assert "<rt>-0.004</rt>" in found
