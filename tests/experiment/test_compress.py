"""Compressing a model: what the student is, what its recipe says, and how a run goes on."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.torch import load_file
from tokenizers import Tokenizer

import overtone
from overtone import data
from overtone.bundle import TOKENIZER, WEIGHTS, Bundle
from overtone.data import label_words
from overtone.errors import ConfigError, InputError
from overtone.experiment import compress, parts
from overtone.experiment.fit import Run
from overtone.experiment.recipe import compose
from overtone.inputs import batches
from overtone.models import logits_of
from overtone.training import loop
from overtone.training.stopping import Interrupted

FAST = ("training.epochs=1", "training.device=cpu", "training.head_learning_rate=0.02")


def vocabulary(bundle: Bundle) -> dict[str, int]:
    """Return a model's word pieces."""
    found: dict[str, int] = Tokenizer.from_file(str(bundle.file(TOKENIZER))).get_vocab()
    return found


@pytest.fixture(scope="session")
def student(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The tiny BERT with one layer and the pieces of the sample."""
    return overtone.compress(
        trained.path, tmp_path_factory.mktemp("compress") / "student", keep_layers=[1],
        vocabulary_from=["sample"], settings=FAST, seed=3,
    )  # fmt: skip


def test_the_student_is_an_ordinary_model_with_fewer_layers_and_pieces(
    trained: Run, student: Run
) -> None:
    before, after = trained.bundle, student.bundle
    assert after.manifest.architecture["num_hidden_layers"] == 1
    assert vocabulary(after).keys() < vocabulary(before).keys()
    weights = load_file(after.file(WEIGHTS))
    assert len(weights["encoder.embeddings.word_embeddings.weight"]) == len(vocabulary(after))
    assert not [key for key in weights if ".layer.1." in key]
    small, large = compress.size(after), compress.size(before)
    assert small[0] == sum(tensor.numel() for tensor in weights.values()) < large[0]
    assert small[1] == sum(file.stat().st_size for file in after.path.iterdir()) < large[1]
    assert after.manifest.labels == before.manifest.labels
    assert overtone.load(student.path).predict(["so happy"])[0].probabilities.keys() == set(
        before.manifest.labels.names
    )
    assert 0 <= overtone.evaluate(student.path, "sample").scores.jaccard <= 1


def test_its_recipe_and_card_say_what_it_was_made_from(trained: Run, student: Run) -> None:
    config = student.bundle.manifest.config
    assert config["compress"] == {
        "layers": [1], "vocabulary_from": ["sample"], "min_count": 1, "vocabulary_size": 0,
    }  # fmt: skip
    assert config["init"]["sha256"] == trained.bundle.digest
    assert config["teacher"]["sha256"] == [trained.bundle.digest]
    assert config["training"]["seed"] == 3
    for kind in compress.OWN:
        assert config[kind] == trained.bundle.manifest.config[kind]
    card = student.bundle.file("README.md").read_text(encoding="utf-8")
    pieces = len(vocabulary(student.bundle))
    told = f"layers 1 and {pieces} pieces of its vocabulary were kept"
    assert f"Compressed from run (sha256 {trained.bundle.digest}): {told}." in card
    assert "Compressed" not in trained.bundle.file("README.md").read_text(encoding="utf-8")


def test_before_training_a_cut_vocabulary_changes_nothing_on_its_texts(trained: Run) -> None:
    """Bit for bit, on the texts that it was cut for."""
    made = parts.prepare(compress.recipe(trained.path, vocabulary_from=["sample"]), None)
    texts = data.load("sample", "train").texts
    model = overtone.load(trained.path, device="cpu")
    whole = model.compute(model.encode(texts), batches.TOKENS)
    found = batches.logits(
        lambda batch: logits_of(made.pretrained.model, batch), made.inputs, made.train_encoded
    )
    np.testing.assert_array_equal(found, whole)
    assert len(vocabulary(trained.bundle)) > made.pretrained.model.architecture()["vocab_size"]


def test_the_texts_of_dev_don_t_count(trained: Run, tmp_path: Path) -> None:
    dev = data.load("sample", "dev").texts
    lines = [json.dumps({"text": text}) for text in (*dev, "the soup was cold")]
    (tmp_path / "words.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    recipe = compress.recipe(trained.path, vocabulary_from=[tmp_path / "words.jsonl"])
    made = parts.prepare(recipe, None)
    assert made.vocabulary is not None
    assert made.vocabulary.texts == ("the soup was cold",)
    kept = Tokenizer.from_str(made.pretrained.tokenizer).get_vocab()
    assert {"soup", "cold", "trust", "or", "?"} <= kept.keys()  # the labels' question, too
    assert "friends" not in kept


def test_a_stopped_run_goes_on_to_the_same_bits(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {
        "layers": 1, "vocabulary_from": ["sample"], "epochs": 2, "settings": FAST[1:],
    }  # fmt: skip
    whole = overtone.compress(trained.path, tmp_path / "whole", **given).bundle
    finish = loop.Loop._finish_epoch

    def interrupt(self: loop.Loop, plan: list[NDArray[np.int64]]) -> None:
        signal.raise_signal(signal.SIGINT)
        finish(self, plan)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Loop, "_finish_epoch", interrupt)
        with pytest.raises(Interrupted):
            overtone.compress(trained.path, tmp_path / "cut", **given)
    for other in ({"layers": 2}, {"vocabulary_size": 100}, {"settings": ["loss.alpha=0.1"]}):
        with pytest.raises(InputError, match=r"another recipe: (compress|loss)"):
            overtone.compress(trained.path, tmp_path / "cut", resume=True, **other)
    with pytest.raises(InputError, match="the model that the run was begun with"):
        overtone.compress(whole.path, tmp_path / "cut", resume=True)
    cut = overtone.compress(trained.path, tmp_path / "cut", resume=True).bundle
    assert cut.files[WEIGHTS] == whole.files[WEIGHTS]
    assert {path.name for path in (tmp_path / "cut").iterdir()} - {"lock"} == {
        "bundle", "config.toml", "history.jsonl",
    }  # fmt: skip


def test_a_student_learns_to_say_what_its_model_says(bert: Path, tmp_path: Path) -> None:
    """Without its second layer it doesn't; trained by nothing but the model, it does."""
    words = ("happy", "terrible", "sea", "bus", "soup", "friends", "joke", "match")
    texts = [f"{one} {two} today" for one in words for two in words]
    rows = [f"{text},{int('happy' in text)},{int('bus' in text)}" for text in texts]
    (tmp_path / "told.csv").write_text("\n".join(["text,joy,anger", *rows]) + "\n")
    settings = ["training.device=cpu", "training.batch_size=8", "training.metric=loss",
                "model.encoder_dropout=0", "training.learning_rate=3e-3", "teacher.weight=1",
                "training.average=0"]  # fmt: skip
    first = overtone.train(
        str(tmp_path / "told.csv"), tmp_path / "model", model="cls_head", encoder=str(bert),
        data={"dev": str(tmp_path / "told.csv")}, settings=[*settings, "training.epochs=12"],
    )  # fmt: skip
    still = ["training.learning_rate=0", "training.head_learning_rate=0"]
    far, near = (
        overtone.compress(
            first.path, tmp_path / name, keep_layers=[0], vocabulary_from=[tmp_path / "told.csv"],
            epochs=epochs, settings=[*settings, *more],
        )
        for name, epochs, more in (("far", 1, still), ("near", 12, []))
    )  # fmt: skip
    wanted, before, after = (
        overtone.load(each.path).probabilities(texts) for each in (first, far, near)
    )
    assert np.abs(before - wanted).mean() > 0.1
    assert np.abs(after - wanted).mean() < 0.05


def test_a_student_of_a_model_that_reads_any_labels_does_so_too(bert: Path, tmp_path: Path) -> None:
    model = overtone.train(
        "sample", tmp_path / "model", encoder=str(bert),
        settings=[*FAST, "training.random_labels=4"],
    )  # fmt: skip
    asked = compress.recipe(model.path, keep_layers=[1], vocabulary_from=["sample"], settings=FAST)
    assert asked.training.random_labels == 4
    found = parts.prepare(asked, None)
    tokenizer = Tokenizer.from_str(found.pretrained.tokenizer)
    before = Tokenizer.from_file(str(model.bundle.file(TOKENIZER)))
    for words in label_words.others(model.bundle.manifest.labels):
        for word in words:
            assert tokenizer.encode(word).tokens == before.encode(word).tokens


def test_other_models_may_teach(trained: Run, student: Run, tmp_path: Path) -> None:
    recipe = compress.recipe(student.path, teachers=[trained.path], settings=["teacher.weight=0.5"])
    assert recipe.init.sha256 == student.bundle.digest
    assert recipe.teacher.sha256 == (trained.bundle.digest,)
    assert recipe.teacher.weight == 0.5
    again = overtone.compress(
        student.path, tmp_path / "run", teachers=[trained.path], vocabulary_from=["sample"],
        settings=FAST,
    )  # fmt: skip
    assert vocabulary(again.bundle).keys() == vocabulary(student.bundle).keys()


def test_prompts_outlast_compressing(bert: Path, tmp_path: Path) -> None:
    first = overtone.train(
        "sample", tmp_path / "first", encoder=str(bert),
        settings=[*FAST, "inputs.prompts.pessimism=hopeless", "decision.threshold=0.4"],
    )  # fmt: skip
    found = overtone.compress(
        first.path, tmp_path / "run", layers=1, vocabulary_from=["sample"], settings=FAST
    ).bundle
    assert found.manifest.labels == first.bundle.manifest.labels
    assert "hopeless" in vocabulary(found)
    assert found.manifest.decision["threshold"] == 0.4


def test_other_encoders_and_families_can_be_compressed(distilbert: Path, tmp_path: Path) -> None:
    first = overtone.train(
        "sample", tmp_path / "first", model="cls_head", encoder=str(distilbert), settings=FAST
    )
    found = overtone.compress(
        first.path, tmp_path / "run", layers=1, vocabulary_from=["sample"], settings=FAST
    )
    assert compress.size(found.bundle)[0] < compress.size(first.bundle)[0]
    assert len(overtone.load(found.path).predict(["so happy today"])) == 1


def test_what_can_t_be_done_is_said(trained: Run, tfidf: Path, tmp_path: Path) -> None:
    for wrong, message in (
        ({"layers": 3}, "1 to 2 layers"),
        ({"layers": 1, "keep_layers": [0]}, "leave one out"),
        ({"keep_layers": [2]}, "ascending from 0 to 1"),
        ({"vocabulary_from": ["nowhere.csv"]}, "expected texts in a dataset"),
        ({"min_count": 2}, "need compress.vocabulary_from"),
        ({"vocabulary_size": 9}, "need compress.vocabulary_from"),
        ({"vocabulary_size": 9, "vocabulary_from": ["sample"]}, "take at least that many"),
    ):
        with pytest.raises((InputError, ConfigError), match=message):
            overtone.compress(trained.path, tmp_path / "run", **wrong)
        assert not (tmp_path / "run").exists()
    with pytest.raises(ConfigError, match="name that one with --init"):
        compose(dataset="sample", settings=["compress.layers=[0]"])
    with pytest.raises(InputError, match="with an encoder"):
        overtone.compress(tfidf, tmp_path / "run", layers=1)
