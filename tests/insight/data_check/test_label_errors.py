"""Confident learning, on probabilities whose truth is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.insight.data_check.conftest import Find, corpus

from overtone.insight.data_check import NotCheckedError
from overtone.insight.data_check.label_errors import likely_errors


def test_turned_labels_are_found_and_others_hardly_ever() -> None:
    rng = np.random.default_rng(3)
    truth = rng.random(2000) < 0.3
    turned = rng.random(2000) < 0.05
    likely = np.clip(np.where(truth, 0.85, 0.15) + rng.normal(0, 0.1, 2000), 0, 1)
    found = likely_errors(truth ^ turned, likely)
    hits = int(turned[found].sum())
    # How many there are is estimated, a little low where probabilities are spread.
    assert hits >= 0.8 * turned.sum()
    assert hits >= 0.8 * len(found)


def test_sure_and_right_labels_have_no_errors() -> None:
    given = np.array([True] * 20 + [False] * 20)
    assert len(likely_errors(given, np.where(given, 0.9, 0.1))) == 0


def test_a_hand_made_case() -> None:
    """Thresholds .65 and .7: rows 3 and 7 are confidently of the other class."""
    given = np.array([1, 1, 1, 1, 0, 0, 0, 0], dtype=bool)
    likely = np.array([0.9, 0.8, 0.8, 0.1, 0.1, 0.1, 0.1, 0.9])
    assert likely_errors(given, likely).tolist() == [3, 7]


def test_findings_name_row_label_and_probability_the_surest_first(find: Find) -> None:
    rows = [(f"text {n}", (n < 20, 1)) for n in range(40)]
    likely = np.full((40, 2), 0.9, dtype=np.float32)
    likely[20:, 0] = 0.1
    likely[5, 0], likely[30, 0] = 0.02, 0.95
    where = dataclasses.replace(corpus({"train": rows}), probabilities=likely)
    found = find("label_errors", where)
    assert [(one.rows, one.what, one.labels) for one in found] == [
        ((5,), "likely not on", ("joy",)),
        ((30,), "likely on", ("joy",)),
    ]
    assert found[0].said == "on, the model says 0.02"
    assert [one.rows for one in find("label_errors", where, margin=0.95)] == [(5,)]
    likely[20:30, 0] = likely[31:, 0] = 0.4
    likely[5, 0] = 0.35
    assert [one.what for one in find("label_errors", where)] == ["likely on", "perhaps not on"]


def test_gaps_in_labels_and_probabilities_are_left_out(find: Find) -> None:
    rows = [(f"text {n}", (float("nan") if n == 5 else n < 20, 0)) for n in range(40)]
    likely = np.full((40, 2), 0.9, dtype=np.float32)
    likely[20:, 0] = 0.1
    likely[5, 0], likely[30, 0] = 0.02, np.nan
    where = dataclasses.replace(corpus({"train": rows}), probabilities=likely)
    assert find("label_errors", where) == []


def test_a_model_that_has_learned_all_is_no_judge(find: Find) -> None:
    where = corpus({"train": [("a text", (1, 0))]})
    gaps = np.full((1, 2), np.nan, dtype=np.float32)
    with pytest.raises(NotCheckedError, match="overtone crossvalidate"):
        find("label_errors", dataclasses.replace(where, probabilities=gaps))
