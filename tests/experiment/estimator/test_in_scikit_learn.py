"""`EmotionClassifier` in scikit-learn's hands: cloned, cross-validated, scored, searched."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone, is_classifier
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags
from tests.experiment.estimator.conftest import FRAME, NAMES, TEXTS, TRUTH, Make

from overtone import EmotionClassifier
from overtone.errors import InputError

# --- in scikit-learn's hands ------------------------------------------------------------------


def test_its_tags_say_what_it_is(make: Make) -> None:
    tags = get_tags(make())
    assert is_classifier(make())
    assert tags.input_tags.string
    assert tags.input_tags.one_d_array
    assert not tags.input_tags.two_d_array
    assert tags.target_tags.required
    assert tags.target_tags.multi_output
    assert not tags.target_tags.single_output
    assert tags.classifier_tags.multi_label
    assert not tags.classifier_tags.multi_class
    assert tags.requires_fit
    assert not tags.non_deterministic


def test_a_clone_has_the_parameters_and_nothing_learnt(fitted: EmotionClassifier) -> None:
    copied = clone(fitted)
    assert copied.get_params() == fitted.get_params()
    assert not hasattr(copied, "predictor_")


def test_cross_validation(make: Make) -> None:
    found = cross_val_score(make(), TEXTS, TRUTH, cv=3, error_score="raise")
    assert found.shape == (3,)
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize(
    ("texts", "truth"),
    [(pd.DataFrame({"text": TEXTS}), FRAME), (pl.Series(TEXTS), pl.from_pandas(FRAME))],
)
def test_cross_validation_of_frames(make: Make, texts: object, truth: object) -> None:
    found = cross_val_score(make(labels=None), texts, truth, cv=KFold(2), error_score="raise")
    expected = cross_val_score(make(), TEXTS, TRUTH, cv=KFold(2), error_score="raise")
    np.testing.assert_array_equal(found, expected)


def test_cross_validation_of_names_and_gaps_where_the_splits_are_named(make: Make) -> None:
    sets = [{NAMES[c] for c in np.flatnonzero(row)} for row in TRUTH]
    gaps = TRUTH.astype(float)
    gaps[5, 1] = np.nan
    for truth in (sets, gaps):
        found = cross_val_score(make(), TEXTS, truth, cv=KFold(2), error_score="raise")
        assert np.isfinite(found).all()


@pytest.mark.parametrize("scoring", ["f1_macro", "roc_auc", "average_precision"])
def test_scikit_learn_s_own_scores(make: Make, scoring: str) -> None:
    found = cross_val_score(make(), TEXTS, TRUTH, cv=2, scoring=scoring, error_score="raise")
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize("count", [1, 2])
def test_scikit_learn_s_own_scores_are_right_for_few_labels_or_refused(
    make: Make, count: int
) -> None:
    model, truth = make(labels=NAMES[:count], model="tfidf", encoder=None), TRUTH[:, :count]
    assert cross_val_score(model, TEXTS, truth, cv=2, error_score="raise").mean() > 0.9
    if count == 1:
        with pytest.raises(ValueError, match=r"need classifier with two classes"):
            cross_val_score(model, TEXTS, truth, cv=2, scoring="roc_auc", error_score="raise")
    else:
        found = cross_val_score(model, TEXTS, truth, cv=2, scoring="roc_auc", error_score="raise")
        assert found.mean() > 0.9


@pytest.mark.slow
def test_a_search_over_the_learning_rate(make: Make) -> None:
    search = GridSearchCV(
        make(epochs=20), {"learning_rate": [0.0, 3e-3]}, cv=2, error_score="raise"
    )
    search.fit(TEXTS, TRUTH)
    small, large = search.cv_results_["mean_test_score"]
    assert small < large
    assert search.best_params_ == {"learning_rate": 3e-3}
    trained = search.best_estimator_.predictor_.bundle.manifest.config["training"]
    assert trained["learning_rate"] == search.best_params_["learning_rate"]
    assert search.predict(TEXTS).shape == (36, 3)
    assert search.classes_.tolist() == list(NAMES)


def test_a_pipeline(make: Make) -> None:
    def shouted(texts: list[str]) -> list[str]:
        return [text.replace("day", "match") for text in texts]

    whole = Pipeline([("clean", FunctionTransformer(shouted)), ("classify", make())])
    whole.set_params(classify__seed=3).fit(TEXTS, TRUTH)
    alone = make(seed=3).fit(shouted(TEXTS), TRUTH)
    np.testing.assert_array_equal(whole.predict_proba(TEXTS), alone.predict_proba(shouted(TEXTS)))
    assert whole.score(TEXTS, TRUTH) == alone.score(shouted(TEXTS), TRUTH)
    assert f1_score(TRUTH, whole.predict(TEXTS), average="micro", zero_division=0) >= 0


def test_parallel_jobs_can_be_given_what_is_not_fitted(make: Make) -> None:
    model = make(settings=["training.device=cpu"], seed=3)
    again = pickle.loads(pickle.dumps(model))  # noqa: S301 - our own
    assert again.get_params() == model.get_params()


def test_what_is_fitted_is_not_pickled(fitted: EmotionClassifier) -> None:
    for copied in (pickle.dumps, copy.deepcopy):
        with pytest.raises(InputError, match=r"save\(path\).*EmotionClassifier.load"):
            copied(fitted)


@pytest.mark.parametrize("verbose", [False, True])
def test_epochs_are_shown_only_where_that_is_asked_for(
    make: Make, capfd: pytest.CaptureFixture[str], *, verbose: bool
) -> None:
    make(verbose=verbose).fit(TEXTS, TRUTH)
    assert ("epoch 1/1" in capfd.readouterr().err) == verbose
