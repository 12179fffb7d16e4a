"""`overtone tune`: the table for people, the recipe it leaves, and refusals."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import overtone.study

Cli = Callable[..., Any]

SEARCH = """
[data]
name = "sample"

[model]
name = "tfidf"

[search]
metric = "f1_micro"
model.inverse_regularisation = { low = 0.1, high = 10, log = true }
decision.threshold = { low = 0.2, high = 0.4 }
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(SEARCH, encoding="utf-8")
    return path


def test_people_get_the_best_trials_and_what_their_score_is_worth(
    cli: Cli, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    given = ("tune", config, "--output", "found", "--storage", "trials.db", "--seed", "3")
    found = cli(*given, "--trials", "2")
    assert found.code == 0, found.err
    table = [line for line in found.out.splitlines() if line.startswith(("│", "┃"))]
    assert all(len(line) <= 80 for line in table)
    assert [line.split()[1] for line in table] == [
        "trial", "dev", "epochs", "seconds", "model.inverse_regularisation", "decision.threshold",
    ]  # fmt: skip
    assert "2 trials have ended: 2 complete, 0 pruned, 0 failed" in found.out
    assert "chosen out of 2 by that very score, which is therefore too good" in found.out
    assert "note: trial 0: model.inverse_regularisation" in found.err
    best = next(line for line in found.out.splitlines() if line.startswith("best: trial "))
    assert "its recipe is found/best.toml" in best
    command = found.out.splitlines()[-1].split()
    assert command[:2] == ["overtone", "evaluate"]
    scored = cli(*command[1:])
    assert scored.code == 0, scored.err

    again = cli("train", "--config", "found/best.toml", "--output", "again")
    assert again.code == 0, again.err
    value = best.partition("micro F1 ")[2].partition(";")[0]
    assert f"micro F1 {value}" in again.out
    assert cli(*given, "--trials", "2").out == found.out
    assert (tmp_path / "trials.db").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--storage", "trials.sqlite"], ".log (a journal"),
        (["--storage", "sqlite:///trials.db"], ".log (a journal"),
        (["--trials", "0"], "--trials"),
        (["--set", "model.ngrams=7"], "model.ngrams must be between 1 and 5"),
        (["--set", "decision.threshold=0.5"], "decision.threshold is searched and set by --set"),
        (["--dataset", "gone.csv"], "gone.csv"),
    ],
)
def test_what_cannot_be_searched_is_refused(
    cli: Cli, config: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    given = {"--output": "found", "--trials": "2", arguments[0]: arguments[1]}
    found = cli("tune", config, *(word for pair in given.items() for word in pair))
    found.assert_failed(2)
    assert message in found.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


def test_a_recipe_without_a_search_is_refused_and_so_is_a_search_elsewhere(
    cli: Cli, config: Path
) -> None:
    found = cli("tune", "best/sample", "--output", "found", "--trials", "2")
    found.assert_failed(2)
    assert "expected a section [search] in best/sample" in found.err
    found = cli("train", "--config", config, "--output", "run")
    found.assert_failed(2)
    assert "the section search is for overtone tune" in found.err


def test_without_optuna_the_extra_is_named(
    cli: Cli, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [each for each in sys.modules if each.startswith("overtone.study.")]:
        monkeypatch.delitem(sys.modules, name)
        monkeypatch.delattr(overtone.study, name.rpartition(".")[2], raising=False)
    monkeypatch.setitem(sys.modules, "optuna", None)
    found = cli("tune", config, "--output", "found", "--trials", "2")
    found.assert_failed(2)
    assert 'run pip install "overtone[study]"' in found.err
