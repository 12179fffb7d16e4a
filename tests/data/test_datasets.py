"""What every dataset promises, old or new; and names, which list what exists."""

import dataclasses
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from overtone import data
from overtone.config import find_plugin, plugin_names
from overtone.errors import ConfigError, InputError, MissingDataError

PACKAGE = "overtone.data"


# Files of one's own stand behind their paths, and need one.
@pytest.fixture(params=[name for name in plugin_names(PACKAGE) if name != data.OWN_FILES])
def plugin(request: pytest.FixtureRequest) -> ModuleType:
    """Return a plugin, each in turn."""
    return find_plugin(PACKAGE, request.param)


def test_there_are_plugins() -> None:
    known = {"goemotions", "jigsaw", "sample", "semeval2018", "table"}
    assert known <= set(plugin_names(PACKAGE))


def test_a_plugin_says_what_it_is_and_has_splits_and_variants(plugin: ModuleType) -> None:
    assert plugin.__doc__
    assert len(plugin.SPLITS) == len(set(plugin.SPLITS)) > 0
    assert set(plugin.SPLITS) <= {"train", "dev", "test"}
    for options in plugin.VARIANTS.values():
        dataclasses.replace(plugin.Config(), **options)


def test_a_plugin_s_config_is_frozen_keyword_only_and_has_defaults(plugin: ModuleType) -> None:
    config = plugin.Config()
    assert plugin.Config.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(config))


@pytest.mark.parametrize("name", data.names())
def test_an_unknown_option_is_an_error(name: str) -> None:
    data.check(name, {})
    with pytest.raises(ConfigError, match=r"data\.no_such_option is not an option"):
        data.check(name, {"no_such_option": 1})


@pytest.mark.parametrize("name", data.names())
def test_a_dataset_loads_or_says_what_it_misses(name: str, tmp_path: Path) -> None:
    """Datasets that don't ship with overtone find nothing in an empty folder, and say so."""
    assert data.splits(name)
    for split in data.splits(name):
        try:
            loaded = data.load(name, split, tmp_path)
        except InputError as error:
            assert str(tmp_path) in str(error)  # noqa: PT017 - either outcome is right
            continue
        assert (loaded.dataset, loaded.name) == (name, split)
        assert len(loaded) == len(loaded.ids) == len(set(loaded.ids)) == len(loaded.texts) > 0
        truth = data.truth(loaded)
        assert truth.shape == (len(loaded), len(loaded.labels))
        assert truth.dtype == np.float32
        known = truth[~np.isnan(truth)]
        assert ((known >= 0) & (known <= 1)).all()


@pytest.mark.parametrize(
    "name",
    ["", "sampel", "semeval2018", "semeval2018-", "semeval2018-fr", "semeval2018-EN", "sample-en",
     "sample-", "tables", "_emotion_table", "../sample", "semeval2018-en-x"],
)  # fmt: skip
def test_a_wrong_name_lists_the_datasets(name: str) -> None:
    for ask in (data.splits, lambda name: data.check(name, {}), lambda name: data.load(name, "x")):
        with pytest.raises(InputError) as caught:
            ask(name)
        assert f"no dataset is called {name!r}" in str(caught.value)
        assert all(known in str(caught.value) for known in data.names())
        assert "a file of your own that ends in .csv, .tsv, .txt, .jsonl, .parquet" in str(
            caught.value
        )


@pytest.mark.parametrize("name", data.names())
@pytest.mark.parametrize("split", ["validation", "", "Train"])
def test_a_wrong_split_lists_the_splits(name: str, split: str) -> None:
    with pytest.raises(InputError) as caught:
        data.load(name, split)
    assert f"{name} has no split {split!r}" in str(caught.value)
    assert ", ".join(data.splits(name)) in str(caught.value)


def test_names_spell_the_variants_out() -> None:
    assert {"sample", "semeval2018-ar", "semeval2018-en", "semeval2018-es"} <= set(data.names())
    assert "semeval2018" not in data.names()


def test_a_path_is_a_dataset_and_no_name(tmp_path: Path) -> None:
    assert "table" not in data.names()
    (tmp_path / "mine").write_text("text,joy\na,1\n")
    assert data.named(str(tmp_path / "mine")) == {"name": "table", "file": str(tmp_path / "mine")}
    for path in ("a.csv", "a.JSONL", "folder/a.tsv.gz", "b.parquet"):
        assert data.named(path) == {"name": "table", "file": str(Path(path).absolute())}
        assert data.splits(path) == ("all", "train", "dev", "test")


@pytest.mark.parametrize("name", ["sample", "sampel", "", "a.xlsx", "a\0b", "x" * 5000, "tests"])
def test_other_names_stay_names(name: str) -> None:
    assert data.named(name) == {"name": name}


def test_options_are_completed_but_for_what_the_name_says() -> None:
    assert data.resolve("semeval2018-es", {}) == {}
    assert data.resolve("semeval2018-es", {"language": "es"}) == {"language": "es"}
    assert data.resolve("jigsaw", {"sample": 0.4}) == {
        "sample": 0.4, "dev_share": 0.2, "split_seed": 0,
    }  # fmt: skip
    with pytest.raises(ConfigError, match=r"data\.smaple is not an option; did you mean sample"):
        data.resolve("jigsaw", {"smaple": 0.4})


def test_a_folder_may_be_named_as_text(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=re.escape(str(tmp_path))):
        data.load("goemotions", "train", str(tmp_path))
    assert not data.is_here("goemotions", "train", str(tmp_path))
