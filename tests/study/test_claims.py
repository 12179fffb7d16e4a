"""The paper's conclusions on predictions that make each verdict plain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.study.conftest import Chosen, Study, make

from overtone.config import Table
from overtone.study import both_jaccards, claims, results
from overtone.study.cells import Cell

N, C = 600, 4
ROLES = ("cnn", "bert-base", "bert-large", "distilbert")
Bools = NDArray[np.bool_]
Wrong = dict[str, float]
"""The share of cells that each model has wrong."""


@pytest.fixture
def plan(table: Table) -> Table:
    """A plan with all roles, on two datasets."""
    return {
        **table,
        "study": {"name": "roles", "seeds": [0, 1], "hold_out": 0.2},
        "datasets": {
            "tweets": {"dataset": "sample", "beside": "twitter"},
            "comments": {"dataset": "sample", "beside": "wikipedia"},
        },
        "models": {role: {"config": "best/tfidf", "beside": role} for role in ROLES},
        "sensitivity": {},
    }


def truth_of(share_empty: float, several: float = 0.5) -> NDArray[np.float32]:
    """Return truth with a share of rows without a label, others with one or several."""
    rng = np.random.default_rng(1)
    truth = np.zeros((N, C), dtype=np.float32)
    for row in range(int(N * share_empty), N):
        on = 2 if rng.random() < several else 1
        truth[row, rng.choice(C, on, replace=False)] = 1
    return truth


def fill(
    study: Study, choose: Chosen, wrong: Wrong, *, epochs: Callable[[Cell], int] = lambda _: 1
) -> None:
    """Write all cells, with so many cells wrong, at random."""
    truth = truth_of(0.0)
    for cell in study.cells:
        if cell.dataset != "tweets" or cell.model not in wrong:
            continue
        rng = np.random.default_rng([cell.seed, ROLES.index(cell.model)])
        flipped = rng.random(truth.shape) < wrong[cell.model]
        seconds = {"seconds_per_epoch": 5.0 if cell.model == "distilbert" else 10.0}
        choose(
            cell, study.folder, truth, (truth > 0.5) ^ flipped, cost=seconds,
            best_epoch=epochs(cell),
        )  # fmt: skip


def verdicts(study: Study) -> list[str]:
    """Return the verdicts in the paper's order."""
    found = results.load(study.plan, study.cells, study.folder)
    return [claim.verdict for claim in claims.claims(found)]


def test_without_models_nothing_is_tested(plan: Table, tmp_path: Path) -> None:
    assert verdicts(make(plan, tmp_path)) == ["not tested"] * 6


def test_what_is_lacking_is_named(plan: Table, tmp_path: Path, choose: Chosen) -> None:
    study = make(plan, tmp_path)
    fill(study, choose, {"cnn": 0.3, "bert-base": 0.1})
    found = claims.claims(results.load(study.plan, study.cells, tmp_path))
    assert found[0].verdict == "holds"
    assert found[1].found == "no cell on twitter is done for BERT large, DistilBERT"


def test_claims_that_the_figures_bear_out_hold(plan: Table, tmp_path: Path, choose: Chosen) -> None:
    study = make(plan, tmp_path)
    wrong = {"cnn": 0.4, "bert-base": 0.01, "bert-large": 0.011, "distilbert": 0.011}
    fill(study, choose, wrong, epochs=lambda cell: 3 if cell.model == "bert-large" else 9)
    cnn, close, trade, epochs, best, _ = verdicts(study)
    assert (cnn, close, trade, epochs) == ("holds", "holds", "holds", "holds")
    assert best == "can't be told"


def test_claims_that_the_figures_contradict_do_not_hold(
    plan: Table, tmp_path: Path, choose: Chosen
) -> None:
    study = make(plan, tmp_path)
    wrong = {"cnn": 0.05, "bert-base": 0.2, "bert-large": 0.1, "distilbert": 0.4}
    fill(study, choose, wrong, epochs=lambda cell: 9 if cell.model == "bert-large" else 3)
    assert verdicts(study)[:5] == ["does not hold"] * 5


