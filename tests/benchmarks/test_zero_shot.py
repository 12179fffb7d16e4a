"""The benchmark of unseen labels: nothing held out is trained on, and its scores are right."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from overtone.data import Split, jigsaw, label_words, semeval2018
from overtone.labels import Labels

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def splits(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("_zero_splits")


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("_zero_scores")


def emotions(splits: ModuleType) -> Labels:
    """Return GoEmotions' 28 labels, those of the groups that no other dataset has."""
    others = {"anticipation", "trust", "pessimism", *jigsaw.NAMES}
    return Labels.of(*(name for group in splits.GROUPS for name in group if name not in others))


def test_every_label_is_held_out_once_with_its_whole_group(splits: ModuleType) -> None:
    labels = emotions(splits)
    assert len(labels) == 28
    held = splits.held_out(labels)
    assert held == splits.held_out(labels), "seeded"
    assert [len(set(part) & set(labels.names)) for part in held] == [7, 7, 7, 7]
    assert sorted(name for part in held for name in part if name in labels.names) == sorted(
        labels.names
    )
    for group in splits.GROUPS[:-1]:
        assert sum(bool(set(group) & set(part)) for part in held) == 1
    grouped = [name for group in splits.GROUPS for name in group]
    assert len(grouped) == len(set(grouped))
    assert {*labels.names, *semeval2018.NAMES, *jigsaw.NAMES} == set(grouped)
    assert label_words.words().keys() == set(grouped)


def test_a_split_loses_labels_and_keeps_its_texts(splits: ModuleType) -> None:
    labels = Labels(("joy", "anger", "fear"), ("alegría", "ira", "miedo"), "es")
    targets = np.eye(3, dtype=np.float32)
    found = splits.without(
        Split("x", "train", ("1", "2", "3"), ("a", "b", "c"), labels, targets), ["anger"]
    )
    assert found.labels == Labels(("joy", "fear"), ("alegría", "miedo"), "es")
    assert found.targets.tolist() == [[1, 0], [0, 0], [0, 1]]
    assert len(found) == 3


def test_no_trained_word_is_like_a_held_out_one_but_for_plain_words(splits: ModuleType) -> None:
    names = [name for group in splits.GROUPS for name in group]
    # Words of no meaning here, and beginnings of words that only look alike: confused and
    # confidence, disapproval and disappointment, discovery, relief and reliance, sorry and sorrow.
    plain = {"bein", "feel", "some", "want", "self"} | {"conf", "disa", "disc", "reli", "sorr"}
    for held in splits.held_out(emotions(splits)):
        pairs = splits.alike(set(names) - set(held), held)
        assert {one[:4] for one, _ in pairs} <= plain
    assert splits.alike(["joy"], ["grief"]) == []
    assert ("happiness", "happy") in splits.alike(["joy"], ["joy"])


def test_ranks_are_those_of_scikit_learn_drawn_texts_too(scores: ModuleType) -> None:
    rng = np.random.default_rng(0)
    found = rng.random((60, 3))
    truth = rng.random((60, 3)) < 0.3
    draws = rng.multinomial(60, np.full(60, 1 / 60), size=45)
    whole, drawn = scores.ranked(found, truth), scores.ranked(found, truth, draws)
    assert whole.shape == (2, 1, 3)
    assert drawn.shape == (2, 45, 3)
    for place, metric in enumerate((average_precision_score, roc_auc_score)):
        for label in range(3):
            expected = metric(truth[:, label], found[:, label])
            assert whole[place, 0, label] == pytest.approx(expected)
            for draw in (0, 44):
                expected = metric(truth[:, label], found[:, label], sample_weight=draws[draw])
                assert drawn[place, draw, label] == pytest.approx(expected)


def test_the_threshold_is_the_best_of_those_tried(scores: ModuleType) -> None:
    rng = np.random.default_rng(1)
    truth = rng.random((500, 2)) < 0.2
    found = truth * 0.4 + rng.random((500, 2))
    best = scores.best_threshold(found, truth)
    reached = f1_score(truth, found > best, average="macro")
    assert reached == pytest.approx(scores.f1(found > best, truth).mean())
    for other in (0.3, 0.5, 0.9, 1.1):
        assert reached >= f1_score(truth, found > other, average="macro") - 0.005


def test_similarity_is_of_words_and_texts(scores: ModuleType) -> None:
    similarity = scores.Similarity()
    texts = similarity.embed(["Thank you so much!", "thank you so much! " * 60])
    assert np.linalg.norm(texts, axis=1) == pytest.approx([1, 1])
    cosine = similarity.to(texts, ["gratitude", "identity_hate"], "I feel {}.")
    assert (cosine[:, 0] > cosine[:, 1]).all()
