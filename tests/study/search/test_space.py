"""`[search]`: what it means, and that everything wrong with it is said together."""

from __future__ import annotations

from pathlib import Path

import pytest

from overtone.config import preset_names
from overtone.errors import ConfigError, InputError
from overtone.study.search import read as searches
from overtone.study.search.space import Parameter, Search


def read(tmp_path: Path, text: str, settings: tuple[str, ...] = ()) -> Search:
    path = tmp_path / "mine.toml"
    path.write_text(f'[data]\nname = "sample"\n{text}', encoding="utf-8")
    return searches.read(path, settings=settings)


def problems(tmp_path: Path, text: str, settings: tuple[str, ...] = ()) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, settings)
    return caught.value.problems


def test_keys_are_quoted_dotted_or_in_tables_of_their_own(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
        [search]
        metric = "f1_macro"
        "training.learning_rate" = { low = 1e-5, high = 1e-3, log = true }
        training.batch_size = { low = 8, high = 64, step = 8 }
        model.dropout = { low = 0, high = 1 }
        inputs.prompts.joy = { choices = ["joy", "gladness"] }
        [search.training.epochs]
        low = 2
        high = 5
        """,
    )
    assert {each.name: each for each in found.parameters} == {
        each.name: each
        for each in (
            Parameter(name="training.learning_rate", low=1e-5, high=1e-3, log=True),
            Parameter(name="training.batch_size", low=8, high=64, step=8, whole=True),
            Parameter(name="model.dropout", low=0.0, high=1.0),
            Parameter(name="inputs.prompts.joy", choices=("joy", "gladness")),
            Parameter(name="training.epochs", low=2, high=5, whole=True),
        )
    }
    assert type(found.parameters[2].low) is float or type(found.parameters[1].low) is int
    assert found.maximizes
    recipe = found.recipe({"training.batch_size": 24, "inputs.prompts.joy": 'a "b" é 🙂'})
    assert recipe.training.batch_size == 24
    assert recipe.inputs.options["prompts"] == {"joy": 'a "b" é 🙂'}
    assert recipe.training.learning_rate == found.base.training.learning_rate


def test_a_whole_number_s_type_follows_the_plugin_that_is_tried(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        '[loss]\nname = "bce"\n[search]\nloss.alpha = { low = 0, high = 1 }\n'
        'loss.name = { choices = ["joint", "demux"] }\n',
    )
    assert found.parameters[0] == Parameter(name="loss.alpha", low=0.0, high=1.0)
    assert not found.parameters[0].whole


def test_everything_wrong_is_said_together(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
        [search]
        metrc = "jaccard"
        direction = "down"
        epochs = { low = 1, high = 3 }
        training.learning_rat = { low = 1e-5, high = 1e-3 }
        training.batch_size = { low = 0, high = 64 }
        training.warmup = { low = 0.1, high = 1.5 }
        training.clip = { low = 0, high = 1, log = true }
        training.patience = { low = 1.0, high = 4 }
        training.seed = { low = 0, high = 9 }
        training.precision = { choices = ["fp32", "fp8"] }
        training.optimizer = { choices = ["adam"] }
        training.schedule = 3
        model.dropout = { low = 0.5, high = 0.1 }
        loss.alpha = { low = 0.0, high = 0.5, step = 0.2 }
        modle.dropout = { low = 0.0, high = 0.5 }
        data.sample = { low = 0.1, high = 0.5 }
        """,
        ("model.dropout=0.3",),
    )
    for part in (
        "search.metrc is not an option; did you mean metric?",
        "search.direction must be one of maximize, minimize, found 'down'",
        "search.epochs: expected section.key, such as training.epochs",
        "training.learning_rat is not an option; did you mean learning_rate?",
        "training.batch_size must be at least 1, found 0",
        "training.warmup must be between 0 and 1, found 1.5",
        "search.training.clip.low must be above 0 where log is true",
        "training.patience is a whole number",
        "search.training.seed: the best of several seeds is luck",
        "training.precision must be one of auto, fp32, bf16, fp16, found 'fp8'",
        "search.training.optimizer.choices must be a list of two values or more",
        "search.training.schedule must be a table",
        "search.model.dropout.low must be below high 0.1, found 0.5",
        "search.loss.alpha.high must be low and some steps of 0.2 more, such as 0.4",
        "no section is called modle",
        "search.data.sample: trials must be scored on the same texts",
        "model.dropout is searched and set by --set",
    ):
        assert [each for each in found if part in each], part
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('metric = "accuracy"', "search.metric must be one of jaccard"),
        ('metric = "jaccard"\ndirection = "minimize"', "direction must be maximize for jaccard"),
        ('metric = "loss"\nloss.alpha = { low = 0, high = 1 }', "each has its own loss"),
        ("loss.alpha = { low = 0 }", "search.loss.alpha.high is missing"),
        ("loss.alpha = { low = 0, high = nan }", "must be a finite number"),
        ("loss.alpha = { low = 0, hihg = 1 }", "hihg is not an option; did you mean high?"),
        ("loss.alpha = { choices = [0, 1], log = true }", "which log can't go with"),
        ("loss.alpha = { choices = [0.1, 0.1] }", "must differ"),
        ("loss.alpha = { choices = [[0.1], 0.2] }", "must be numbers, texts or true and false"),
        ("loss.alpha = { log = true }", "must be a table such as"),
        ("loss.alpha = { low = 0.1, high = 1, log = true, step = 0.1 }", "log and step"),
        ("random_trials = 3", "names no key to try"),
    ],
)
def test_each_thing_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    found = problems(tmp_path, f"[search]\n{text}\n")
    assert any(message in each for each in found), found


def test_a_value_is_checked_under_every_plugin_that_is_tried(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        '[search.loss]\nname = { choices = ["joint", "bce"] }\nalpha = { low = 0, high = 1 }\n',
    )
    assert all("loss.alpha is not an option" in each for each in found)
    assert all('(with loss.name="bce")' in each for each in found)


def test_a_wrong_recipe_is_said_once(tmp_path: Path) -> None:
    text = "[training]\nepochs = 0\n[search]\nloss.alpha = { low = 0, high = 1 }\n"
    assert problems(tmp_path, text) == ("training.epochs must be at least 1, found 0",)


def test_a_recipe_without_a_search_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a section \[search\].*found none"):
        read(tmp_path, "")


@pytest.mark.parametrize("name", preset_names(["tune"]))
def test_every_preset_of_a_search_is_one(name: str) -> None:
    found = searches.read(name)
    assert found.first().to_toml()


def test_the_paper_s_search_is_around_the_paper_s_values() -> None:
    found = searches.read("tune/paper")
    tables = found.base.to_json()
    named = {each.name: each for each in found.parameters}
    assert {
        "training.learning_rate", "training.head_learning_rate", "training.batch_size",
        "model.dropout", "loss.alpha",
    } <= named.keys()  # fmt: skip
    for name, parameter in named.items():
        section, key = name.split(".")
        value = tables[section][key]
        if parameter.choices:
            assert value in parameter.choices
        else:
            assert parameter.low < value < parameter.high
    from overtone.experiment.recipe import compose  # noqa: PLC0415 - one test needs it

    assert found.base == compose("paper/spanemo-en")
