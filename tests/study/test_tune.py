"""Searches from Python: what they leave behind, what they refuse, pruned and failing trials."""

from __future__ import annotations

import csv
import resource
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
import pytest

from overtone.errors import InputError, OvertoneError
from overtone.experiment.recipe import compose
from overtone.study.search import storage as storages
from overtone.study.tune import tune

if TYPE_CHECKING:
    from tests.study.conftest import Case

    from overtone.study.search.found import Tuned

EPOCHS = 3
"""Of every trial."""


@pytest.fixture(scope="module")
def found(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Tuned:
    """A search of two trials."""
    return tune(output=tmp_path_factory.mktemp("found") / "search", trials=2, **arguments(case))


def arguments(case: Case, **changed: Any) -> dict[str, Any]:  # noqa: ANN401
    return {**case.given, **changed}


def searched(case: Case, tmp_path: Path, text: str) -> Path:
    """Write a search with the options and keys of a text in place of the case's."""
    config = tmp_path / "other.toml"
    recipe = case.config.read_text(encoding="utf-8").partition("[search]")[0]
    config.write_text(f"{recipe}\n[search]\n{text}", encoding="utf-8")
    return config


def test_a_search_leaves_runs_a_table_the_best_recipe_and_plots(found: Tuned) -> None:
    assert {path.name for path in found.folder.iterdir()} == {
        "search", "trial-0000", "trial-0001", "tune.log", "best.toml", "trials.csv",
        "history.png", "importance.png",
    }  # fmt: skip
    assert {path.name for path in (found.folder / "trial-0001").iterdir()} == {
        "bundle", "config.toml", "history.jsonl", "lock",
    }  # fmt: skip
    assert found.ended == 2
    assert found.best is found.complete[0]
    assert found.best.value == min(row.value or 9 for row in found.rows)  # it is a loss
    for picture in ("history.png", "importance.png"):
        assert (found.folder / picture).read_bytes().startswith(b"\x89PNG")


def test_each_trial_has_its_values_in_its_recipe_and_in_the_table(found: Tuned) -> None:
    with (found.folder / "trials.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    for row, trial in zip(rows, found.rows, strict=True):
        config = tomllib.loads((found.path(trial) / "config.toml").read_text(encoding="utf-8"))
        for key in ("learning_rate", "head_learning_rate"):
            value = config["training"][key]
            assert value == trial.values[f"training.{key}"] == float(row[f"training.{key}"])
        assert 1e-4 <= config["training"]["learning_rate"] <= 1e-2
        assert config["training"]["seed"] == 1
        assert (row["state"], row["epochs"]) == ("complete", str(EPOCHS))
        assert float(row["dev loss"]) == trial.value


def test_the_best_recipe_is_one(found: Tuned) -> None:
    best = found.best
    assert best is not None
    text = (found.folder / "best.toml").read_text(encoding="utf-8")
    assert "too good" in text.partition("[")[0]
    assert compose(found.folder / "best.toml").to_toml() == (
        found.path(best) / "config.toml"
    ).read_text(encoding="utf-8")


def test_a_search_goes_on_and_follows_its_seed(case: Case, found: Tuned, tmp_path: Path) -> None:
    output = tmp_path / "search"
    first = tune(output=output, trials=1, **arguments(case))
    assert [row.values for row in first.rows] == [found.rows[0].values]
    more = tune(output=output, trials=2, **arguments(case))
    assert [(row.values, row.value) for row in more.rows] == [
        (row.values, row.value) for row in found.rows
    ]
    before = (output / "trial-0000" / "history.jsonl").stat().st_mtime_ns
    again = tune(output=output, trials=2, **arguments(case))
    assert again.rows == more.rows
    assert (output / "trial-0000" / "history.jsonl").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seed": 2}, r"begun with something else: training\.seed was 1, now 2"),
        ({"settings": ["model.dropout=0.3"]}, r"model\.dropout was 0\.2, now 0\.3"),
        ({"storage": "new.log"}, "not of the same search"),
        ({"trials": 0}, "at least one trial"),
        ({"storage": "sqlite:///x.db"}, r"ends in \.log"),
        ({"storage": "x.sqlite"}, r"ends in \.log"),
    ],
)
def test_another_search_is_refused(
    case: Case,
    found: Tuned,
    changed: dict[str, Any],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        tune(**{"output": found.folder, "trials": 2, **arguments(case), **changed})


def test_other_values_or_texts_are_another_search(case: Case, found: Tuned, tmp_path: Path) -> None:
    config = tmp_path / "other.toml"
    text = case.config.read_text(encoding="utf-8").replace("high = 1e-2", "high = 2e-2")
    config.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"searched\.training\.learning_rate was"):
        tune(output=found.folder, trials=2, **arguments(case, config=config))
    before = case.dev.read_text(encoding="utf-8")
    try:
        case.dev.write_text(before.replace("happy", "sad"), encoding="utf-8")
        with pytest.raises(InputError, match="the data are not those"):
            tune(output=found.folder, trials=2, **arguments(case))
    finally:
        case.dev.write_text(before, encoding="utf-8")


