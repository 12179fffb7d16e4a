"""Recipes: what has the last word, problems reported together, and the way through TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from overtone.config import preset_names, read
from overtone.errors import ConfigError, InputError, OvertoneError
from overtone.experiment.recipe import check, compose
from overtone.training.config import Config as Training

RECIPES = preset_names()
"""The presets that are recipes and no more; a search's are tested in tests/study."""


def test_without_anything_the_defaults_hold() -> None:
    recipe = compose(dataset="sample")
    assert recipe.data.name == "sample"
    assert recipe.text.name == "tweet"
    assert recipe.model.name == "spanemo"
    assert recipe.model.options["encoder"] == "minilm"
    assert recipe.inputs.name == "label_prefix"
    rest = {"balance": 0.0, "balance_beta": 1.0, "positive_weights": {}, "smoothing": 0.0}
    assert recipe.loss.to_json() == {"name": "joint", "alpha": 0.2, **rest}
    assert recipe.calibration.to_json() == {"name": "none"}
    assert recipe.decision.to_json() == {"name": "threshold", "threshold": 0.5, "aim": ""}


def test_each_source_goes_over_the_one_before_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        "[data]\nname = 'semeval2018-es'\n[model]\nencoder = 'from-file'\ndropout = 0.3\n"
        "[training]\nseed = 1\nepochs = 7\nbatch_size = 11\n"
    )
    recipe = compose(
        file,
        dataset="semeval2018-en",
        encoder="from-option",
        seed=2,
        settings=["training.seed=3", "training.epochs=9", "training.epochs=10"],
    )
    assert recipe.training.patience == 4  # nobody says otherwise
    assert recipe.training.batch_size == 11  # the file
    assert recipe.model.options["dropout"] == 0.3  # the file
    assert recipe.data.name == "semeval2018-en"  # the option goes over the file
    assert recipe.model.options["encoder"] == "from-option"
    assert recipe.training.seed == 3  # --set goes over the option
    assert recipe.training.epochs == 10  # the last --set has the last word


