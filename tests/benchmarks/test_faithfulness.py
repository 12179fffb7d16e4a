"""The benchmark of explanations leaves out the words that it says, and prints no text."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import overtone
from overtone.insight.alignment import align

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
TEXT = "so happy today , we won the whole match again"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("explain")


@pytest.fixture(scope="module")
def model(tfidf: Path) -> overtone.Predictor:
    return overtone.load(tfidf)


def test_curves_are_what_the_model_says_of_the_texts_in_question(
    bench: ModuleType, model: overtone.Predictor
) -> None:
    aligned = align(TEXT, model.clean)
    assert len(aligned.units) == 10
    order = np.array([[1, 0, 2, 3, 4, 5, 6, 7, 8, 9]])
    losses = bench.Losses(model, aligned)
    losses.want(order)
    losses.compute()
    found = losses.of(order, [4])
    assert found.shape == (2, len(bench.SHARES))
    texts = [TEXT, TEXT.replace("happy", ""), "happy", TEXT.replace("so happy", ""), "so happy"]
    whole, *others = model.probabilities(texts)[:, 4]
    # Without the first, with the first alone; the same with the first two.
    expected = [[whole - others[0], whole - others[2]], [whole - others[1], whole - others[3]]]
    np.testing.assert_allclose(found[:, :2], expected, atol=1e-6)


def test_figures_are_printed_and_no_text(
    bench: ModuleType, model: overtone.Predictor, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = bench.choose(model, [TEXT, "x", "What a lovely surprise, thank you!"], 5)
    assert 1 <= len(chosen) <= 2
    curves, seconds = bench.measure(model, chosen, ["leave_one_out"])
    bench.show({name: np.array(found) for name, found in curves.items()}, seconds)
    out = capsys.readouterr().out
    assert "| random |" in out
    assert "| leave_one_out |" in out
    assert "happy" not in out
    assert "lovely" not in out