def test_a_storage_and_a_folder_belong_together(case: Case, found: Tuned, tmp_path: Path) -> None:
    storage = found.folder / "tune.log"
    with pytest.raises(InputError, match="not of the same search"):
        tune(output=tmp_path / "new", trials=2, storage=storage, **arguments(case))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="found other files"):
        tune(output=tmp_path / "mine", trials=2, **arguments(case))
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_what_is_wrong_with_every_trial_is_said_before_anything_is_written(
    case: Case, tmp_path: Path
) -> None:
    for changed in ({"encoder": "no/such-encoder"}, {"dataset": "gone.csv"}):
        with pytest.raises(InputError, match=r"no/such-encoder|gone\.csv"):
            tune(output=tmp_path / "search", trials=2, **arguments(case, **changed))
    assert list(tmp_path.iterdir()) == []


def test_a_trial_that_is_worse_than_others_is_pruned(case: Case, tmp_path: Path) -> None:
    config = searched(
        case, tmp_path,
        'metric = "loss"\npruner_trials = 1\npruner_epochs = 1\n'
        "training.head_learning_rate = { choices = [0.0, 0.02] }\n",
    )  # fmt: skip
    settings = ["training.learning_rate=0"]  # with no rate at all, nothing is learnt
    given = arguments(case, config=config, settings=settings)
    found = tune(output=tmp_path / "search", trials=4, **given)
    pruned = [row for row in found.rows if row.state == "pruned"]
    assert pruned
    assert {row.values["training.head_learning_rate"] for row in pruned} == {0.0}
    assert {row.epochs for row in pruned} == {1}
    for row in pruned:
        names = {path.name for path in found.path(row).iterdir()}
        assert names == {"config.toml", "history.jsonl", "lock"}
    assert found.ended == 4
    assert found.best is not None
    assert found.best.values["training.head_learning_rate"] == 0.02


def test_a_failing_trial_is_recorded_and_the_rest_goes_on(case: Case, tmp_path: Path) -> None:
    config = searched(
        case, tmp_path, 'metric = "loss"\ntraining.learning_rate = { choices = [1e-3, 1e30] }\n'
    )
    given = arguments(case, config=config, settings=["training.most_skipped=2"])
    found = tune(output=tmp_path / "search", trials=3, **given)
    states = {row.values["training.learning_rate"]: row.state for row in found.rows}
    assert states == {1e-3: "complete", 1e30: "failed"}
    failed = [row for row in found.rows if row.state == "failed"]
    for row in failed:
        assert "training diverged" in row.reason
        assert not (found.path(row) / "checkpoints").exists()
    assert "training diverged" in (found.folder / "trials.csv").read_text(encoding="utf-8")
    assert found.ended == 3


@pytest.mark.slow
def test_a_search_whose_first_trials_all_fail_stops(case: Case, tmp_path: Path) -> None:
    config = searched(
        case, tmp_path, 'metric = "loss"\ntraining.learning_rate = { choices = [1e29, 1e30] }\n'
    )
    given = arguments(case, config=config, settings=["training.most_skipped=1"])
    with pytest.raises(OvertoneError, match=r"all of the first 5 trials failed.*diverged"):
        tune(output=tmp_path / "search", trials=9, **given)


def test_a_trial_that_was_killed_before_it_had_its_values_does_not_count(
    case: Case, tmp_path: Path
) -> None:
    tune(output=tmp_path / "search", trials=1, **arguments(case))
    study(tmp_path / "search" / "tune.log").ask()
    found = tune(output=tmp_path / "search", trials=2, **arguments(case))
    assert [row.state for row in found.rows] == ["complete", "failed", "complete"]
    assert found.ended == 2


def study(path: Path) -> optuna.Study:
    return storages.study(storages.open_(path), maximizes=False)


@pytest.mark.slow
def test_what_is_wrong_with_one_trial_s_values_is_recorded(case: Case, tmp_path: Path) -> None:
    encoders = f"['{case.encoder}', 'no/such-encoder']"
    config = searched(
        case, tmp_path, f'metric = "jaccard"\nmodel.encoder = {{ choices = {encoders} }}\n'
    )
    given = arguments(case, config=config, encoder=None)
    found = tune(output=tmp_path / "search", trials=3, **given)
    states = {str(row.values["model.encoder"]): (row.state, row.reason) for row in found.rows}
    assert states[str(case.encoder)] == ("complete", "")
    state, reason = states["no/such-encoder"]
    assert state == "failed"
    assert "no/such-encoder" in reason


def test_a_full_disk_ends_the_search_and_costs_no_trial(case: Case, tmp_path: Path) -> None:
    """No file may grow beyond some kilobytes here, which the weights do."""
    given = arguments(case)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(OvertoneError, match=r"trial 0: .*(with|and) the same command"):
            tune(output=tmp_path / "search", trials=1, **given)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    found = tune(output=tmp_path / "search", trials=1, **given)
    assert [(row.number, row.state) for row in found.rows] == [(0, "complete")]
