"""TF-IDF: the saved numbers compute what scikit-learn's own pipeline computes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from tokenizers import Tokenizer

from overtone import inputs, models
from overtone.errors import InputError
from overtone.inputs.ngrams import terms
from overtone.labels import Labels
from overtone.models.tfidf import Tfidf

LABELS = Labels.of("joy", "anger")
TEXTS = [
    "so happy today", "so so happy", "late late again", "what a late bus", "happy bus", "again",
    "the sea , the sea !", "",
]  # fmt: skip
TARGETS = np.asarray(
    [[1, 0], [1, 0], [0, 1], [0, 1], [1, 1], [0, 1], [1, 0], [0, 0]], dtype=np.float32
)


def solved(
    targets: np.ndarray[tuple[int, ...], np.dtype[np.float32]], **options: object
) -> tuple[Tfidf, inputs.Inputs]:
    made = models.create("tfidf", {"min_texts": 1, **options}, LABELS, TEXTS)
    kind = inputs.load("ngrams", {}, Tokenizer.from_str(made.tokenizer), made.limit)
    assert isinstance(made.model, Tfidf)
    made.model.solve(kind.encode(TEXTS, LABELS), targets)
    return made.model, kind


@pytest.mark.parametrize("ngrams", [1, 2, 3])
@pytest.mark.parametrize("balance", [0.0, 1.0])
def test_it_is_scikit_learn_s_own_pipeline(ngrams: int, balance: float) -> None:
    model, kind = solved(TARGETS, ngrams=ngrams, balance=balance, inverse_regularisation=2.0)
    others = ["happy happy again", "nothing that is known", "the late sea !", ""]
    encoded = kind.encode([*TEXTS, *others], LABELS)
    found = models.logits_of(model, kind.collate(encoded, np.arange(len(encoded))))
    for label in range(2):
        pipeline = make_pipeline(
            TfidfVectorizer(analyzer=lambda text: terms(text, ngrams), sublinear_tf=True),
            LogisticRegression(
                C=2.0, class_weight="balanced" if balance else None, solver="liblinear",
                random_state=0, max_iter=1000,
            ),
        )  # fmt: skip
        if balance:
            # scikit-learn's "balanced" gives both sides weights that sum to n; ours leaves the
            # absent side at 1, so its C differs by the weight of that side.
            absent = int((TARGETS[:, label] == 0).sum())
            pipeline[-1].set_params(C=2.0 * 2 * absent / len(TEXTS))
        pipeline.fit(TEXTS, TARGETS[:, label])
        expected = pipeline.decision_function([*TEXTS, *others])
        np.testing.assert_allclose(found[:, label], expected, atol=2e-3)


def test_what_is_not_annotated_is_not_learnt_from() -> None:
    masked = TARGETS.copy()
    masked[[0, 4], 0] = np.nan
    flipped = TARGETS.copy()
    flipped[[0, 4], 0] = 1 - flipped[[0, 4], 0]
    batch_logits = []
    for targets in (masked, TARGETS, flipped):
        model, kind = solved(targets)
        encoded = kind.encode(TEXTS, LABELS)
        batch_logits.append(models.logits_of(model, kind.collate(encoded, np.arange(8))))
    without, whole, other = batch_logits
    assert not np.allclose(without[:, 0], whole[:, 0])
    assert not np.allclose(without[:, 0], other[:, 0])
    np.testing.assert_array_equal(without[:, 1], whole[:, 1])


@pytest.mark.parametrize(("value", "sign"), [(0.0, -1), (1.0, 1)])
def test_a_label_that_is_always_or_never_there_is_said_so(value: float, sign: int) -> None:
    targets = TARGETS.copy()
    targets[:, 1] = value
    model, kind = solved(targets)
    found = models.logits_of(model, kind.collate(kind.encode(TEXTS, LABELS), np.arange(8)))
    assert (np.sign(found[:, 1]) == sign).all()


def test_rare_terms_and_too_many_of_them_are_left_out() -> None:
    # so, happy, "so happy", late, again, bus
    assert len(solved(TARGETS, min_texts=2)[0].idf) == 6
    assert len(solved(TARGETS, terms=5)[0].idf) == 5


def test_no_term_in_enough_texts_is_an_error() -> None:
    with pytest.raises(InputError, match=r"at least 9 of 8 texts.*lower model\.min_texts"):
        solved(TARGETS, min_texts=9)
