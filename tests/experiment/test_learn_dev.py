"""A soup that learns dev: all of it is learnt, and none of it is scored by who has seen it."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from safetensors.torch import load_file

import overtone
from overtone import bundle, data
from overtone.bundle import LEARNT, Bundle
from overtone.errors import BundleError, ConfigError, InputError
from overtone.experiment import card, crossvalidate, dev_folds, export, fit, folds, learnt, train
from overtone.experiment.check_data import _Asked, check_data
from overtone.experiment.compare import compare
from overtone.experiment.cooccur import cooccur
from overtone.experiment.decide import decide
from overtone.experiment.fit import Run
from overtone.experiment.parts import Parts, prepare
from overtone.experiment.recipe import compose
from overtone.inputs import batches
from overtone.training import ranks, soup, trainer
from overtone.training.stopping import Interrupted

SOUP = ["training.device=cpu", "training.soup=3", "training.learn_dev=true"]
FAST = [
    *SOUP, "training.epochs=2", "training.head_learning_rate=0.02", "decision.name=per_label",
]  # fmt: skip


@pytest.fixture(scope="module")
def made(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("learnt") / "run"
    return overtone.train("sample", folder, init=trained.path, settings=FAST)


@pytest.fixture
def parts(trained: Run) -> Parts:
    return prepare(compose(dataset="sample", init=trained.path, settings=FAST), None)


def kept_of(run: Run) -> NDArray[np.float32]:
    """Return what is kept of the sample's dev split, (n, C)."""
    model, dev = overtone.load(run.path), data.load("sample", "dev")
    nothing = np.full((len(dev), len(dev.labels)), np.nan, np.float32)
    found, known = learnt.instead(model, dev.texts, nothing)
    assert known.all()
    return found


def write_table(path: Path, rows: Sequence[Sequence[object]]) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text", "joy", "anger"], *rows])
    return str(path)


# --- what is learnt, and by whom --------------------------------------------------------------


def test_each_dev_text_is_learnt_by_all_trainings_but_one(parts: Parts) -> None:
    found = dev_folds.members(parts)
    assert len(found) == 3
    unseen = np.sort(np.concatenate([member.unseen for member in found]))
    np.testing.assert_array_equal(unseen, np.arange(len(parts.dev)))
    truth, dev_truth = data.truth(parts.train), data.truth(parts.dev)
    for member in found:
        both = np.sort(np.concatenate([member.learnt, member.unseen]))
        np.testing.assert_array_equal(both, np.arange(len(parts.dev)))
        trained_on, rows = member.training_data(truth).of(np.arange(2))
        np.testing.assert_array_equal(rows, np.arange(2))
        want = np.concatenate([truth, dev_truth[member.learnt]])
        np.testing.assert_array_equal(trained_on.targets, want)
        dev_ids = [parts.dev.ids[row] for row in member.learnt]
        assert list(trained_on.ids) == [*parts.train.ids, *dev_ids]
        # The tokens of the last text are those of that dev text.
        last = np.array([len(trained_on) - 1])
        tokens = trained_on.inputs.collate(trained_on.encoded, last)["input_ids"]
        same = parts.inputs.collate(parts.dev_encoded, member.learnt[-1:])["input_ids"]
        np.testing.assert_array_equal(tokens, same)
        own = member.scored()
        assert own.dev.texts == tuple(parts.dev.texts[row] for row in member.unseen)
        assert len(own.dev_encoded) == len(own.dev)


def test_without_the_option_every_training_has_all_of_it(trained: Run) -> None:
    plain = ["training.soup=2", "training.device=cpu"]
    parts = prepare(compose(dataset="sample", init=trained.path, settings=plain), None)
    for member in dev_folds.members(parts):
        assert member.scored() is parts
        assert len(member.training_data(data.truth(parts.train))) == len(parts.train)


def test_texts_without_truth_are_learnt_by_none(parts: Parts) -> None:
    truth = data.truth(parts.dev).copy()
    truth[[0, 5]] = np.nan
    parts = dataclasses.replace(parts, dev=dataclasses.replace(parts.dev, targets=truth))
    found = dev_folds.members(parts)
    for member in found:
        assert {0, 5} <= set(member.unseen)
        assert not {0, 5} & set(member.learnt)
    model = parts.pretrained.model
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    others = [{key: tensor + number for key, tensor in before.items()} for number in range(3)]
    numbers = iter(range(3))

    def logits_of(own: Parts) -> NDArray[np.float32]:
        number = next(numbers)
        key = next(iter(before))
        torch.testing.assert_close(model.state_dict()[key], others[number][key])
        return np.full((len(own.dev), len(own.dev.labels)), number, np.float32)

    logits = dev_folds.unseen_logits(model, found, others, logits_of)
    np.testing.assert_array_equal(logits[[0, 5]], 1)  # the mean of 0, 1 and 2
    for number, member in enumerate(found):
        np.testing.assert_array_equal(logits[np.setdiff1d(member.unseen, [0, 5])], number)
    for key, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, before[key])


