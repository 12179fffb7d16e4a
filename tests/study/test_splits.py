"""What is held out is fixed, apart from the rest, and stratified."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from tests.study.conftest import Study

from overtone import data
from overtone.errors import InputError
from overtone.study import splits
from overtone.study.cells import Cell


def test_what_is_held_out_is_the_same_for_all_cells_and_apart_from_train(study: Study) -> None:
    whole = data.load("sample", "train")
    found = [splits.load(cell) for cell in study.cells]
    held_out = found[0].test.ids
    assert {each.test.ids for each in found} == {held_out}
    assert {each.kind for each in found} == {splits.HELD_OUT}
    assert abs(len(held_out) - 0.2 * len(whole)) < 5
    for cell, each in zip(study.cells, found, strict=True):
        assert not set(each.train.ids) & set(held_out)
        assert splits.test(cell).ids == held_out
    full = found[0].train
    assert set(full.ids) | set(held_out) == set(whole.ids)


def test_every_label_is_held_out_in_proportion(study: Study) -> None:
    found = splits.load(dataclasses.replace(study.cells[0], hold_out=0.15))
    train, test = (data.truth(split).mean(axis=0) for split in (found.train, found.test))
    assert np.abs(train - test).max() < 0.03


def test_a_fraction_is_a_part_of_train_that_the_seed_draws(study: Study) -> None:
    cell = next(each for each in study.cells if each.fraction == 0.5)
    whole = splits.load(study.cells[0]).train
    part, again = splits.load(cell).train, splits.load(cell).train
    other = splits.load(dataclasses.replace(cell, seed=7)).train
    assert part.ids == again.ids != other.ids
    assert set(part.ids) < set(whole.ids)
    assert abs(len(part) - 0.5 * len(whole)) <= 3


def test_equal_texts_are_not_on_both_sides(study: Study, tmp_path: Path) -> None:
    rows = [f"day {n % 20} again,{n % 2},{(n + 1) % 2}" for n in range(60)]
    file = tmp_path / "posts.csv"
    file.write_text("\n".join(["text,joy,anger", *rows]) + "\n", encoding="utf-8")
    recipe = study.cells[0].recipe
    own = dataclasses.replace(
        recipe.data, name="table", options=data.resolve(str(file), {}) | {"file": str(file)}
    )
    cell = dataclasses.replace(study.cells[0], recipe=dataclasses.replace(recipe, data=own))
    found = splits.load(cell)
    assert not set(found.train.texts) & set(found.test.texts)


def test_a_test_split_without_published_labels_is_refused(study: Study, tmp_path: Path) -> None:
    folder = tmp_path / "semeval2018"
    folder.mkdir()
    names = data.load("sample", "train").labels.names
    for name, value in (("train", "1"), ("dev", "0"), ("test", "NONE")):
        rows = ["\t".join(["ID", "Tweet", *names]), "\t".join([name, "a day", *[value] * 11])]
        path = folder / f"2018-E-c-En-{name}.txt"
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    recipe = study.cells[0].recipe
    own = dataclasses.replace(recipe.data, name="semeval2018-en", options={})
    cell: Cell = dataclasses.replace(
        study.cells[0], recipe=dataclasses.replace(recipe, data=own), hold_out=0.0,
        data_dir=tmp_path,
    )  # fmt: skip
    with pytest.raises(InputError, match=r"has no truth .* hold out a part of train"):
        splits.load(cell)


def test_the_official_test_split_is_scored_where_nothing_is_held_out(study: Study) -> None:
    found = splits.load(dataclasses.replace(study.cells[0], hold_out=0.0))
    assert found.kind == splits.OFFICIAL
    assert found.test.ids == data.load("sample", "test").ids
    assert found.train.ids == data.load("sample", "train").ids
