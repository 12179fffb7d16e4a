"""Metrics, set against hand-computed cases, scikit-learn, and each other."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sklearn

from overtone.evaluation.metrics import Scores, score
from overtone.labels import Labels

F32 = NDArray[np.float32]
Bools = NDArray[np.bool_]


def labels(count: int) -> Labels:
    return Labels.of(*(f"label {number}" for number in range(count)))


def case(seed: int, n: int, c: int, density: float = 0.3) -> tuple[F32, Bools, F32]:
    """Return random targets, decisions and probabilities, (n, c) each."""
    rng = np.random.default_rng(seed)
    targets = (rng.random((n, c)) < density).astype(np.float32)
    # Few different values, so that ties happen.
    probabilities = (rng.integers(0, 20, (n, c)) / 20).astype(np.float32)
    return targets, probabilities > 0.6, probabilities


CASES = st.builds(
    case, st.integers(0, 10**6), st.integers(1, 25), st.integers(2, 6), st.sampled_from([0, 0.3, 1])
)
quick = settings(deadline=None, max_examples=60)


def test_a_case_computed_by_hand() -> None:
    targets = np.array([[1, 0], [1, 1], [0, 0], [0, 0]], np.float32)
    probabilities = np.array([[0.9, 0.1], [0.8, 0.4], [0.2, 0.3], [0.7, 0.2]], np.float32)
    found = score(targets, probabilities > 0.5, probabilities, Labels.of("joy", "fear"))
    joy, fear = found.per_label["joy"], found.per_label["fear"]
    assert found.n == 4
    assert (joy.precision, joy.recall, joy.f1, joy.support) == (2 / 3, 1, 0.8, 2)
    assert (fear.precision, fear.recall, fear.f1, fear.support) == (0, 0, 0, 1)
    assert found.f1_micro == pytest.approx(2 * 2 / (3 + 3))
    assert found.f1_macro == pytest.approx(0.4)
    # Texts: 1/1, 1/2, empty on empty, 0/1.
    assert found.jaccard == pytest.approx((1 + 0.5 + 1 + 0) / 4)
    assert found.jaccard_zero == pytest.approx((1 + 0.5 + 0 + 0) / 4)
    assert found.exact_match == 0.5
    assert found.hamming_loss == 0.25
    assert joy.roc_auc == fear.roc_auc == found.roc_auc_macro == 1
    assert joy.average_precision == fear.average_precision == found.average_precision_macro == 1
    assert found.lrap == 1


@quick
@given(CASES)
def test_scores_are_scikit_learn_s(given_: tuple[F32, Bools, F32]) -> None:
    targets, decided, probabilities = given_
    truth = targets.astype(int)
    found = score(targets, decided, probabilities, labels(truth.shape[1]))

    def f1(average: str | None) -> object:
        return sklearn.f1_score(truth, decided, average=average, zero_division=0)

    for name, expected in {
        "f1_micro": f1("micro"),
        "f1_macro": f1("macro"),
        "jaccard": sklearn.jaccard_score(truth, decided, average="samples", zero_division=1),
        "jaccard_zero": sklearn.jaccard_score(truth, decided, average="samples", zero_division=0),
        "exact_match": sklearn.accuracy_score(truth, decided),
        "hamming_loss": sklearn.hamming_loss(truth, decided),
        "lrap": sklearn.label_ranking_average_precision_score(truth, probabilities),
    }.items():
        assert getattr(found, name) == pytest.approx(expected, abs=1e-12), name

    each = sklearn.precision_recall_fscore_support(truth, decided, average=None, zero_division=0)
    for column, one in enumerate(found.per_label.values()):
        assert (one.precision, one.recall, one.f1, one.support) == pytest.approx(
            tuple(values[column] for values in each)
        )
        both = 0 < truth[:, column].sum() < len(truth)
        for found_one, metric in (
            (one.roc_auc, sklearn.roc_auc_score),
            (one.average_precision, sklearn.average_precision_score),
        ):
            expected_one = metric(truth[:, column], probabilities[:, column]) if both else None
            assert found_one == expected_one


@quick
@given(CASES)
def test_the_two_jaccards_differ_by_the_share_of_empty_on_empty(
    given_: tuple[F32, Bools, F32],
) -> None:
    targets, decided, probabilities = given_
    found = score(targets, decided, probabilities, labels(targets.shape[1]))
    empty = (~(targets > 0.5).any(axis=1) & ~decided.any(axis=1)).mean()
    assert found.jaccard - found.jaccard_zero == pytest.approx(empty)


@quick
@given(CASES)
def test_macro_ranking_scores_are_means_over_labels_that_have_one(
    given_: tuple[F32, Bools, F32],
) -> None:
    found = score(*given_, labels(given_[0].shape[1]))
    for macro, own in (("roc_auc_macro", "roc_auc"),
                       ("average_precision_macro", "average_precision")):  # fmt: skip
        defined = [getattr(one, own) for one in found.per_label.values()]
        defined = [value for value in defined if value is not None]
        if defined:
            assert getattr(found, macro) == pytest.approx(np.mean(defined))
        else:
            assert getattr(found, macro) is None


@quick
@given(CASES, st.integers(0, 10**6), st.sampled_from([0.1, 0.5, 0.9]))
def test_cells_that_are_not_annotated_might_as_well_not_be_there(
    given_: tuple[F32, Bools, F32], seed: int, share: float
) -> None:
    """Per label: the gaps' rows deleted; per text: the gaps' labels deleted."""
    targets, decided, probabilities = given_
    c = targets.shape[1]
    gaps = np.random.default_rng(seed).random(targets.shape) < share
    gaps[0, 0] = False
    targets = np.where(gaps, np.float32(np.nan), targets)
    found = score(targets, decided, probabilities, labels(c))

    for column, one in enumerate(found.per_label.values()):
        kept = ~gaps[:, column]
        if kept.any():
            alone = score(
                targets[kept][:, [column]], decided[kept][:, [column]],
                probabilities[kept][:, [column]], labels(1),
            )  # fmt: skip
            assert one == alone.per_label["label 0"]
    rows = [
        score(
            targets[[row]][:, ~gap], decided[[row]][:, ~gap], probabilities[[row]][:, ~gap],
            labels(int((~gap).sum())),
        )
        for row, gap in enumerate(gaps) if not gap.all()
    ]  # fmt: skip
    assert found.n == len(rows)
    for name in ("jaccard", "jaccard_zero", "exact_match", "lrap"):
        assert getattr(found, name) == pytest.approx(np.mean([getattr(row, name) for row in rows]))
    flat_truth, flat_decided = targets[~gaps] > 0.5, decided[~gaps]
    assert found.hamming_loss == pytest.approx((flat_truth != flat_decided).mean())
    assert found.f1_micro == pytest.approx(
        sklearn.f1_score(flat_truth, flat_decided, zero_division=0)
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda decided, probabilities: (~decided, probabilities),
        lambda decided, probabilities: (decided, 1 - probabilities),
        lambda decided, probabilities: (decided, np.full_like(probabilities, np.nan)),
    ],
    ids=["decisions", "probabilities", "no probabilities"],
)
def test_what_stands_in_a_gap_changes_nothing(
    change: Callable[[Bools, F32], tuple[Bools, F32]],
) -> None:
    targets, decided, probabilities = case(1, 30, 4)
    gaps = np.random.default_rng(2).random(targets.shape) < 0.4
    targets[gaps] = np.nan
    other_decided, other_probabilities = change(decided, probabilities)
    assert score(targets, decided, probabilities, labels(4)) == score(
        targets,
        np.where(gaps, other_decided, decided),
        np.where(gaps, other_probabilities, probabilities),
        labels(4),
    )


def test_texts_without_an_annotated_cell_are_left_out() -> None:
    targets, decided, probabilities = case(3, 10, 4)
    more = np.full((5, 4), np.nan, np.float32)
    with_gaps = score(
        np.concatenate([more, targets]),
        np.concatenate([np.ones((5, 4), bool), decided]),
        np.concatenate([np.zeros((5, 4), np.float32), probabilities]),
        labels(4),
    )
    assert with_gaps == score(targets, decided, probabilities, labels(4))


def test_a_target_counts_from_above_one_half() -> None:
    _, decided, probabilities = case(4, 4, 2)
    soft = np.array([[0.5, 0.51], [0.2, 0.9], [1.0, 0.0], [0.49, 0.5]], np.float32)
    hard = (soft > 0.5).astype(np.float32)
    assert score(soft, decided, probabilities, labels(2)) == score(
        hard, decided, probabilities, labels(2)
    )


def test_ranking_scores_that_are_not_defined_are_none() -> None:
    targets = np.array([[0, 1, 1], [0, 1, 0]], np.float32)
    found = score(targets, targets > 0.5, targets, labels(3))
    none, every, some = found.per_label.values()
    assert (none.roc_auc, none.average_precision) == (None, None)
    assert (every.roc_auc, every.average_precision) == (None, None)
    assert (some.roc_auc, some.average_precision) == (1, 1)
    assert (found.roc_auc_macro, found.average_precision_macro) == (1, 1)


def test_no_score_is_defined_where_nothing_is_on() -> None:
    nothing = np.zeros((3, 2), np.float32)
    found = score(nothing, nothing > 0.5, nothing, labels(2))
    assert (found.roc_auc_macro, found.average_precision_macro) == (None, None)
    assert (found.jaccard, found.jaccard_zero, found.f1_micro, found.f1_macro) == (1, 0, 0, 0)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_one_text_and_one_label_are_enough(value: float) -> None:
    one = np.array([[value]], np.float32)
    found = score(one, one > 0.5, one, labels(1))
    assert (found.n, found.exact_match, found.lrap, found.jaccard) == (1, 1, 1, 1)


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_arrays_of_different_shapes_are_refused(wrong: int) -> None:
    arrays = [*case(0, 4, 3)]
    arrays[wrong] = arrays[wrong][:3]
    with pytest.raises(ValueError, match=r"one shape, found .*\(3, 3\)"):
        score(arrays[0], arrays[1], arrays[2], labels(3))  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [2, 4])
def test_labels_of_another_number_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        score(*case(0, 4, 3), labels(count))


@pytest.mark.parametrize("rows", [0, 3])
def test_no_truth_at_all_is_refused(rows: int) -> None:
    gaps = np.full((rows, 2), np.nan, np.float32)
    with pytest.raises(ValueError, match="no annotated cell"):
        score(gaps, gaps > 0.5, np.zeros_like(gaps), labels(2))


def test_scores_become_strict_json_with_the_documented_keys() -> None:
    found: Scores = score(*case(5, 6, 2, density=0), labels(2))
    saved = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert {"n", "f1_micro", "f1_macro", "jaccard", "jaccard_zero", "exact_match", "hamming_loss",
            "per_label"} <= set(saved)  # fmt: skip
    assert list(saved["per_label"]) == ["label 0", "label 1"]
    assert saved["per_label"]["label 0"]["support"] == 0


def test_the_given_arrays_are_left_alone() -> None:
    arrays = case(6, 8, 3)
    arrays[0][2, 1] = np.nan
    copies = [array.copy() for array in arrays]
    score(*arrays, labels(3))
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