def test_it_is_the_mean_of_trainings_and_scored_by_each_on_what_that_has_not_seen(
    parts: Parts, made: Run, tmp_path: Path
) -> None:
    """Each training done again by itself gives the same weights, and says the same of its part."""
    config, team = parts.recipe.training, ranks.join(cpu=True, shard=False)
    kept, model, alone = kept_of(made), parts.pretrained.model, []
    first = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    for number, member in enumerate(dev_folds.members(parts)):
        model.load_state_dict(first)
        trainer.fit(
            model,
            parts.loss,
            member.training_data(data.truth(parts.train)),
            partial(fit._validate, member.scored(), team),
            dataclasses.replace(config, seed=soup._seed(config.seed, number), soup=1),
            tmp_path / str(number),
            quiet=True,
        )
        said = batches.sigmoid(fit._dev_logits(member.scored(), team, model))
        np.testing.assert_allclose(kept[member.unseen], said, atol=1e-6)
        alone.append({key: tensor.clone() for key, tensor in model.state_dict().items()})
    for key, tensor in load_file(made.bundle.file(bundle.WEIGHTS)).items():
        mean = torch.stack([each[key] for each in alone]).double().mean(0)
        torch.testing.assert_close(tensor, mean.to(tensor.dtype), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("taught", [False, True])
def test_a_text_s_own_truth_has_no_say_in_what_is_kept_of_it(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, taught: bool
) -> None:
    """Turned round, it changes what is said of texts in the other part, not of its own."""
    rows = [[f"{word} number {n}", n % 2, (n // 2) % 2] for n in range(24) for word in ("a", "the")]
    file = write_table(tmp_path / "train.csv", rows)
    half = np.arange(16) % 2
    monkeypatch.setattr(
        folds, "divide", lambda split, *_: half if len(split) == 16 else np.arange(len(split)) % 2
    )  # the division is by truth: turning one round would move texts
    settings = [
        "training.soup=2", "training.learn_dev=true", "training.epochs=1", "training.device=cpu",
        "training.least_steps=0", "training.head_learning_rate=0.05",
        f"teacher.folds={2 * taught}",
    ]  # fmt: skip
    found = []
    for turned in (0, 1):
        dev = [[f"this is dev {n}", n % 2, (n // 2) % 2] for n in range(16)]
        dev[4][1] = turned
        folder = tmp_path / str(turned)
        run = overtone.train(
            file, folder, init=trained.path, settings=settings,
            data={"dev": write_table(tmp_path / f"dev-{turned}.csv", dev)},
        )  # fmt: skip
        found.append(learnt.read(run.bundle))
    np.testing.assert_array_equal(found[0].texts, found[1].texts)
    own = np.isin(found[0].texts, learnt.of(["this is dev 4"], np.zeros((1, 2), np.float32)).texts)
    same = (found[0].probabilities == found[1].probabilities).all(axis=1)
    assert same[own].all()
    assert not same.all()


def test_it_ends_in_the_same_bits_wherever_it_was_stopped(
    trained: Run, made: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    for name in (bundle.WEIGHTS, LEARNT):
        assert again.bundle.file(name).read_bytes() == made.bundle.file(name).read_bytes()
    assert again.bundle.manifest.decision == made.bundle.manifest.decision


# --- how it is scored -------------------------------------------------------------------------


def test_wherever_it_is_scored_on_dev_it_is_so_by_them(
    trained: Run, made: Run, tmp_path: Path
) -> None:
    kept, dev = kept_of(made), data.load("sample", "dev")
    model, truth = overtone.load(made.path), data.truth(dev)
    assert not np.allclose(model.uncalibrated(dev.texts), kept, atol=1e-3)
    found = overtone.evaluate(model, "sample", split="dev")
    assert found.out_of_fold == len(dev)
    assert found.cross_fitted
    assert len(found.notes) == 2
    assert found.to_json()["out_of_fold"] == len(dev)
    for name, value in found.scores.to_json().items():
        assert value == made.metrics["dev"][name], name
    other = overtone.evaluate(model, "sample", split="test")
    assert (other.out_of_fold, other.notes) == (0, [])
    half = decide(made.path, "sample", tmp_path / "half", decision={"name": "threshold"})
    f1 = 2 * ((truth > 0.5) & (kept > 0.5)).sum() / ((truth > 0.5).sum() + (kept > 0.5).sum())
    assert half.scores["now"]["f1_micro"] == pytest.approx(f1)
    again = overtone.evaluate(half.bundle.path, "sample", split="dev")  # kept with the new decision
    assert again.out_of_fold == len(dev)
    assert again.scores.f1_micro == pytest.approx(f1)
    both = compare(made.path, trained.path, "sample", split="dev", resamples=100)
    assert both.out_of_fold == len(dev)
    assert "has learnt texts of these" in both.scope
    assert both.a.scores["f1_micro"] == pytest.approx(made.metrics["dev"]["f1_micro"])
    together = cooccur(made.path, "sample", split="dev")
    assert together.notes == found.notes


def test_a_part_of_dev_in_another_order_with_other_texts_is_known(
    made: Run, tmp_path: Path
) -> None:
    dev, kept = data.load("sample", "dev"), kept_of(made)
    rows = np.random.default_rng(0).permutation(len(dev))[:20]
    names = dev.labels.names[::-1]
    columns = [dev.labels.names.index(name) for name in names]
    path = tmp_path / "part.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", *names])
        for row in rows:
            cells = data.truth(dev)[row, columns].astype(int)
            writer.writerow([f"  {dev.texts[row].upper()}", *cells])
        writer.writerow(["a text of nobody's", *np.eye(len(names), dtype=int)[0]])
    found = overtone.evaluate(made.path, str(path), threshold=0.5)
    assert found.out_of_fold == 20
    truth, said = data.truth(dev)[rows], kept[rows] > 0.5
    own = overtone.load(made.path).uncalibrated(["a text of nobody's"])
    truth = np.vstack([truth, np.eye(len(names))[0][columns][None]])
    said = np.vstack([said, own > 0.5])
    f1 = 2 * ((truth > 0.5) & said).sum() / ((truth > 0.5).sum() + said.sum())
    assert found.scores.f1_micro == pytest.approx(f1)


def test_its_own_labels_in_another_order_are_its_own(made: Run) -> None:
    names = overtone.load(made.path).labels.names
    model = overtone.load(made.path, labels=list(names[::-1]))
    found = overtone.evaluate(model, "sample", split="dev", threshold=0.5)
    plain = overtone.evaluate(made.path, "sample", split="dev", threshold=0.5)
    assert found.out_of_fold == plain.out_of_fold
    assert found.scores.f1_micro == pytest.approx(plain.scores.f1_micro)


def test_asked_for_other_labels_it_has_nothing_to_be_scored_by(made: Run) -> None:
    with pytest.raises(InputError, match=r"has learnt .* of these .*asked for all of its labels"):
        overtone.evaluate(made.path, "sample", split="dev", labels=["joy", "anger"])
    assert overtone.evaluate(made.path, "sample", split="test", labels=["joy"]).scores.n


def test_an_export_has_nothing_to_be_scored_by(made: Run, tmp_path: Path) -> None:
    done = export.export(made.path, tmp_path / "onnx", dataset="sample")
    assert done.parity.texts_of == "sample, dev, which the model has learnt"
    with pytest.raises(InputError, match="of an export, the model that it was made from"):
        overtone.evaluate(done.bundle.path, "sample", split="dev")
    assert overtone.evaluate(done.bundle.path, "sample", split="test").scores.n


def test_a_few_texts_by_chance_are_said(
    made: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    done = export.export(made.path, tmp_path / "onnx", dataset="sample")
    dev = data.load("sample", "dev")
    path = tmp_path / "mostly-new.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", *dev.labels.names])
        ones = np.eye(len(dev.labels), dtype=int)
        writer.writerow([dev.texts[0], *ones[0]])
        writer.writerows([f"something else {n}", *ones[n % len(ones)]] for n in range(20))
    assert overtone.evaluate(done.bundle.path, str(path)).scores.n == 21
    assert "has learnt 1 of these 21 texts" in caplog.text


def test_a_check_of_data_asks_who_has_not_learnt_the_texts(
    made: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = list[NDArray[np.float32]]()
    inner = _Asked.probabilities

    def noting(self: _Asked) -> NDArray[np.float32]:
        seen.append(inner(self))
        return seen[-1]

    monkeypatch.setattr(_Asked, "probabilities", noting)
    check_data("sample", model=made.path, only=["label_errors"])
    rows = len(data.load("sample", "train"))
    dev = data.load("sample", "dev")
    calibrated = overtone.load(made.path).calibrate(kept_of(made))
    np.testing.assert_allclose(seen[0][rows : rows + len(dev)], calibrated, atol=1e-6)
    # An export has learnt them and nothing else to ask.
    done = export.export(made.path, tmp_path / "onnx", dataset="sample")
    check_data("sample", model=done.bundle.path, only=["label_errors"])
    assert np.isnan(seen[1][rows : rows + len(dev)]).all()
    assert not np.isnan(seen[1][rows + len(dev) :]).any()


def test_its_card_says_so(trained: Run, made: Run) -> None:
    text = made.bundle.card()
    assert "split train and dev |" in text
    assert "has learnt dev, too. It is the mean of 3 trainings" in text
    assert "chose the epoch that was kept, so expect" not in text
    assert text == card.write(made.bundle.manifest)
    assert "learnt dev" not in trained.bundle.card()


# --- what learns from it ----------------------------------------------------------------------


def test_no_other_model_learns_from_it_to_be_scored_on_the_same_dev(
    made: Run, tmp_path: Path
) -> None:
    for given in ({"init": made.path}, {"teachers": [made.path]}):
        with pytest.raises(InputError, match=r"has learnt .* texts of this dev split"):
            overtone.train("sample", tmp_path / "run", **given)
        assert not (tmp_path / "run").exists()


def test_what_learns_from_it_on_other_texts_knows_what_that_has_learnt(
    made: Run, tmp_path: Path
) -> None:
    rows = [[f"some text {n}", n % 2, (n + 1) % 2] for n in range(40)]
    own = overtone.train(
        write_table(tmp_path / "other.csv", rows), tmp_path / "run", init=made.path,
        settings=["training.epochs=1", "training.least_steps=0", "training.device=cpu"],
    )  # fmt: skip
    kept = learnt.read(own.bundle)
    np.testing.assert_array_equal(np.sort(kept.texts), np.sort(learnt.read(made.bundle).texts))
    assert np.isnan(kept.probabilities).all()
    with pytest.raises(InputError, match=r"has learnt .* texts of this dev split"):
        overtone.train("sample", tmp_path / "third", init=own.path)


# --- what is refused --------------------------------------------------------------------------


def test_a_file_that_is_no_such_file_is_refused(made: Run, tmp_path: Path) -> None:
    def saved(name: str, content: dict[str, NDArray[np.generic]]) -> Bundle:
        def write(path: Path) -> None:
            path.write_bytes(made.bundle.file(bundle.WEIGHTS).read_bytes())
            save_file(content, path.with_name(LEARNT))

        return bundle.save(
            tmp_path / name, made.bundle.manifest, write,
            made.bundle.file(bundle.TOKENIZER).read_text(encoding="utf-8"), "card",
        )  # fmt: skip

    texts, said = np.zeros(3, np.uint64), np.zeros((3, 11), np.float32)
    files: dict[str, dict[str, NDArray[np.generic]]] = {
        "narrow": {"texts": texts, "probabilities": said[:, :4]},
        "double": {"texts": texts, "probabilities": said.astype(np.float64)},
        "without": {"texts": texts},
    }
    for name, content in files.items():
        with pytest.raises(BundleError, match=LEARNT):
            overtone.evaluate(saved(name, content).path, "sample", split="dev")


def test_one_training_has_nobody_to_learn_dev_for_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"set training\.soup to 2 or more, or training\.learn"):
        overtone.train("sample", tmp_path / "run", settings=["training.learn_dev=true"])


def test_a_dev_split_that_is_too_small_is_found_before_anything_is_trained(
    trained: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [[f"text {n}", n % 2, (n + 1) % 2] for n in range(40)]
    file = write_table(tmp_path / "train.csv", rows)
    small = write_table(tmp_path / "dev.csv", [*rows[:2], ["Text  1", 1, 0]])
    recipe = compose(dataset=file, data={"dev": small}, init=trained.path, settings=SOUP)
    with pytest.raises(InputError, match=r"among the 3 trainings of training\.soup, found 2"):
        train.dry_run(recipe, None)
    dev = write_table(tmp_path / "larger.csv", rows[:30])
    recipe = compose(dataset=file, data={"dev": dev}, init=trained.path, settings=SOUP)
    train.dry_run(recipe, None)
    assert "epoch is chosen by some 10 texts" in caplog.text


def test_a_cross_validation_of_it_has_models_that_learn_dev(trained: Run, tmp_path: Path) -> None:
    settings = [*FAST, "training.epochs=1"]
    crossvalidate.crossvalidate(
        "sample", tmp_path / "cv", init=trained.path, folds=2, settings=settings
    )
    want = np.sort(learnt.of(data.load("sample", "dev").texts, np.zeros((92, 1), np.float32)).texts)
    for fold in range(2):
        own = bundle.load(tmp_path / "cv" / f"fold-{fold}" / "bundle")
        np.testing.assert_array_equal(np.sort(learnt.read(own).texts), want)
