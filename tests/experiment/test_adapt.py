"""Adapting an encoder: what it learns from, what it learns, what is saved, and going on."""

from __future__ import annotations

import json
import signal
import tomllib
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import overtone
from overtone import data
from overtone.errors import InputError
from overtone.experiment import adapt as experiment
from overtone.experiment.adapt import adapt
from overtone.experiment.adaptation import check, compose
from overtone.models import encoders
from overtone.training import loop, trainer
from overtone.training.stopping import Interrupted

FAST = ("training.epochs=2", "training.device=cpu", "training.batch_size=16")
WORDS = ("happy", "terrible", "sea", "bus", "soup", "friends", "joke", "match")


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts whose words follow from each other, so that a hidden one can be found."""
    file = tmp_path_factory.mktemp("corpus") / "texts.csv"
    rows = [
        f"{line},so {one} and {one} again {two} {two} today"
        for line, (one, two) in enumerate((one, two) for one in WORDS for two in WORDS)
    ]
    file.write_text("\n".join(["id,text", *rows]) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def tiny(bert: Path, corpus: Path) -> dict[str, Any]:
    return {"dataset": None, "texts": [corpus], "encoder": str(bert), "settings": FAST}


def weights(run: experiment.Adapted) -> bytes:
    return (run.encoder / "model.safetensors").read_bytes()


def test_hidden_tokens_are_found_better_and_better(tiny: dict[str, Any], tmp_path: Path) -> None:
    tiny["settings"] = [*FAST, "training.epochs=10", "training.learning_rate=3e-3"]
    run = adapt(output=tmp_path / "run", **tiny)
    losses = [entry["dev"]["loss"] for entry in run.history]
    assert run.loss == min(losses) < 0.7 * losses[0]
    assert run.history[-1]["loss"] < 0.6 * run.history[0]["loss"]


def test_a_run_s_folder_is_an_encoder_to_train(tiny: dict[str, Any], tmp_path: Path) -> None:
    run = adapt(output=tmp_path / "run", **tiny)
    assert {path.name for path in run.path.iterdir()} - {"lock"} == {
        "config.toml", "encoder", "history.jsonl",
    }  # fmt: skip
    saved = load_file(run.encoder / "model.safetensors")
    loaded = encoders.load(str(run.path), {}).model.state_dict()
    assert all(torch.equal(saved[key], loaded[key]) for key in loaded)
    found = overtone.train(
        "sample", tmp_path / "next", encoder=str(run.path),
        settings=["training.epochs=1", "training.device=cpu"],
    )  # fmt: skip
    assert overtone.load(found.path).predict(["so happy"])


def test_the_seed_decides_about_every_bit(tiny: dict[str, Any], tmp_path: Path) -> None:
    one, two, other = (
        adapt(output=tmp_path / name, seed=seed, **tiny)
        for name, seed in (("one", 3), ("two", 3), ("other", 4))
    )
    assert weights(one) == weights(two)
    assert one.loss == two.loss
    assert weights(one) != weights(other)


@pytest.mark.parametrize("place", ["_finish_epoch", "_show"])
def test_a_stopped_run_goes_on_to_the_same_bits(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    tiny["settings"] = [*FAST, "training.average=0.5", "masking.train_embeddings=false"]
    whole = adapt(output=tmp_path / "whole", **tiny)
    before = getattr(loop.Loop, place)

    def interrupt(*arguments: Any) -> None:  # noqa: ANN401
        signal.raise_signal(signal.SIGTERM)
        before(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Loop, place, interrupt)
        with pytest.raises(Interrupted):
            adapt(output=tmp_path / "cut", **tiny)
    assert not (tmp_path / "cut" / "encoder").exists()
    cut = adapt(None, tmp_path / "cut", resume=True)
    assert weights(cut) == weights(whole)
    assert [entry["loss"] for entry in cut.history] == [entry["loss"] for entry in whole.history]
    assert adapt(None, tmp_path / "cut", resume=True).loss == whole.loss
    with pytest.raises(InputError, match=r"masking\.share was 0\.15, now 0\.3"):
        adapt(None, tmp_path / "cut", resume=True, settings=["masking.share=0.3"])


def test_resuming_on_other_texts_is_refused(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mine.csv"
    file.write_bytes(tiny["texts"][0].read_bytes())
    tiny["texts"] = [file]

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "fit", interrupt)
        with pytest.raises(KeyboardInterrupt):
            adapt(output=tmp_path / "run", **tiny)
    file.write_text(file.read_text(encoding="utf-8") + "99,one more text\n", encoding="utf-8")
    with pytest.raises(InputError, match="number of texts was 61, now 62"):
        adapt(None, tmp_path / "run", resume=True)


def test_no_text_of_dev_or_test_is_learnt_from(corpus: Path, tmp_path: Path) -> None:
    aside = [*data.load("sample", "dev").texts, *data.load("sample", "test").texts]
    file = tmp_path / "more.jsonl"
    lines = [json.dumps({"text": text.upper()}) for text in (*aside[:5], *aside[-5:], "so new")]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    recipe = compose(dataset="sample", texts=[file, corpus])
    train, held_out = experiment._splits(recipe, None)
    texts = {*train.texts, *held_out.texts}
    assert "SO NEW" in texts
    assert not {text.casefold() for text in aside} & {text.casefold() for text in texts}
    assert texts >= {*data.load("sample", "train").texts}
    assert len(texts) == len(train) + len(held_out)
    assert len(held_out) == round(0.05 * len(texts))
    assert train.targets is None


def test_low_rank_updates_end_up_in_the_saved_weights(tiny: dict[str, Any], tmp_path: Path) -> None:
    tiny["settings"] = [*FAST, "training.lora=2", "training.learning_rate=0.05"]
    run = adapt(output=tmp_path / "run", **tiny)
    before, after = (
        encoders.load(str(name), {}).model.state_dict() for name in (tiny["encoder"], run.path)
    )
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert before.keys() == after.keys()
    assert "encoder.layer.0.attention.self.query.weight" in changed
    assert "embeddings.word_embeddings.weight" not in changed


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "name a --dataset, --texts, or both"),
        ({"dataset": "nowhere"}, "no dataset is called 'nowhere'"),
        ({"dataset": "sample", "texts": ["gone.csv"]}, "expected texts in a dataset"),
        ({"dataset": "sample", "settings": ["model.name=spanemo"]}, "no section of adapt"),
        ({"dataset": "sample", "settings": ["masking.share=0"]}, "masking.share must be between"),
        ({"dataset": "sample", "settings": ["training.metric=jaccard"]}, "must be loss"),
        ({"dataset": "sample", "settings": ["training.rdrop=1.0"]}, "which adapt has none of"),
        ({"dataset": "sample", "settings": ["training.shard=true"]}, "can't divide a head"),
        ({"dataset": "sample", "encoder": "random/bert-base"}, "weights are random"),
    ],
)
def test_what_can_t_be_adapted_is_refused_and_leaves_nothing(
    tmp_path: Path, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        adapt(output=tmp_path / "run", **{"dataset": None, **given})
    assert not (tmp_path / "run").exists()


def test_the_configuration_goes_through_toml(corpus: Path, tmp_path: Path) -> None:
    recipe = compose(dataset="sample", texts=[f"{corpus}:text"], seed=3)
    assert check(tomllib.loads(recipe.to_toml())) == recipe
    file = tmp_path / "adapt.toml"
    file.write_text(recipe.to_toml(), encoding="utf-8")
    assert compose(file, settings=["masking.share=0.2"]).masking.share == 0.2
    assert compose(texts=[corpus]).data is None
