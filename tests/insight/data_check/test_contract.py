"""What every kind of finding promises."""

from __future__ import annotations

import dataclasses
from itertools import product
from types import ModuleType

import pytest
from tests.insight.data_check.conftest import corpus, of_texts

from overtone.config import find_plugin
from overtone.errors import ConfigError, InputError
from overtone.insight import data_check

FIRST = ("the children are laughing", "nobody ever answers my questions", "what a dreadful morning",
         "grandmother baked us bread")  # fmt: skip
SECOND = ("because the garden is flooded", "while everybody else is sleeping",
          "though we were promised sunshine", "and the neighbours complain")  # fmt: skip
THIRD = ("without any warning whatsoever", "in front of the old library", "for the hundredth time",
         "as if it were nothing")  # fmt: skip


@pytest.fixture(params=data_check.kinds())
def plugin(request: pytest.FixtureRequest) -> ModuleType:
    return find_plugin("overtone.insight.data_check", request.param)


def test_there_are_kinds_what_is_worst_first() -> None:
    levels = [find_plugin(data_check.__name__, name).LEVEL for name in data_check.kinds()]
    assert len(levels) == 12
    assert levels == sorted(levels, key=data_check.LEVELS.index)


def test_a_kind_says_what_it_is_and_what_to_do(plugin: ModuleType) -> None:
    assert plugin.__doc__
    assert plugin.TITLE
    assert plugin.ADVICE.endswith(".")
    assert plugin.LEVEL in data_check.LEVELS
    assert plugin.Config.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(plugin.Config))


def test_sound_data_have_no_findings(plugin: ModuleType) -> None:
    rows = [
        (f"{first} {second} {third} today", (number % 2, 1 - number % 2))
        for number, (first, second, third) in enumerate(product(FIRST, SECOND, THIRD))
    ]
    sound = corpus({"train": rows[:40], "dev": rows[40:]})
    (found,) = data_check.check(sound, {plugin.__name__.rpartition(".")[2]: plugin.Config()})
    assert [one.said or one.what for one in found.findings] == []


def test_an_empty_split_has_no_findings_but_about_labels(plugin: ModuleType) -> None:
    name = plugin.__name__.rpartition(".")[2]
    (found,) = data_check.check(of_texts(), {name: plugin.Config()})
    assert not found.findings or name == "rare_labels"
    assert found.size == 0


def test_an_unknown_kind_is_refused_with_those_that_exist() -> None:
    with pytest.raises(InputError, match=r"'typos'.*near_duplicates"):
        data_check.configs({}, ["typos"])
    with pytest.raises(InputError, match="'typos'"):
        data_check.configs({"typos": {"a": 1}})


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"duplicates\.similarity is not an option"):
        data_check.configs({"duplicates": {"similarity": 1}})


def test_only_what_is_asked_for_is_looked_for() -> None:
    chosen = data_check.configs({"duplicates": {"fewest": 9}}, ["duplicates", "languages"])
    assert list(chosen) == ["duplicates", "languages"]
    assert chosen["duplicates"].fewest == 9


def test_what_is_missing_is_said() -> None:
    (found,) = data_check.check(of_texts("a text"), data_check.configs({}, ["label_errors"]))
    assert "--model" in found.missing
    assert not found.findings
