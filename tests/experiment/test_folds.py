"""Models on folds: who is trained on what, what each says, and teachers that are made so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import overtone
from overtone import data
from overtone.data import Split
from overtone.errors import ConfigError, InputError
from overtone.experiment import folds
from overtone.experiment.fit import Run, in_folder
from overtone.experiment.recipe import compose
from overtone.labels import Labels
from overtone.training import ranks, trainer
from overtone.training.stopping import Interrupted

ALONE = ranks.join(cpu=True)
FAST = ("training.epochs=1", "training.device=cpu", "training.head_learning_rate=0.02")


def split_of(rows: int, gaps: int = 0) -> Split:
    """Return texts of which every second one has a twin, the last ones without truth."""
    texts = tuple(f"text {row // 2 if row % 4 < 2 else row}" for row in range(rows))
    targets = np.asarray([[row % 3 == 0, row % 5 == 0] for row in range(rows)], dtype=np.float32)
    targets[rows - gaps :] = np.nan
    ids = tuple(map(str, range(rows)))
    return Split("made", "train", ids, texts, Labels.of("joy", "fear"), targets)


def test_folds_are_stratified_and_equal_texts_are_together() -> None:
    split = split_of(600, gaps=20)
    found = folds.divide(split, 5, 0)
    assert (found[580:] == folds.EVERY).all()
    sizes = np.bincount(found[:580])
    assert len(sizes) == 5
    assert sizes.max() - sizes.min() <= 2
    truth = data.truth(split)[:580]
    shares = np.asarray([truth[found[:580] == fold].mean(axis=0) for fold in range(5)])
    np.testing.assert_allclose(shares, np.tile(truth.mean(axis=0), (5, 1)), atol=0.02)
    fold_of: dict[str, set[int]] = {}
    for text, fold in zip(split.texts[:580], found, strict=False):
        fold_of.setdefault(text, set()).add(int(fold))
    assert max(map(len, fold_of.values())) == 1
    np.testing.assert_array_equal(found, folds.divide(split, 5, 0))
    assert (found != folds.divide(split, 5, 1)).any()


@pytest.mark.parametrize("count", [0, 1, 9])
def test_too_few_folds_or_texts_are_refused(count: int) -> None:
    with pytest.raises(InputError, match=r"at least 2 folds and a text for each, found \d folds"):
        folds.divide(split_of(8), count, 0)


def test_texts_that_are_all_the_same_make_no_folds() -> None:
    split = split_of(2)
    with pytest.raises(InputError, match="2 folds of texts or groups that differ, found 1"):
        folds.divide(split, 2, 0)


def test_each_text_is_asked_of_the_model_that_has_not_seen_it(bert: Path, tmp_path: Path) -> None:
    """Texts without truth are asked of all; every other one of the one model, in its fold's run."""
    recipe = compose(dataset="sample", encoder=str(bert), settings=FAST)
    train, dev = data.load("sample", "train"), data.load("sample", "dev")
    truth = data.truth(train).copy()
    truth[-3:] = np.nan
    train = Split(train.dataset, "train", train.ids, train.texts, train.labels, truth)
    seen: list[frozenset[str]] = []

    def trained(make: folds.Make, folder: Path) -> Path:
        parts = make()
        seen.append(frozenset(parts.train.ids))
        return in_folder(lambda: parts, folder, team=ALONE, quiet=True).path

    found = folds.probabilities(recipe, (train, dev), tmp_path, 2, trained)
    models = [overtone.load(tmp_path / f"fold-{fold}") for fold in range(2)]
    said = [model.uncalibrated(train.texts) for model in models]
    for row, (identifier, fold) in enumerate(zip(train.ids, found.folds, strict=True)):
        if fold == folds.EVERY:
            assert row >= len(train) - 3
            assert not any(identifier in ids for ids in seen)
            wanted = (said[0][row] + said[1][row]) / 2
        else:
            assert [identifier in ids for ids in seen] == [fold != 0, fold != 1]
            wanted = said[fold][row]
        np.testing.assert_allclose(found.probabilities[row], wanted, atol=1e-6)


@pytest.fixture
def more(tmp_path: Path) -> Path:
    """A file of texts without labels."""
    file = tmp_path / "more.csv"
    file.write_text("text\nwe will see the sea\nthe soup was cold\n", encoding="utf-8")
    return file


def train(bert: Path, folder: Path, more: Path, *, resume: bool = False) -> Run:
    return overtone.train(
        "sample", folder, encoder=str(bert), teacher_texts=[more],
        settings=[*FAST, "teacher.folds=2", "teacher.weight=0.7"], resume=resume,
    )  # fmt: skip


def test_a_student_of_folds_ends_in_the_same_bits_wherever_it_was_stopped(
    bert: Path, tmp_path: Path, more: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the second teacher; then between teachers and student; then not at all."""
    whole = train(bert, tmp_path / "whole", more)
    assert not (tmp_path / "whole" / "checkpoints").exists()  # nor the teachers in it
    fit, folder = trainer.fit, tmp_path / "stopped"
    calls: list[Path] = []

    def stopping(*args: object, **kwargs: object) -> object:
        calls.append(Path(str(args[5])))
        if len(calls) in {2, 4}:
            raise Interrupted(15, "stopped")
        return fit(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(trainer, "fit", stopping)
    for resume in (False, True):
        with pytest.raises(Interrupted):
            train(bert, folder, more, resume=resume)
    again = train(bert, folder, more, resume=True)
    names = [path.name for path in calls]
    # No teacher that was finished is trained again.
    assert names == ["fold-0", "fold-1", "fold-1", "stopped", "stopped"]
    weights = [run.bundle.file("model.safetensors").read_bytes() for run in (whole, again)]
    assert weights[0] == weights[1]
    plain = overtone.train("sample", tmp_path / "plain", encoder=str(bert), settings=FAST)
    assert plain.bundle.file("model.safetensors").read_bytes() != weights[0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["teacher.folds=1"], "teacher.folds needs two folds at least"),
        (["teacher.folds=3", "model.name=tfidf"], "fitted by a solver takes no soft labels"),
        (["teacher.folds=101"], "teacher.folds"),
        (['teacher.texts=["sample"]'], "or set teacher.folds"),
    ],
)
def test_what_can_not_be_is_refused(settings: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compose(dataset="sample", settings=settings)


def test_teachers_are_named_or_made(trained: Run) -> None:
    with pytest.raises(ConfigError, match=r"either named or trained on teacher\.folds"):
        compose(dataset="sample", teachers=[trained.path], settings=["teacher.folds=2"])
