"""Datasets beside the recipe's own: what a model learns from them, keeps and predicts."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import overtone
from overtone import data
from overtone.errors import ConfigError, InputError
from overtone.evaluation import metrics
from overtone.experiment import parts
from overtone.experiment.fit import Run
from overtone.experiment.recipe import check, compose
from overtone.losses import Count
from overtone.training import checkpoint
from overtone.training.stopping import Interrupted

WriteSemEval = Callable[..., Path]
FAST = ["training.epochs=1", "training.device=cpu", "training.head_learning_rate=0.02",
        "decision.threshold=0.4"]  # fmt: skip


@pytest.fixture(scope="session")
def corpora(tmp_path_factory: pytest.TempPathFactory, write_semeval: WriteSemEval) -> Path:
    """A folder with SemEval in English and Spanish."""
    folder = tmp_path_factory.mktemp("also")
    for split in ("train", "dev"):
        for code in ("Es", "En"):
            path = write_semeval(folder, split, 16)
            if code == "Es":
                path.rename(path.with_name(f"2018-E-c-Es-{split}.txt"))
    rows = [f"a joke number {n},{n % 2},{n % 3 // 2}" for n in range(20)]
    (folder / "own.csv").write_text("\n".join(["text,pride,grief", *rows]) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def mixed(bert: Path, corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A tiny BERT that learned English labels, Spanish ones, and others."""
    return overtone.train(
        "semeval2018-en", tmp_path_factory.mktemp("mixed") / "run", data_dir=corpora,
        also=["semeval2018-es", str(corpora / "own.csv")], encoder=str(bert),
        settings=[*FAST, "also.semeval2018-es.share=0.5", "inputs.prompts.pessimism=hopeless"],
    )  # fmt: skip


def test_a_bundle_remembers_every_label_set(mixed: Run, corpora: Path) -> None:
    manifest = mixed.bundle.manifest
    assert manifest.labels.prompts[7] == "hopeless"
    spanish = manifest.also["semeval2018-es"]
    assert (spanish.language, spanish.prompts[4], spanish.prompts[7]) == (
        "es", "alegría", "pesimismo",
    )  # fmt: skip
    assert manifest.also[str(corpora / "own.csv")].names == ("pride", "grief")
    assert manifest.config["also"]["semeval2018-es"]["share"] == 0.5
    assert manifest.metrics["dev"]["n"] == 16
    card = (mixed.bundle.path / "README.md").read_text(encoding="utf-8")
    assert "| own.csv | en | pride, grief |" in card


def test_a_recipe_with_other_datasets_is_read_back(mixed: Run) -> None:
    assert check(mixed.bundle.manifest.config).to_json() == mixed.bundle.manifest.config


def test_an_epoch_has_all_own_texts_and_the_share_of_the_others(mixed: Run) -> None:
    entry = json.loads((mixed.path / "history.jsonl").read_text(encoding="utf-8"))
    assert entry["steps"] == 3, "16, 8 and 18 of 20 texts, in batches of at most 32"


def test_prediction_takes_the_labels_that_are_asked_for(mixed: Run, corpora: Path) -> None:
    model = overtone.load(mixed.path)
    found = model.with_labels_of(str(corpora / "own.csv")).predict(["a joke number 7"])[0]
    assert list(found.probabilities) == ["pride", "grief"]
    texts = ["happy day", "terrible soup"]
    english, spanish = model, model.with_labels_of("semeval2018-es")
    assert english.labels.names == spanish.labels.names
    assert not np.allclose(english.probabilities(texts), spanish.probabilities(texts), atol=1e-6)
    with pytest.raises(InputError, match=r"there are: semeval2018-es, .*own\.csv"):
        model.with_labels_of("goemotions")


def test_one_threshold_for_all_labels_holds_for_any(mixed: Run, corpora: Path) -> None:
    model = overtone.load(mixed.path)
    for dataset in ("semeval2018-es", str(corpora / "own.csv")):
        other = model.with_labels_of(dataset)
        for value in (0.39, 0.41):
            cells = np.full((1, len(other.labels)), value, dtype=np.float32)
            assert (other.decide(cells) == (value > 0.4)).all()


@pytest.mark.parametrize("dataset", ["semeval2018-en", "semeval2018-es", "own.csv"])
def test_evaluation_takes_the_labels_that_the_dataset_has(
    mixed: Run, corpora: Path, dataset: str
) -> None:
    name = str(corpora / dataset) if dataset == "own.csv" else dataset
    found = overtone.evaluate(mixed.path, name, split="dev", data_dir=corpora).scores
    model, split = overtone.load(mixed.path), data.load(name, "dev", corpora)
    if dataset != "semeval2018-en":
        model = model.with_labels_of(name)
    probabilities = model.probabilities(split.texts)
    decided = model.decide(probabilities)
    assert found == metrics.score(data.truth(split), decided, probabilities, model.labels)
    if dataset == "semeval2018-en":
        assert json.loads(json.dumps(found.to_json())) == mixed.metrics["dev"]


