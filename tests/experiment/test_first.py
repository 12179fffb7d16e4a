"""A model that is trained first: one run of what would be two, stopped and resumed as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import overtone
from overtone import bundle
from overtone.errors import ConfigError, InputError
from overtone.experiment.estimator import EmotionClassifier
from overtone.experiment.first import recipe_of
from overtone.experiment.recipe import compose
from overtone.experiment.train import dry_run
from overtone.training import trainer
from overtone.training.stopping import Interrupted

FAST = ("training.epochs=1", "training.device=cpu", "training.head_learning_rate=0.02")


@pytest.fixture
def first(bert: Path, tmp_path: Path) -> Path:
    """A recipe for a table with other labels than the sample's."""
    rows = "\n".join(f"so {word} today,{n % 2},{n % 3 % 2}" for n, word in enumerate(WORDS * 4))
    (tmp_path / "own.csv").write_text(f"text,warm,cold\n{rows}\n", encoding="utf-8")
    path = tmp_path / "first.toml"
    path.write_text(
        f'[data]\nname = "{tmp_path / "own.csv"}"\n[model]\nencoder = "{bert}"\n'
        "[training]\nepochs = 1\nhead_learning_rate = 0.01\n",
        encoding="utf-8",
    )
    return path


WORDS = ["happy", "terrible", "sea", "bus", "soup", "friends", "joke", "match"]


def settings(first: Path) -> list[str]:
    return [*FAST, f"init.recipe={first}", "training.seed=3"]


def test_it_is_the_same_as_two_runs(bert: Path, first: Path, tmp_path: Path) -> None:
    both = overtone.train("sample", tmp_path / "both", encoder=str(bert), settings=settings(first))
    one = overtone.train(
        None, tmp_path / "one", config=first, seed=3, settings=["training.device=cpu"]
    )
    other = overtone.train(
        "sample", tmp_path / "other", init=one.path, settings=[*FAST, "training.seed=3"]
    )
    weights = [run.bundle.file(bundle.WEIGHTS).read_bytes() for run in (both, other)]
    assert weights[0] == weights[1]
    assert sorted(path.name for path in both.path.iterdir()) == sorted(
        path.name for path in other.path.iterdir()
    )
    said = both.bundle.manifest.config["init"]
    assert said == {"model": "", "sha256": "", "recipe": str(first)}


