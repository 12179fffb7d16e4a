"""Texts and truth in every form in which they may come, and refusals of what they can't be."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_matrix

from overtone.errors import InputError
from overtone.experiment.columns import RefusedError, texts, truth
from overtone.labels import Labels

GAP = float("nan")
TEXTS = ["so happy", "the bus", ""]
NAMED = pd.DataFrame({"joy": [1, 0, 1], "fear": [0, 0, 1]})
ROWS = [[1, 0], [0, 0], [1, 1]]


@pytest.mark.parametrize(
    "form",
    [
        list,
        tuple,
        iter,
        np.asarray,
        lambda given: np.asarray(given, dtype=object),
        lambda given: np.asarray(given)[:, None],
        pd.Series,
        lambda given: pd.Series(given, dtype="string", index=[7, 7, 1]),
        lambda given: pd.Series(given, dtype="category"),
        lambda given: pd.DataFrame({"text": given}),
        lambda given: pl.Series("text", given),
        lambda given: pl.DataFrame({"text": given}),
        lambda given: dict.fromkeys(given).keys(),
    ],
)
def test_texts_come_in_any_container(form: Callable[[list[str]], object]) -> None:
    assert texts(form(TEXTS)) == TEXTS


@pytest.mark.parametrize("form", [list, np.asarray, pd.Series, pl.Series])
def test_no_texts_are_texts(form: Callable[[list[str]], object]) -> None:
    assert texts(form([])) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("one text", r"found one text: pass \[text\]"),
        (b"one text", r"found one text"),
        (np.array("one text"), "found shape"),
        (None, "found a gap"),
        (7, "found int"),
        ({"a": 1}, "found dict"),
        ({"a", "b"}, "found set"),
        (["a", None], r"found a gap \(None or NaN\) at position 1"),
        (["a", GAP], r"a gap \(None or NaN\) at position 1"),
        ([["a"], ["b"]], "list at position 0"),
        ([b"a"], "bytes at position 0"),
        (np.array([1.5]), "float at position 0"),
        (pd.Series(["a", None]), "at position 1"),
        (pd.Series(["a", pd.NA], dtype="string"), "at position 1"),
        (pl.Series(["a", None]), "gap .* at position 1"),
        (np.array([["a", "b"]]), r"one column of texts, found shape \(1, 2\)"),
        (pd.DataFrame({"id": [1], "text": ["a"]}), "one column of texts, found id, text"),
        (pl.DataFrame({"id": [1], "text": ["a"]}), "one column of texts, found id, text"),
        (pd.DataFrame(index=[1, 2]), "one column of texts"),
        (csr_matrix((2, 2)), "found a sparse matrix"),
    ],
)
def test_what_is_no_column_of_texts_is_refused(given: object, message: str) -> None:
    with pytest.raises(RefusedError, match=message) as caught:
        texts(given)
    assert isinstance(caught.value, InputError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "given",
    [
        NAMED,
        NAMED.astype(bool),
        NAMED.astype("Int64"),
        NAMED.astype(object),
        pl.from_pandas(NAMED),
        pl.from_pandas(NAMED.astype(bool)),
        [{"joy"}, set(), {"fear", "joy"}],
        [["joy"], [], ["fear", "joy", "joy"]],
        (("joy",), (), frozenset(["fear", "joy"])),
        pd.Series([["joy"], [], ["joy", "fear"]], index=[3, 3, 3]),
        pl.Series([["joy"], [], ["joy", "fear"]]),
        np.array([{"joy"}, set(), {"fear", "joy"}], dtype=object),
        ROWS,
        np.array(ROWS),
        np.array(ROWS, dtype=bool),
        [np.array(row) for row in ROWS],
        pd.DataFrame(ROWS),
    ],
)
def test_truth_comes_in_any_form(given: object) -> None:
    labels, targets = truth(given, ["joy", "fear"])
    assert labels == Labels.of("joy", "fear")
    np.testing.assert_array_equal(targets, ROWS)
    assert targets.dtype == np.float32


def test_names_come_from_the_columns_in_their_order() -> None:
    for frame in (NAMED, pl.from_pandas(NAMED)):
        assert truth(frame)[0].names == ("joy", "fear")


def test_names_come_from_the_sets_in_the_alphabets_order() -> None:
    labels, targets = truth([{"trust"}, {"joy", "fear"}])
    assert labels.names == ("fear", "joy", "trust")
    np.testing.assert_array_equal(targets, [[0, 0, 1], [1, 1, 0]])


def test_columns_are_put_into_the_labels_order() -> None:
    labels, targets = truth(NAMED, ["fear", "joy"])
    assert labels.names == ("fear", "joy")
    np.testing.assert_array_equal(targets, np.array(ROWS)[:, ::-1])


def test_labels_come_in_any_order_preserving_container() -> None:
    for given in (("fear", "joy"), np.array(["fear", "joy"]), pd.Series(["fear", "joy"])):
        assert truth(NAMED, given)[0].names == ("fear", "joy")  # type: ignore[arg-type]


def test_labels_may_have_prompts() -> None:
    given = Labels.of("joy", "fear").with_prompts({"joy": "delight"})
    assert truth(NAMED, given)[0] is given


def test_columns_without_names_are_numbered_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        assert truth(np.array(ROWS))[0].names == ("label 0", "label 1")
    assert "give labels=[...]" in caplog.text
    caplog.clear()
    truth(np.array(ROWS), ["joy", "fear"])
    truth(NAMED)
    assert caplog.text == ""


@pytest.mark.parametrize(
    "given",
    [
        np.array([[1, GAP], [GAP, GAP]]),
        [[1, None], [GAP, None]],
        pd.DataFrame({"joy": [1, None], "fear": [None, None]}),
        pd.DataFrame({"joy": [1, None], "fear": [None, None]}, dtype="Int64"),
        pd.DataFrame({"joy": [True, None], "fear": [None, None]}, dtype="boolean"),
        pl.DataFrame({"joy": [1, None], "fear": [None, None]}),
        pl.DataFrame({"joy": [True, None], "fear": [None, None]}),
    ],
)
def test_a_gap_is_not_annotated(given: object) -> None:
    _, targets = truth(given, ["joy", "fear"])
    np.testing.assert_array_equal(targets, [[1, GAP], [GAP, GAP]])


def test_a_text_without_a_set_is_not_annotated() -> None:
    for given in ([{"joy"}, None, set()], pd.Series([["joy"], None, []])):
        _, targets = truth(given)
        np.testing.assert_array_equal(targets, [[1], [GAP], [0]])


@pytest.mark.parametrize(
    ("given", "labels", "message"),
    [
        (None, None, "requires y"),
        ("joy", None, "found str"),
        (5, None, "found int"),
        ({"joy": [1]}, None, "found dict"),
        (["joy", "fear"], None, r"one name a text.*pass \[name\] for each"),
        (np.array(["joy", "fear"]), None, "one name a text"),
        (pd.Series(["joy", "fear"]), None, "one name a text"),
        ([0, 1, 1], None, r"binary target of shape \(3,\).*reshape"),
        (pd.Series([0, 1, 2]), None, r"multiclass target of shape \(3,\)"),
        ([0.5, 0.2], None, "continuous target"),
        ([0, GAP], None, r"shape \(2,\)"),
        ([], None, r"shape \(0,\)"),
        (np.zeros((2, 2, 2)), None, r"shape \(2, 2, 2\)"),
        ([[0, 0.5]], None, "found 0.5 in row 0, column 1"),
        (np.array([[0, 1], [-1, 1]]), None, "found -1 in row 1, column 0"),
        ([[float("inf"), 1]], None, "found inf"),
        ([[0, 1], [1]], None, "different lengths"),
        (np.array([["yes", "no"]]), None, "other things"),
        (pd.DataFrame({"joy": ["yes"]}), None, "other things"),
        ([{"joy"}, {1}], None, "found set at position 1"),
        ([{"joy"}, 3], None, "found int at position 1"),
        ([{"joy", None}], None, "found set at position 0"),
        ([{"joy"}, {"feer", "joy"}], ["joy", "fear"], "no label is called feer: .* joy, fear"),
        (NAMED, ["joy", "trust"], "labels joy, trust, found joy, fear"),
        (NAMED, ["joy"], "labels joy, found joy, fear"),
        (np.array(ROWS), ["joy"], "each of the 1 labels, found 2"),
        (np.array(ROWS), "joy", r"found one text: pass \['joy'\]"),
        (np.array(ROWS), {"joy", "fear"}, "list of labels, found set: the order counts"),
        (np.array(ROWS), 5, "list of labels, found int"),
        (np.array(ROWS), [1, 2], r"label names, found \[1, 2\]"),
        (np.array(ROWS), ["joy", "joy"], "only once, found joy"),
        (np.array(ROWS), ["joy", " "], "must not be empty"),
        (np.zeros((3, 0)), None, "at least one label"),
        ([[], []], None, "at least one label"),
        ([set(), set()], None, "at least one label"),
        (pd.DataFrame([[1, 0]], columns=["joy", "joy"]), None, "only once"),
        (pd.DataFrame({"date": pd.to_datetime(["2020-01-01"])}), None, "expected y"),
    ],
)
def test_what_is_no_truth_is_refused(given: object, labels: Any, message: str) -> None:  # noqa: ANN401
    with pytest.raises(InputError, match=message):
        truth(given, labels)


def test_a_refusal_does_not_repeat_texts() -> None:
    """As happens where X and y are swapped."""
    for given in ([["secret"], [1]], pd.DataFrame({"text": ["secret"]}), np.array([["secret"]])):
        with pytest.raises(InputError) as caught:
            truth(given)
        assert "secret" not in str(caught.value)


def test_the_given_truth_is_left_alone() -> None:
    given = np.array([[1.0, GAP]])
    truth(given)[1][0, 0] = 0
    np.testing.assert_array_equal(given, [[1, GAP]])