def test_present_labels_weigh_what_they_weigh_in_their_own_set(corpora: Path, bert: Path) -> None:
    recipe = compose(
        dataset="semeval2018-en", also=["semeval2018-es", str(corpora / "own.csv")],
        encoder=str(bert), settings=["loss.name=bce", "loss.balance=1",
                                     "loss.positive_weights={joy = 7.0, grief = 2.0}"],
    )  # fmt: skip
    made = parts.prepare(recipe, corpora)

    def weight(loss: object, labels: tuple[str, ...], name: str) -> float:
        targets = torch.full((1, len(labels)), torch.nan)
        targets[0, labels.index(name)] = 1.0
        assert callable(loss)
        value = loss(torch.zeros_like(targets), targets, Count.of(targets))
        return float(value) / float(np.log(2))

    english, spanish, own = (
        (loss, found.labels.names)
        for loss, found in (
            (made.loss, made.train),
            *((other.train.loss, other.split) for other in made.others),
        )
    )
    assert weight(*english, "joy") == weight(*spanish, "joy") == pytest.approx(7)
    assert weight(*own, "grief") == pytest.approx(2)
    present = np.nanmean(data.truth(made.others[1].split)[:, 0])
    assert weight(*own, "pride") == pytest.approx((1 - present) / present)


@pytest.mark.parametrize(
    ("also", "settings", "messages"),
    [
        (["sample"], [], ["also.sample is the recipe's own dataset"]),
        (["goemotion"], [], ["also.goemotion: no dataset is called"]),
        (
            ["goemotions"],
            ["also.goemotions.share=2", "also.semeval2018-es.colour=1"],
            ["also.goemotions.share must be between", "also.semeval2018-es.colour is not an"],
        ),
        ([], ["also.goemotions=0.3"], ["also.goemotions must be a table"]),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    also: list[str], settings: list[str], messages: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        compose(dataset="sample", also=also, settings=settings)
    for message in messages:
        assert message in str(caught.value)


def test_one_name_is_no_list() -> None:
    with pytest.raises(InputError, match=r"pass \['goemotions'\]"):
        compose(dataset="sample", also="goemotions")


def test_parameters_of_labels_can_not_serve_others(corpora: Path, bert: Path) -> None:
    own = [str(corpora / "own.csv")]
    recipe = compose(dataset="sample", also=own, model="cls_head", encoder=str(bert))
    with pytest.raises(InputError, match=r"cls_head has parameters .* pride, grief in own\.csv"):
        parts.prepare(recipe, corpora)
    same = compose(dataset="sample", also=["semeval2018-es"], model="cls_head", encoder=str(bert))
    made = parts.prepare(same, corpora)
    assert len(made.training_data(data.truth(made.train))) == len(made.train) + 16


def test_a_solver_takes_one_dataset(corpora: Path) -> None:
    recipe = compose(dataset="sample", also=["semeval2018-es"], model="tfidf")
    with pytest.raises(InputError, match="tfidf is solved at once, from one dataset"):
        parts.prepare(recipe, corpora)


def test_the_estimator_has_only_what_it_is_given() -> None:
    classifier = overtone.EmotionClassifier("tfidf", settings=["also.goemotions.share=0.5"])
    with pytest.raises(InputError, match="learns from X and y alone"):
        classifier.fit(["so happy", "so sad"] * 5, [{"joy"}, {"anger"}] * 5)


def test_a_run_is_resumed_with_the_same_other_data_only(
    corpora: Path, bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, folder = tmp_path / "own.csv", tmp_path / "run"
    content = (corpora / "own.csv").read_text(encoding="utf-8")
    file.write_text(content, encoding="utf-8")
    save_best = checkpoint.save_best

    def interrupt(*arguments: Any) -> str:  # noqa: ANN401
        signal.raise_signal(signal.SIGINT)
        return save_best(*arguments)

    given: dict[str, Any] = {
        "also": [str(file)], "data_dir": corpora, "encoder": str(bert),
        "settings": [*FAST, "training.epochs=2"],
    }  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_best", interrupt)
        with pytest.raises(Interrupted):
            overtone.train("semeval2018-en", folder, **given)

    with pytest.raises(InputError, match=r"also\.semeval2018-es was None, now \{'share': 1"):
        overtone.train(None, folder, also=["semeval2018-es"], data_dir=corpora, resume=True)
    file.write_text(content.replace("joke", "poem"), encoding="utf-8")
    with pytest.raises(InputError, match=r"own\.csv train: texts \(sha256\) was"):
        overtone.train(None, folder, data_dir=corpora, resume=True)
    file.write_text(content, encoding="utf-8")
    run = overtone.train(None, folder, data_dir=corpora, resume=True)
    assert run.metrics["cost"]["epochs"] == 2
    assert list(run.bundle.manifest.also) == [str(file)]