def test_a_seed_of_zero_goes_over_the_files(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[training]\nseed = 5\n")
    assert compose(file, dataset="sample", seed=0).training.seed == 0


def test_a_section_may_name_another_plugin() -> None:
    recipe = compose(dataset="sample", settings=["loss.name=bce", "text.name=plain"])
    assert recipe.loss.name == "bce"
    assert "alpha" not in recipe.loss.options  # of the default, joint
    assert recipe.text.name == "plain"


@pytest.mark.parametrize("name", RECIPES)
def test_every_preset_is_a_whole_recipe(name: str) -> None:
    # Some are for any dataset.
    recipe = compose(name, dataset=None if "data" in read(name) else "sample")
    assert check(tomllib.loads(recipe.to_toml())) == recipe


@pytest.mark.parametrize("name", [each for each in RECIPES if each.startswith("paper/")])
def test_a_paper_s_preset_has_nothing_that_came_later(name: str) -> None:
    recipe, off = compose(name), Training()
    for key in ("layer_decay", "average", "average_warmup", "rdrop", "adversarial"):
        assert getattr(recipe.training, key) == getattr(off, key), key
    assert (off.layer_decay, off.average, off.rdrop, off.adversarial) == (1.0, 0.0, 0.0, 0.0)
    assert recipe.model.options.get("dropout_samples", 1) == 1


def test_a_recipe_comes_back_from_its_toml(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[inputs.prompts]\npessimism = 'hope\"less'\nanger = 'غضب'\n")
    recipe = compose(
        file, dataset="semeval2018-ar", settings=["training.learning_rate=3e-5", "loss.alpha=0"]
    )
    table = tomllib.loads(recipe.to_toml())
    assert table["inputs"]["prompts"] == {"pessimism": 'hope"less', "anger": "غضب"}
    assert check(table) == recipe


def test_a_saved_recipe_writes_every_default_out() -> None:
    table = tomllib.loads(compose(dataset="sample").to_toml())
    assert table["training"]["batch_size"] == 32
    assert table["training"]["warmup"] == 0.1
    assert table["inputs"]["max_length"] == 128
    assert table["model"]["attention_dropout"] == 0.1


def test_all_problems_are_reported_together() -> None:
    with pytest.raises(ConfigError) as caught:
        compose(
            dataset="semeval2018-xx",
            settings=[
                "training.epochs=0", "training.metric=accuracy", "training.sed=1", "loss.alpha=2",
                "model.name=spanemoe", "extra.x=1", "inputs.max_length=many", "data.langage=en",
            ],
        )  # fmt: skip
    message = str(caught.value)
    for part in (
        "training.epochs must be at least 1, found 0",
        "training.metric must be one of jaccard",
        "training.sed is not an option; did you mean seed?",
        "loss.alpha must be between 0 and 1, found 2",
        "'spanemoe'; did you mean spanemo?",
        "extra",
        "inputs.max_length must be",
        "semeval2018-xx",
    ):
        assert part in message
    assert len(caught.value.problems) == 8
    assert "\n" not in message


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("training.epochs", "section.key=value"),
        ("epochs=3", "section.key=value"),
        ("=3", "section.key=value"),
        ("training.=3", "section.key=value"),
        ("training.epochs=three", "training.epochs must be a whole number"),
        ("training.epochs=2.5", "training.epochs must be a whole number"),
        ("training.epochs=true", "training.epochs must be a whole number"),
        ("training.learning_rate=nan", "training.learning_rate must be"),
        ("training.epochs=", "training.epochs must be"),
        ("training={}", "section.key=value"),
        ("model.encoder.x.y=1", "model"),
        ("training.epochs.x=1", "training.epochs"),
        ("loss.name=7", "loss.name must be a text"),
        ("inputs.prompts=7", "inputs.prompts must be a table"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(setting: str, message: str) -> None:
    with pytest.raises(InputError, match=message.replace(".", r"\.")):
        compose(encoder="minilm", settings=[setting])


def test_a_file_with_loose_keys_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("epochs = 3\n")
    with pytest.raises(InputError, match="sections"):
        compose(file)


@pytest.mark.parametrize("content", [b"[data", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_a_file_that_is_no_toml_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"mine\.toml"):
        compose(file)


def test_an_unknown_preset_is_refused_with_those_that_exist() -> None:
    with pytest.raises(InputError, match="best/semeval2018-en"):
        compose("best/semeval2018-fr")


@pytest.mark.parametrize("table", [{}, {"data": {"name": "sample"}}])
def test_a_saved_recipe_that_lacks_a_section_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises(OvertoneError):
        check(table)


def test_a_recipe_without_a_dataset_is_refused_with_those_that_exist() -> None:
    with pytest.raises(InputError, match=r"--dataset NAME .* sample"):
        compose()


@pytest.mark.parametrize(
    ("model", "text", "inputs", "loss"),
    [
        ("spanemo", "tweet", "label_prefix", "joint"),
        ("cls_head", "tweet", "single", "bce"),
        ("glove_cnn", "words", "words", "bce"),
        ("paper_cnn", "words", "words", "categorical"),
        ("tfidf", "tweet", "ngrams", "bce"),
    ],
)
def test_a_model_brings_the_text_the_inputs_and_the_loss_that_go_with_it(
    model: str, text: str, inputs: str, loss: str
) -> None:
    recipe = compose("best/semeval2018-en", settings=[f"model.name={model}"])
    assert recipe.text.name == text
    assert recipe.inputs.name == inputs
    assert recipe.loss.name == loss
    assert recipe.training.average == 0.99  # what the preset says besides stays


def test_a_loss_may_be_named_with_any_model() -> None:
    recipe = compose(
        dataset="sample", settings=["model.name=cls_head", "loss.name=joint", "loss.alpha=0.4"]
    )
    assert (recipe.loss.name, recipe.loss.options["alpha"]) == ("joint", 0.4)


def test_a_named_encoder_stays_with_a_model_that_a_setting_names() -> None:
    recipe = compose(dataset="sample", encoder="mine", settings=["model.name=cls_head"])
    assert recipe.model.options["encoder"] == "mine"
    assert recipe == compose(dataset="sample", encoder="mine", model="cls_head")


def test_inputs_that_a_model_does_not_take_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"cls_head takes inputs\.name single, found 'words'"):
        compose(dataset="sample", settings=["model.name=cls_head", "inputs.name=words"])


def test_the_encoder_of_a_preset_outlasts_a_change_of_the_family() -> None:
    recipe = compose("paper/twitter-bert-base", model="cls_head")
    assert recipe.model.options["encoder"] == "bert-base-uncased"
    assert "encoder" not in compose("paper/twitter-bert-base", model="tfidf").model.options


@pytest.mark.parametrize("setting", ["loss.balance=1", "loss.name=joint"])
def test_a_solver_takes_no_loss(setting: str) -> None:
    with pytest.raises(ConfigError, match=r"tfidf is fitted by a solver.*model\.balance"):
        compose(dataset="sample", model="tfidf", settings=[setting])
    # What it would be by itself may stand there, as in a saved recipe.
    recipe = compose(dataset="sample", model="tfidf", settings=["loss.name=bce"])
    assert check(recipe.to_json()) == recipe


def test_a_model_to_start_from_is_no_setting() -> None:
    with pytest.raises(ConfigError, match="name the model to start from with --init"):
        compose(dataset="sample", settings=["init.model=runs/x"])