def test_base_is_best_where_it_is(plan: Table, tmp_path: Path, choose: Chosen) -> None:
    study = make(plan, tmp_path)
    fill(study, choose, {"bert-base": 0.02, "bert-large": 0.2, "distilbert": 0.2})
    assert verdicts(study)[4] == "holds"


def test_one_seed_does_not_show_that_fewer_epochs_are_needed(
    plan: Table, tmp_path: Path, choose: Chosen
) -> None:
    plan = {**plan, "study": {**plan["study"], "seeds": [0]}}
    study = make(plan, tmp_path)
    wrong = dict.fromkeys(ROLES, 0.1)
    fill(study, choose, wrong, epochs=lambda cell: 3 if cell.model == "bert-large" else 9)
    assert verdicts(study)[3] == "can't be told"


@pytest.mark.parametrize(("missed", "verdict"), [("second", "holds"), ("single", "does not hold")])
def test_several_labels_at_once_are_judged_by_the_texts_that_have_them(
    plan: Table, tmp_path: Path, choose: Chosen, missed: str, verdict: str
) -> None:
    study = make(plan, tmp_path)
    truth = truth_of(0.9)
    said: Bools = truth > 0.5
    several = said.sum(axis=1) > 1
    if missed == "second":  # of two labels only the first is found
        first = np.zeros_like(said)
        first[np.arange(N), said.argmax(axis=1)] = True
        said = np.where(several[:, None], first & said, said)
    else:  # single labels are missed
        said = said & several[:, None]
    for cell in study.cells:
        if (cell.dataset, cell.model) == ("comments", "bert-base"):
            choose(cell, tmp_path, truth, said)
    found = claims.claims(results.load(study.plan, study.cells, tmp_path))[5]
    assert found.verdict == verdict
    assert "jaccard_zero of 0.100" in found.found


def test_a_few_comments_are_no_verdict(plan: Table, tmp_path: Path, choose: Chosen) -> None:
    plan["datasets"]["comments"]["ranking"] = False
    study = make(plan, tmp_path)
    truth = truth_of(0.9)
    for cell in study.cells:
        if (cell.dataset, cell.model) == ("comments", "bert-base"):
            choose(cell, tmp_path, truth, truth.sum(axis=1, keepdims=True) * truth > 1.5)
    found = claims.claims(results.load(study.plan, study.cells, tmp_path))[5]
    assert found.verdict == "can't be told"
    assert "too few comments" in found.found


def test_both_jaccards_explain_the_paper_s_figure(
    plan: Table, tmp_path: Path, choose: Chosen
) -> None:
    study = make(plan, tmp_path)
    truth = truth_of(0.9)
    perfect: Bools = truth > 0.5
    for cell in study.cells:
        if cell.dataset == "comments" and cell.model in {"cnn", "bert-base"}:
            said = perfect if cell.model == "bert-base" else np.zeros_like(perfect)
            choose(cell, tmp_path, truth, said)
    found = results.load(study.plan, study.cells, tmp_path)
    silent, flawless = found.groups("comments")
    assert flawless.of("test", "jaccard_zero").mean == pytest.approx(0.1)
    assert flawless.of("test", "jaccard").mean == pytest.approx(1.0)
    assert silent.of("test", "jaccard").mean == pytest.approx(0.9)
    for apart in both_jaccards.explain(flawless):
        assert apart.labelled == pytest.approx(0.1)
        assert apart.on_labelled == pytest.approx(1.0)
    for apart in both_jaccards.explain(silent):
        assert (apart.on_labelled, apart.right_on_empty) == (0.0, 1.0)
    table = both_jaccards.table(found)
    assert table is not None
    assert [row[3] for row in table.rows] == [None, 0.0691]  # the paper's
    for row in table.rows:
        assert list(row[4:6]) == pytest.approx([0.1, 0.9])  # flawless, silent
    assert "90.0 % of these texts carry no label" in table.notes[0]
