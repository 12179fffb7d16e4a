"""Few examples are drawn as said, results are made once, and the table says what was not run."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from overtone.data import Split
from overtone.errors import InputError
from overtone.labels import Labels

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
LABELS = Labels.of("anger", "joy", "trust")


@pytest.fixture
def few_shot(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return _import("few_shot", monkeypatch)


@pytest.fixture
def few_draw(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return _import("_few_draw", monkeypatch)


@pytest.fixture
def systems(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return _import("_few_systems", monkeypatch)


def _import(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import a benchmark's module, as a script beside it does."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module(name)


def targets(rows: int = 400) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    shares = np.array([0.5, 0.3, 0.1])
    return (np.random.default_rng(7).random((rows, len(shares))) < shares).astype(np.float32)


def split(name: str, rows: int) -> Split:
    texts = tuple(f"i am so {('happy', 'cold')[row % 2]} today" for row in range(rows))
    ids = tuple(map(str, range(rows)))
    return Split("made", name, ids, texts, LABELS, targets(rows))


def test_every_label_has_its_examples(few_draw: ModuleType) -> None:
    found = few_draw.draw(targets(), 8, 0)
    counts = targets()[found].sum(axis=0)
    assert (counts >= 8).all()
    assert len(found) == len(set(found.tolist())) < 3 * 8
    assert (targets()[found].sum(axis=1) > 0).all()
    assert (np.diff(found) > 0).all()


def test_a_draw_is_its_seeds_and_counts(few_draw: ModuleType) -> None:
    first, again, other = (few_draw.draw(targets(), 8, seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_label_with_fewer_texts_is_refused(few_draw: ModuleType) -> None:
    fewest = int(targets().sum(axis=0).min())
    with pytest.raises(InputError, match=f"at least {fewest + 1} texts a label, found {fewest}"):
        few_draw.draw(targets(), fewest + 1, 0)


def test_what_a_recipe_is_chosen_by_was_not_drawn_in_any_spelling(few_draw: ModuleType) -> None:
    whole = split("train", 6)
    assert few_draw.others(whole, np.array([0]), 10, 0).tolist() == [1, 3, 5]


def test_setfits_steps_are_those_of_all_its_pairs(systems: ModuleType) -> None:
    # Six pairs: three texts with themselves, and one that shares joy; two share nothing.
    made = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32)
    assert systems.setfit_steps(made) == 1
    assert systems.setfit_steps(np.tile(made, (8, 1))) == 22  # 172 alike of 300: 344 in all


def test_a_tiny_model_learns_from_a_few(systems: ModuleType, bert: Path) -> None:
    settings = ["training.epochs=1", "training.metric='loss'"]
    made = systems.recipe("best/few", None, None, [f"model.encoder='{bert}'", *settings], 0)
    learned = systems.overtone(made, split("train", 8), split("others", 5))
    assert learned.probabilities.shape == (5, 3)
    assert learned.seconds > 0
    assert systems.untrained(made, split("others", 5)).probabilities.shape == (5, 3)


def test_the_linear_head_has_the_encoders_options(systems: ModuleType) -> None:
    span = systems.recipe("best/few", None, None, [], 0)
    head = systems.cls_head("best/few", [], 0)
    assert head.model.name == "cls_head"
    assert head.loss.name == "bce"
    assert span.model.options.items() <= head.model.options.items()
    assert head.training == span.training


def test_a_result_is_made_once_and_another_way_is_refused(
    few_shot: ModuleType, systems: ModuleType, tmp_path: Path
) -> None:
    calls = []

    def learn() -> object:
        calls.append(1)
        return systems.Learned(np.full((5, 3), 0.4, dtype=np.float32), 1.0)

    facts = {"system": "tfidf", "k": 8, "draw": 0, "texts": 20, "way": {"a": 1}}
    first = few_shot._kept(tmp_path, facts, split("dev", 5), learn)
    assert few_shot._kept(tmp_path, facts, split("dev", 5), learn) == first
    assert len(calls) == 1
    assert few_shot.done(tmp_path) == [first]
    assert first["scores"]["threshold"]["f1_micro"] == 0
    assert first["scores"]["at_least"]["f1_micro"] > 0
    with pytest.raises(InputError, match="name another --output"):
        few_shot._kept(tmp_path, {**facts, "way": {"a": 2}}, split("dev", 5), learn)


def test_the_table_has_means_and_says_what_was_not_run(few_shot: ModuleType) -> None:
    def result(draw: int, value: float) -> dict[str, object]:
        scores = dict.fromkeys(few_shot.SCORES, value)
        both = dict.fromkeys(few_shot.DECISIONS, scores)
        facts = {"system": "tfidf", "k": 8, "draw": draw, "texts": 40}
        return {**facts, "seconds": 2.0, "scores": both}

    missing = {"system": "setfit", "k": 8, "draw": 0, "texts": 40, "not_run": "no --setfit-python"}
    lines = few_shot.table([result(0, 0.2), result(1, 0.4), missing]).splitlines()
    assert lines[2] == f"| 8 | tfidf | 40 | 2 {'| .300 ± .141 ' * 6}| 2 |"
    assert lines[3].startswith("| 8 | setfit | 40 | 0 | NOT RUN: no --setfit-python |")
    assert len({line.count("|") for line in lines}) == 1
