"""scikit-learn's own checks of an estimator, all that can be asked of a classifier of texts.

scikit-learn makes its data of numbers and therefore runs next to none of its checks on an estimator
that takes texts. Here a row of numbers is written out as a text first, so that all of them run.
Those in `FAILS` fail, each for the reason beside it, and no other one does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from sklearn.exceptions import SkipTestWarning
from sklearn.utils import Tags
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.metaestimators import available_if

from overtone import EmotionClassifier

NUMBERS = "about numbers and how many make a row; a text is neither, and has no features to count"
ONE_LABEL = "gives y one label a text, of several classes; here a text carries several, 0 or 1 each"

FAILS = {
    "check_n_features_in": NUMBERS,
    "check_n_features_in_after_fitting": NUMBERS,
    "check_complex_data": NUMBERS,
    "check_dtype_object": NUMBERS,
    "check_estimators_nan_inf": NUMBERS + "; a gap among texts is refused, see test_columns.py",
    "check_fit2d_predict1d": NUMBERS + "; one dimension is what texts have",
    "check_estimators_empty_data_messages": "also wants rows without numbers refused, but an empty "
    "text is a text; no rows at all are refused, see test_estimator.py",
    "check_classifiers_one_label": ONE_LABEL,
    "check_classifiers_classes": ONE_LABEL,
    "check_classifiers_train": ONE_LABEL,
    "check_decision_proba_consistency": ONE_LABEL,
    "check_classifier_not_supporting_multiclass": ONE_LABEL + ", so that the words it wants, that "
    "only binary classification is supported, would be wrong",
    "check_classifier_multioutput": "wants classes_ to be [0, 1]; here they are the labels' names, "
    "as MultiLabelBinarizer's are, since columns without names would be of little use",
    "check_estimators_pickle": "pickles a fitted estimator; save and load take its place, since no "
    "pickle is ever loaded",
}
"""Why a check fails that does."""

SKIPPED = {"check_array_api_input": "needs SCIPY_ARRAY_API in the environment before scipy starts"}


class OfNumbers(EmotionClassifier):
    """The classifier for rows of numbers, of which it makes texts."""

    def fit(self, X: object, y: object) -> Self:  # noqa: N803
        return super().fit(_texts(X), _zero_one(y))

    def predict_proba(self, X: object) -> Any:  # noqa: ANN401, N803
        return super().predict_proba(_texts(X))

    @available_if(lambda self: hasattr(super(type(self), self), "decision_function"))  # type: ignore[untyped-decorator]
    def decision_function(self, X: object) -> Any:  # noqa: ANN401, N803
        return super().decision_function(_texts(X))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = False
        tags.input_tags.one_d_array = False
        tags.input_tags.two_d_array = True
        return tags


def _texts(rows: object) -> object:
    """Write rows of numbers as texts; leave what is something else to the classifier."""
    numbers = np.asarray(rows)
    if numbers.ndim != 2 or numbers.dtype.kind not in "fiu":
        return rows
    return [
        " ".join(f"{'abcdefghij'[place % 10]} {number:.1f}" for place, number in enumerate(row))
        for row in numbers
    ]


def _zero_one(y: object) -> object:
    """Call the classes of a column 0 and 1, which scikit-learn calls 1 and 2 here and there."""
    marks = np.asarray(y)
    return marks - 1 if marks.ndim == 2 and marks.max() == 2 else y


@pytest.fixture(scope="module")
def results(bert: Path) -> list[dict[str, Any]]:
    """Run all checks once."""
    classifier = OfNumbers(encoder=bert, epochs=1, settings=("training.device=cpu",))
    found: list[dict[str, Any]] = check_estimator(
        classifier, expected_failed_checks=FAILS, on_skip=None, on_fail=None
    )
    return found


def test_every_check_passes_but_those_that_are_listed(results: list[dict[str, Any]]) -> None:
    failed = {one["check_name"]: one["exception"] for one in results if one["status"] == "failed"}
    assert failed == {}
    assert sum(one["status"] == "passed" for one in results) >= 35


def test_no_check_is_listed_that_would_pass(results: list[dict[str, Any]]) -> None:
    assert {one["check_name"] for one in results if one["status"] == "xfail"} == set(FAILS)
    assert [one for one in results if one["expected_to_fail"] and one["status"] != "xfail"] == []


def test_what_is_skipped_is_listed(results: list[dict[str, Any]]) -> None:
    assert {one["check_name"] for one in results if one["status"] == "skipped"} == set(SKIPPED)


def test_scikit_learn_s_own_choice_of_checks_passes(bert: Path) -> None:
    with pytest.warns(SkipTestWarning, match="Can't test estimator EmotionClassifier"):
        found = check_estimator(EmotionClassifier(encoder=bert))
    assert [(one["check_name"], one["status"]) for one in found] == [
        ("check_estimator_cloneable", "passed")
    ]
