"""Cost alone: steps of the real trainer, extrapolated to an epoch and set against BERT base's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.study.conftest import make

from overtone import data
from overtone.config import Table
from overtone.errors import ConfigError
from overtone.study import cost_only, cost_tables, reading, results


@pytest.fixture
def plan(table: Table, bert: Path, distilbert: Path) -> Table:
    """A plan whose models stand for others where only cost is measured."""
    models = {
        "base": {"config": "best/spanemo", "cost_encoder": str(bert), "beside": "bert-base"},
        "distil": {"config": "best/spanemo", "cost_encoder": str(distilbert),
                   "beside": "distilbert"},
        "tfidf": {"config": "best/tfidf"},
    }  # fmt: skip
    settings = ["training.batch_size=4", "training.device=cpu"]
    return {
        **table,
        "datasets": {"sample": {"beside": "twitter", "settings": settings[1:],
                                "cost_settings": settings}},
        "models": models,
        "sensitivity": {},
    }  # fmt: skip


def test_steps_are_timed_and_an_epoch_is_extrapolated(plan: Table, tmp_path: Path) -> None:
    plan["datasets"]["sample"].pop("settings")
    study = make(plan, tmp_path)
    asked = cost_only.find(study.plan, None)
    assert [one.key for one in asked] == ["sample/base", "sample/distil"]
    for each in asked:
        cost_only.measure(each, tmp_path)
    assert not list(tmp_path.glob(".measuring.*"))
    base, distil = results.load(study.plan, study.cells, tmp_path).cost
    texts = len(data.load("sample", "train"))
    for one in (base, distil):
        assert "failed" not in one
        assert one["steps"] == study.plan.cost.steps == 20
        assert one["batch_size"] == 4
        assert one["train_texts"] == texts
        assert one["seconds_per_epoch"] == pytest.approx(one["seconds_per_step"] * texts / 4)
        assert one["peak_memory_mb"] > 100
        assert not one["texts_repeated"]
    assert distil["parameters"] < base["parameters"] + 1
    table = cost_tables.table([base, distil], study.plan)
    assert table is not None
    ratio, paper = (
        [row[[column.key for column in table.columns].index(key)] for row in table.rows]
        for key in ("ratio", "paper_ratio")
    )
    assert ratio[0] == 1
    assert ratio[1] == pytest.approx(distil["seconds_per_epoch"] / base["seconds_per_epoch"])
    assert paper[0] == 1
    assert paper[1] == pytest.approx(90 / 176)
    assert "extrapolated" in table.notes[0]


def test_an_encoder_that_is_not_there_is_recorded(plan: Table, tmp_path: Path) -> None:
    plan["models"] = {"base": {**plan["models"]["base"], "cost_encoder": str(tmp_path / "none")}}
    study = make(plan, tmp_path)
    (one,) = cost_only.find(study.plan, None)
    cost_only.measure(one, tmp_path)
    saved = json.loads(one.file(tmp_path).read_text(encoding="utf-8"))
    assert "no such folder" in saved["failed"]
    table = cost_tables.table([saved], study.plan)
    assert table is not None
    assert any("sample/base could not be measured" in note for note in table.notes)


def test_few_texts_are_taken_again(plan: Table, tmp_path: Path) -> None:
    rows = [f"day {n} at sea,{n % 2}" for n in range(30)]
    file = tmp_path / "few.csv"
    file.write_text("\n".join(["text,joy", *rows]) + "\n", encoding="utf-8")
    plan["datasets"] = {"few": {**plan["datasets"]["sample"], "dataset": str(file)}}
    study = make(plan, tmp_path / "study")
    one = cost_only.find(study.plan, None)[0]
    cost_only.measure(one, tmp_path / "study")
    saved = json.loads(one.file(tmp_path / "study").read_text(encoding="utf-8"))
    assert saved["texts_repeated"]
    assert saved["train_texts"] < 30
    assert saved["steps"] == 20


def test_a_model_may_be_there_for_its_cost_only(plan: Table, tmp_path: Path) -> None:
    """It is never trained, and as BERT base itself it is what epochs are set against."""
    plan["models"]["base"]["cost_only"] = True
    plan["models"]["stand-in"] = {"config": "best/spanemo", "beside": "bert-base"}
    study = make(plan, tmp_path)
    assert {cell.model for cell in study.cells} == {"distil", "tfidf", "stand-in"}
    asked = cost_only.find(study.plan, None)
    assert [one.model for one in asked] == ["base", "distil", "stand-in"]
    for each, seconds in zip(asked, (8.0, 4.0, 2.0), strict=True):
        cost_only.write(each, tmp_path, {
            "parameters": 1, "tokens_mean": 1.0, "steps": 20, "seconds_per_step": seconds,
            "texts_per_second": 1.0, "train_texts": 1, "seconds_per_epoch": seconds,
            "gpu_memory_mb": None, "peak_memory_mb": 1.0,
        })  # fmt: skip
    measured = results.load(study.plan, study.cells, tmp_path).cost
    table = cost_tables.table(measured, study.plan)
    assert table is not None
    place = [column.key for column in table.columns].index("ratio")
    assert [row[place] for row in table.rows] == [1.0, 0.5, 0.25]
    paper = [column.key for column in table.columns].index("paper_ratio")
    assert [row[paper] for row in table.rows] == [1.0, pytest.approx(90 / 176), None]


def test_what_is_never_trained_is_nothing_to_compare_with(plan: Table) -> None:
    plan["models"]["base"]["cost_only"] = True
    with pytest.raises(ConfigError, match=r"no section .* that is trained is called base"):
        reading.check({**plan, "study": {**plan["study"], "against": "base"}})
