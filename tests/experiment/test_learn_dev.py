"""A soup that learns dev: all of it is learnt, and none of it is scored by who has seen it."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file as arrays_of
from safetensors.numpy import save_file
from safetensors.torch import load_file

import overtone
from overtone import bundle, data
from overtone.bundle import OUT_OF_FOLD, Bundle
from overtone.errors import BundleError, ConfigError, InputError
from overtone.experiment import card, crossvalidate, dev_folds, export, fit, folds, unseen
from overtone.experiment.compare import compare
from overtone.experiment.decide import decide
from overtone.experiment.fit import Run
from overtone.experiment.parts import Parts, prepare
from overtone.experiment.recipe import compose
from overtone.inputs import batches
from overtone.training import ranks, soup, trainer
from overtone.training.stopping import Interrupted

FAST = [
    "training.epochs=2", "training.device=cpu", "training.head_learning_rate=0.02",
    "training.soup=3", "training.learn_dev=true", "decision.name=per_label",
]  # fmt: skip


@pytest.fixture(scope="module")
def learnt(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("learnt") / "run"
    return overtone.train("sample", folder, init=trained.path, settings=FAST)


@pytest.fixture
def parts(trained: Run) -> Parts:
    return prepare(compose(dataset="sample", init=trained.path, settings=FAST), None)


def test_each_dev_text_is_learnt_by_all_trainings_but_one(parts: Parts) -> None:
    found = dev_folds.members(parts)
    assert len(found) == 3
    unseen_rows = np.sort(np.concatenate([member.unseen for member in found]))
    np.testing.assert_array_equal(unseen_rows, np.arange(len(parts.dev)))
    for member in found:
        own = member.parts
        learns = [text for text in parts.dev.texts if text not in own.dev.texts]
        assert list(own.train.texts) == [*parts.train.texts, *learns]
        assert set(own.dev.texts) | set(learns) == set(parts.dev.texts)
        assert not set(own.dev.texts) & set(learns)
        # The rows that are trained on are those texts, with their own labels.
        targets = member.training_data(data.truth(parts.train)).of(np.arange(2))[0].targets
        np.testing.assert_array_equal(targets, data.truth(own.train))
        assert len(own.train_encoded) == len(own.train)
        assert len(own.dev_encoded) == len(own.dev)
        alone = own.inputs.collate(own.dev_encoded, np.arange(1))["input_ids"]
        whole = parts.inputs.collate(parts.dev_encoded, member.unseen[:1])["input_ids"]
        np.testing.assert_array_equal(alone, whole)


def test_texts_without_truth_are_learnt_by_none(parts: Parts) -> None:
    fold = np.arange(len(parts.dev)) % 3
    fold[[0, 5]] = folds.EVERY
    found = [dev_folds._member(parts, fold, number) for number in range(3)]
    for member in found:
        assert {0, 5} <= set(member.unseen)
        assert not {parts.dev.texts[0], parts.dev.texts[5]} & set(
            member.parts.train.texts[len(parts.train) :]
        )
    model = parts.pretrained.model
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    others = [{key: tensor + number for key, tensor in before.items()} for number in range(3)]
    marks = iter(range(3))

    def logits_of(own: Parts) -> NDArray[np.float32]:
        number = next(marks)
        key = next(iter(before))
        torch.testing.assert_close(model.state_dict()[key], others[number][key])
        return np.full((len(own.dev), len(own.dev.labels)), number, np.float32)

    logits = dev_folds.unseen_logits(model, found, others, logits_of)
    np.testing.assert_array_equal(logits[[0, 5]], 1)  # the mean of 0, 1 and 2
    for number in range(3):
        np.testing.assert_array_equal(logits[fold == number], number)
    for key, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, before[key])


def test_it_is_the_mean_of_trainings_and_scored_by_each_on_what_that_has_not_seen(
    parts: Parts, learnt: Run, tmp_path: Path
) -> None:
    """Each training done again by itself gives the same weights, and says the same of its part."""
    config, team = parts.recipe.training, ranks.join(cpu=True, shard=False)
    kept = arrays_of(learnt.bundle.file(OUT_OF_FOLD))["probabilities"]
    first = {key: tensor.clone() for key, tensor in parts.pretrained.model.state_dict().items()}
    model, parts_of_mean = parts.pretrained.model, []
    for number, member in enumerate(dev_folds.members(parts)):
        model.load_state_dict(first)
        trainer.fit(
            model,
            parts.loss,
            member.training_data(data.truth(parts.train)),
            partial(fit._validate, member.parts, team),
            dataclasses.replace(config, seed=soup._seed(config.seed, number), soup=1),
            tmp_path / str(number),
            quiet=True,
        )
        said = batches.sigmoid(fit._dev_logits(member.parts, team, model))
        np.testing.assert_allclose(kept[member.unseen], said, atol=1e-6)
        parts_of_mean.append({key: t.clone() for key, t in model.state_dict().items()})
    for key, tensor in load_file(learnt.bundle.file(bundle.WEIGHTS)).items():
        mean = torch.stack([each[key] for each in parts_of_mean]).double().mean(0)
        torch.testing.assert_close(tensor, mean.to(tensor.dtype), rtol=1e-5, atol=1e-6)


def test_wherever_it_is_scored_on_dev_it_is_so_by_them(
    trained: Run, learnt: Run, tmp_path: Path
) -> None:
    kept = arrays_of(learnt.bundle.file(OUT_OF_FOLD))["probabilities"]
    model = overtone.load(learnt.path)
    dev = data.load("sample", "dev")
    own = model.uncalibrated(dev.texts)
    assert not np.allclose(own, kept, atol=1e-3)  # it has seen them, and is a mean
    found = overtone.evaluate(model, "sample", split="dev")
    assert found.out_of_fold
    assert found.cross_fitted
    assert len(found.notes) == 2
    assert found.to_json()["out_of_fold"] is True
    for name, value in found.scores.to_json().items():
        assert value == learnt.metrics["dev"][name], name
    other = overtone.evaluate(model, "sample", split="test")
    assert not other.out_of_fold
    assert not other.notes
    assert overtone.evaluate(model, "sample", split="dev", threshold=0.5).out_of_fold
    half = decide(learnt.path, "sample", tmp_path / "half", decision={"name": "threshold"})
    truth = data.truth(dev)
    same = (truth > 0.5) & (kept > 0.5)
    f1 = 2 * same.sum() / ((truth > 0.5).sum() + (kept > 0.5).sum())
    assert half.scores["now"]["f1_micro"] == pytest.approx(f1)
    assert half.bundle.manifest.learnt == learnt.bundle.manifest.learnt
    again = overtone.evaluate(half.bundle.path, "sample", split="dev")  # kept with the new decision
    assert again.out_of_fold
    assert again.scores.f1_micro == pytest.approx(f1)
    both = compare(learnt.path, trained.path, "sample", split="dev", resamples=100)
    assert both.out_of_fold
    assert "has learnt these texts" in both.scope
    assert both.a.scores["f1_micro"] == pytest.approx(learnt.metrics["dev"]["f1_micro"])


def test_its_card_says_so(trained: Run, learnt: Run) -> None:
    text = learnt.bundle.card()
    assert "split train and dev |" in text
    assert "has learnt dev, too. It is the mean of 3 trainings" in text
    assert "chose the epoch that was kept, so expect" not in text
    assert text == card.write(learnt.bundle.manifest)
    assert "learnt dev" not in trained.bundle.card()


def test_asked_for_other_labels_it_warns(learnt: Run, caplog: pytest.LogCaptureFixture) -> None:
    found = overtone.evaluate(learnt.path, "sample", split="dev", labels=["joy", "anger"])
    assert not found.out_of_fold
    assert "has learnt these very texts" in caplog.text


def test_an_export_of_it_is_not_scored_on_what_it_has_seen(learnt: Run, tmp_path: Path) -> None:
    made = export.export(learnt.path, tmp_path / "onnx", dataset="sample")
    with pytest.raises(InputError, match="an export has no probabilities of before"):
        overtone.evaluate(made.bundle.path, "sample", split="dev")
    assert overtone.evaluate(made.bundle.path, "sample", split="test").scores.n


def test_no_other_model_learns_from_it_to_be_scored_on_the_same_dev(
    learnt: Run, tmp_path: Path
) -> None:
    for given in ({"init": learnt.path}, {"teachers": [learnt.path]}):
        with pytest.raises(InputError, match="has learnt the texts of this dev split"):
            overtone.train("sample", tmp_path / "run", **given)
        assert not (tmp_path / "run").exists()


def test_a_folder_of_which_a_part_is_lost_is_refused(learnt: Run, tmp_path: Path) -> None:
    def saved(name: str, rows: int) -> Bundle:
        def write(path: Path) -> None:
            path.write_bytes(learnt.bundle.file(bundle.WEIGHTS).read_bytes())
            save_file({name: np.zeros((rows, 11), np.float32)}, path.with_name(OUT_OF_FOLD))

        return bundle.save(
            tmp_path / f"{name}-{rows}", learnt.bundle.manifest, write,
            learnt.bundle.file(bundle.TOKENIZER).read_text(encoding="utf-8"), "card",
        )  # fmt: skip

    for name, rows in (("probabilities", 3), ("others", len(data.load("sample", "dev")))):
        with pytest.raises(BundleError, match=OUT_OF_FOLD):
            overtone.evaluate(saved(name, rows).path, "sample", split="dev")


def test_it_ends_in_the_same_bits_wherever_it_was_stopped(
    trained: Run, learnt: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner, calls = trainer.fit, list[str]()

    def stopping(*args: object, **kwargs: object) -> object:
        calls.append("fit")
        if len(calls) == 3:
            raise Interrupted(15, "stopped")
        return inner(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(trainer, "fit", stopping)
    folder = tmp_path / "run"
    with pytest.raises(Interrupted):
        overtone.train("sample", folder, init=trained.path, settings=FAST)
    again = overtone.train("sample", folder, init=trained.path, settings=FAST, resume=True)
    assert len(calls) == 4
    for name in (bundle.WEIGHTS, OUT_OF_FOLD):
        assert again.bundle.file(name).read_bytes() == learnt.bundle.file(name).read_bytes()
    assert again.bundle.manifest.decision == learnt.bundle.manifest.decision


def test_one_training_has_nobody_to_learn_dev_for_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"set training\.soup to 2 or more"):
        overtone.train("sample", tmp_path / "run", settings=["training.learn_dev=true"])


def test_more_trainings_than_dev_has_texts_are_refused(trained: Run, tmp_path: Path) -> None:
    table = tmp_path / "few.csv"
    rows = [f"a text {row},{row % 2},{(row + 1) % 2}\n" for row in range(12)]
    table.write_text("text,joy,anger\n" + "".join(rows), encoding="utf-8")
    with pytest.raises(InputError, match="expected at least 2 folds and a text for each"):
        overtone.train(
            str(table), tmp_path / "run", init=trained.path, settings=[*FAST, "training.soup=9"]
        )


def test_a_cross_validation_of_it_has_models_that_learn_dev(trained: Run, tmp_path: Path) -> None:
    recipe = compose(dataset="sample", init=trained.path, settings=[*FAST, "training.epochs=1"])
    assert recipe.training.learn_dev
    found = crossvalidate.crossvalidate(
        "sample", tmp_path / "cv", init=trained.path, folds=2,
        settings=[*FAST, "training.epochs=1"],
    )  # fmt: skip
    assert found
    for fold in range(2):
        own = bundle.load(tmp_path / "cv" / f"fold-{fold}" / "bundle")
        assert own.manifest.learnt == unseen.note(data.load("sample", "dev"))