def test_it_goes_on_wherever_it_was_stopped(
    bert: Path, first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the first model, then in the second; with teachers on folds between them."""
    taught = [*settings(first), "teacher.folds=2"]
    whole = overtone.train("sample", tmp_path / "whole", encoder=str(bert), settings=taught)
    fit, names, folder = trainer.fit, list[str](), tmp_path / "run"

    def stopping(*args: object, **kwargs: object) -> object:
        names.append(Path(str(args[5])).name)
        if len(names) in {1, 3, 5}:
            raise Interrupted(15, "stopped")
        return fit(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(trainer, "fit", stopping)
    for resume in (False, True, True):
        with pytest.raises(Interrupted):
            overtone.train("sample", folder, encoder=str(bert), settings=taught, resume=resume)
    again = overtone.train("sample", folder, encoder=str(bert), settings=taught, resume=True)
    assert names == ["first", "first", "fold-0", "fold-0", "fold-1", "fold-1", "run"]
    weights = [run.bundle.file(bundle.WEIGHTS).read_bytes() for run in (whole, again)]
    assert weights[0] == weights[1]


def test_another_first_recipe_is_refused_on_resume(
    bert: Path, first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopping(*_: object, **__: object) -> None:
        raise Interrupted(15, "stopped")

    monkeypatch.setattr(trainer, "fit", stopping)
    with pytest.raises(Interrupted):
        overtone.train("sample", tmp_path / "run", encoder=str(bert), settings=settings(first))
    first.write_text(first.read_text().replace("epochs = 1", "epochs = 2"), encoding="utf-8")
    with pytest.raises(InputError, match=r"training\.epochs was 1, now 2"):
        overtone.train(
            "sample", tmp_path / "run", encoder=str(bert), settings=settings(first), resume=True
        )


def test_what_is_wrong_with_the_rest_is_found_first(
    bert: Path, first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a run that was stopped in its first model keeps to its own recipe."""
    calls: list[object] = []

    def stopping(*arguments: object, **_: object) -> None:
        calls.append(arguments)
        raise Interrupted(15, "stopped")

    monkeypatch.setattr(trainer, "fit", stopping)
    given = [*settings(first), "training.soup=2", "training.lora=2"]
    with pytest.raises(InputError, match="averages whole weights"):
        overtone.train("sample", tmp_path / "bad", encoder=str(bert), settings=given)
    assert not calls
    assert not (tmp_path / "bad").exists()
    with pytest.raises(Interrupted):
        overtone.train("sample", tmp_path / "run", encoder=str(bert), settings=settings(first))
    with pytest.raises(InputError, match=r"training\.clip was 1\.0, now 0\.5"):
        overtone.train(None, tmp_path / "run", settings=["training.clip=0.5"], resume=True)
    with pytest.raises(Interrupted):
        overtone.train(None, tmp_path / "run", resume=True)


def test_a_dry_run_checks_both(bert: Path, first: Path, tmp_path: Path) -> None:
    recipe = compose(dataset="sample", encoder=str(bert), settings=settings(first))
    assert f'recipe = "{first}"' in dry_run(recipe, None)
    (tmp_path / "own.csv").unlink()
    with pytest.raises(InputError, match=r"own\.csv"):
        dry_run(recipe, None)


def test_what_can_not_be_is_refused(bert: Path, first: Path, tmp_path: Path) -> None:
    given: dict[str, Any] = {"dataset": "sample", "encoder": str(bert)}
    with pytest.raises(ConfigError, match=r"init\.recipe: .*found neither at"):
        compose(**given, settings=["init.recipe=best/none"])
    with pytest.raises(ConfigError, match=r"same shape, found name 'spanemo' there and 'cls_head'"):
        compose(**given, model="cls_head", settings=[f"init.recipe={first}"])
    second = tmp_path / "second.toml"
    second.write_text(f'[data]\nname = "sample"\n[init]\nrecipe = "{first}"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="wants a model before it too"):
        compose(**given, settings=[f"init.recipe={second}"])
    run = overtone.train("sample", tmp_path / "run", encoder=str(bert), settings=FAST)
    with pytest.raises(ConfigError, match="starts from one model"):
        compose(dataset="sample", init=run.path, settings=[f"init.recipe={first}"])


def test_an_estimator_says_that_it_trains_nothing_first(bert: Path, first: Path) -> None:
    model = EmotionClassifier(encoder=str(bert), settings=[f"init.recipe={first}", *FAST])
    with pytest.raises(InputError, match="which overtone train does"):
        model.fit(["so happy", "so cold"] * 8, [["joy"], []] * 8)


def test_its_encoder_is_that_of_the_run_and_another_family_does_without(
    first: Path, tmp_path: Path
) -> None:
    second = tmp_path / "second.toml"
    second.write_text(f'[data]\nname = "sample"\n[init]\nrecipe = "{first}"\n', encoding="utf-8")
    found = compose(second, encoder="another", seed=7, settings=["training.batch_tokens=99"])
    before = recipe_of(found)
    assert before.model.options["encoder"] == "another"
    assert (before.training.seed, before.training.batch_tokens) == (7, 99)
    assert before.training.head_learning_rate == 0.01
    assert compose(second, model="tfidf").init.recipe == ""


def test_folds_start_from_it(bert: Path, first: Path, tmp_path: Path) -> None:
    found = overtone.crossvalidate(
        "sample", tmp_path / "cv", folds=2, encoder=str(bert), settings=settings(first)
    )
    assert found.texts
    assert (tmp_path / "cv" / "first" / "bundle").is_dir()
