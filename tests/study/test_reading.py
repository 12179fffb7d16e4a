"""A plan is checked as a whole, and the shipped ones are in order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from overtone.config import Table, preset_names
from overtone.errors import ConfigError, InputError
from overtone.study import cells, reading


def test_all_problems_are_reported_together() -> None:
    table = {
        "study": {"name": "x", "seeds": [0, 0], "against": "nobody", "sed": 1},
        "datasets": {"sample": {"hold_out": 0.9}, "a/b": {}},
        "models": {
            "tfidf": {"config": "best/tfidf", "datasets": ["nowhere"], "colour": 1},
            "on": {"on": {"nowhere": {"config": "x"}}},
        },
        "sensitivity": {"models": ["nobody"], "values": {"alpha": [1], "loss.alpha": []}},
        "grid": {},
    }
    with pytest.raises(ConfigError) as caught:
        reading.check(table)
    said = "\n".join(caught.value.problems)
    for expected in (
        "no section of a study is called grid",
        "study.sed is not an option; did you mean seeds?",
        "datasets.sample.hold_out must be between 0 and 0.5, found 0.9",
        "datasets.a/b: expected a name of letters",
        "models.tfidf.colour is not an option",
    ):
        assert expected in said


def test_names_that_name_nothing_are_refused() -> None:
    table = {
        "study": {"name": "x", "seeds": [0, 0], "against": "nobody", "fraction_seeds": [3]},
        "datasets": {"sample": {}},
        "models": {"tfidf": {"datasets": ["nowhere"], "on": {"elsewhere": {}}}},
        "sensitivity": {
            "models": ["someone"], "values": {"alpha": [1], "loss.alpha": []}, "needs": {"a.b": []},
        },
    }  # fmt: skip
    with pytest.raises(ConfigError) as caught:
        reading.check(table)
    said = "\n".join(caught.value.problems)
    for expected in (
        "study.against: no section [models.NAME] that is trained is called nobody",
        "models.tfidf.datasets: no section [datasets.NAME] is called nowhere",
        "models.tfidf.on: no section [datasets.NAME] is called elsewhere",
        "sensitivity.models: no section [models.NAME] that is trained is called someone",
        "study.seeds: expected different values, found [0, 0]",
        "study.fraction_seeds: expected some of study.seeds, found [3]",
        "expected keys as loss.alpha, found 'alpha'",
        "expected values of loss.alpha, found none",
        "sensitivity.needs: expected keys of sensitivity.values, found 'a.b'",
    ):
        assert expected in said


def test_a_study_needs_a_dataset_and_a_model() -> None:
    with pytest.raises(ConfigError, match=r"\[datasets.NAME\], found none; .*\[models.NAME\]"):
        reading.check({"study": {"name": "x"}})


def test_a_wrong_name_of_a_study_lists_those_that_ship() -> None:
    with pytest.raises(InputError, match=r"overtone study takes a TOML file or a preset.*laptop"):
        reading.read("study/lapto")


def test_problems_of_recipes_name_their_model(table: Table) -> None:
    broken = {**table, "models": {"odd": {"settings": ["model.nam=1", "loss.name=none"]}}}
    broken["sensitivity"] = {}
    with pytest.raises(ConfigError) as caught:
        cells.find(reading.check(broken), None)
    assert len(caught.value.problems) == 2
    assert all(one.startswith("models.odd on sample: ") for one in caught.value.problems)


@pytest.mark.parametrize("name", preset_names(["study"]))
def test_the_shipped_studies_are_in_order(name: str, tmp_path: Path) -> None:
    plan = reading.read(name)
    found = cells.find(plan, tmp_path)
    assert len({cell.key for cell in found}) == len(found) >= 12
    if plan.published is not None:
        assert plan.published.find("test", "twitter", "distilbert") is not None


def test_the_laptop_study_has_the_grid_that_it_promises(tmp_path: Path) -> None:
    plan = reading.read("study/laptop")
    found = cells.find(plan, tmp_path)
    kinds = Counter(
        "changed" if cell.change else "whole" if cell.fraction == 1 else "part" for cell in found
    )
    assert kinds["whole"] == 5 * 2 * 3  # models, datasets, seeds
    assert kinds["part"] == 5 * 2 * 4
    assert not plan.datasets["jigsaw"].ranking
    assert {cell.hold_out for cell in found} == {0.15}


def test_the_paper_s_figures_are_those_of_its_tables() -> None:
    published = reading.read("study/paper").published
    assert published is not None
    assert len(published.training) == len(published.test) == 6
    row = published.find("training", "twitter", "bert-large")
    assert row is not None
    assert (row.f1_micro, row.f1_macro, row.jaccard_zero) == (0.7054, 0.5719, 0.5806)
    assert (row.seconds_per_epoch, row.epochs, row.seconds) == (159, 8, 21 * 60 + 12)
    wikipedia = [published.find("training", "wikipedia", m) for m in ("bert-base", "distilbert")]
    assert [row.seconds for row in wikipedia if row] == [
        4 * 3600 + 13 * 60 + 39,
        2 * 3600 + 60 + 39,
    ]


def test_a_row_of_a_model_that_the_paper_does_not_name_is_refused(table: Table) -> None:
    paper = {"models": {"a": "A"}, "datasets": {}, "test": [{"dataset": "d", "model": "b"}]}
    with pytest.raises(ConfigError) as caught:
        reading.check({**table, "paper": paper})
    assert "paper.test 1: no dataset of the paper is called d; there are: none" in str(caught.value)
    assert "paper.test 1: no model of the paper is called b; there are: a" in str(caught.value)
