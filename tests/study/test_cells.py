"""The cells of a grid: their order, their names, and what makes one another cell."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from overtone.config import Table
from overtone.errors import InputError
from overtone.study import cells, reading


def test_the_grid_is_done_so_that_the_most_is_there_early(table: Table) -> None:
    assert [cell.key for cell in cells.find(reading.check(table), None)] == [
        "sample/tfidf/1/seed-0",
        "sample/tiny/1/seed-0",
        "sample/tfidf/1/seed-1",
        "sample/tiny/1/seed-1",
        "sample/tfidf/0.5/seed-0",
        "sample/tiny/0.5/seed-0",
        "sample/tiny/training.epochs=1/seed-0",  # 2 is the model's own
    ]


def test_where_no_model_has_all_of_train_the_largest_part_takes_its_place(table: Table) -> None:
    table = {**table, "study": {**table["study"], "fractions": [0.2, 0.5]}}
    table["models"] = {**table["models"], "tfidf": {**table["models"]["tfidf"], "fractions": False}}
    assert [cell.key for cell in cells.find(reading.check(table), None)] == [
        "sample/tfidf/0.5/seed-0",
        "sample/tiny/0.5/seed-0",
        "sample/tfidf/0.5/seed-1",
        "sample/tiny/0.5/seed-1",
        "sample/tiny/0.2/seed-0",
        "sample/tiny/training.epochs=1/seed-0",
    ]


def test_only_restricts_the_cells_and_a_pattern_must_fit(table: Table) -> None:
    plan = reading.check(table)
    found = cells.find(plan, None, ["sample/tiny/*", "*/0.5/*"])
    assert [cell.key for cell in found] == [
        "sample/tiny/1/seed-0",
        "sample/tiny/1/seed-1",
        "sample/tfidf/0.5/seed-0",
        "sample/tiny/0.5/seed-0",
        "sample/tiny/training.epochs=1/seed-0",
    ]
    with pytest.raises(InputError, match=r"--only sample/none/\*: no cell is called so"):
        cells.find(plan, None, ["sample/*", "sample/none/*"])


def test_each_dataset_may_have_its_own_preset_and_settings(table: Table) -> None:
    table = {**table, "sensitivity": {}}
    table["models"] = {
        "tiny": {
            **table["models"]["tiny"],
            "config": "best/cls-head",
            "on": {"sample": {"config": "best/spanemo", "settings": ["training.epochs=7"]}},
        }
    }
    cell, *_ = cells.find(reading.check(table), None)
    assert cell.recipe.model.name == "spanemo"
    assert cell.recipe.training.epochs == 7


def test_a_cell_is_the_same_wherever_the_data_are_and_whatever_the_machine(
    table: Table, tmp_path: Path
) -> None:
    table = {**table, "sensitivity": {}}
    table["models"] = {
        "cnn": {"config": "best/glove-cnn", "settings": ["model.vectors={data}/glove.txt"]}
    }
    plan = reading.check(table)
    one, other = (cells.find(plan, tmp_path / name)[0] for name in ("a", "b"))
    assert one.recipe.model.options["vectors"] == str(tmp_path / "a" / "glove.txt")
    assert one.asked()["model"]["vectors"] == "{data}/glove.txt"
    assert one.digest() == other.digest()
    smaller = dataclasses.replace(one.recipe.training, memory_gb=2.0)
    recipe = dataclasses.replace(one.recipe, training=smaller)
    assert dataclasses.replace(one, recipe=recipe).digest() == one.digest()
    longer = dataclasses.replace(one.recipe.training, epochs=99)
    recipe = dataclasses.replace(one.recipe, training=longer)
    assert dataclasses.replace(one, recipe=recipe).digest() != one.digest()
    assert dataclasses.replace(one, hold_out=0.3).digest() != one.digest()


def test_a_setting_may_need_others(table: Table) -> None:
    table = {**table}
    table["sensitivity"] = {
        "models": ["tiny"], "seeds": [0], "values": {"loss.gamma": [1.0]},
        "needs": {"loss.gamma": ["loss.name=focal"]},
    }  # fmt: skip
    cell = cells.find(reading.check(table), None)[-1]
    assert cell.key == "sample/tiny/loss.gamma=1.0/seed-0"
    assert cell.recipe.loss.name == "focal"


def test_what_an_older_version_asked_for_is_the_same_cell(table: Table) -> None:
    """Options and whole sections that have come since are at their defaults."""
    cell, *_ = cells.find(reading.check(table), None)
    now, before = (json.loads(json.dumps(cell.asked())) for _ in range(2))
    for section in ("compress", "teacher"):
        del before[section]
    del before["training"]["soup"]
    assert cells.completed(before) == now
    assert cells.completed({**before, "init": {"gone": 1}}) != now
