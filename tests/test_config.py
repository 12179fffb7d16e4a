"""Configuration is checked as a whole; plugins are found by their file's name."""

import sys
from dataclasses import FrozenInstanceError, dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest

from overtone import config
from overtone.config import Count, NotNegative, Range, Share
from overtone.errors import ConfigError, InputError
from overtone.experiment import recipe


@dataclass(frozen=True, kw_only=True)
class Options:
    """One field of every type that a config may have."""

    text: str = "a"
    number: float = 0.5
    whole: int = 3
    flag: bool = False
    choice: Literal["one", "two"] = "one"
    share: Share = 0.2
    count: Count = 1
    rate: NotNegative = 1.0
    steps: Annotated[int, Range(2, 4)] = 2
    maybe: int | None = None
    many: tuple[int, ...] = ()
    words: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Needed:
    """A field without a default."""

    name: str


def test_an_empty_table_gives_the_defaults() -> None:
    assert config.parse(Options, {}, "x") == Options()


@pytest.mark.parametrize(
    ("key", "given", "expected"),
    [
        ("text", "b", "b"),
        ("text", "", ""),
        ("number", 1.5, 1.5),
        ("number", 2, 2.0),
        ("whole", -7, -7),
        ("flag", True, True),
        ("choice", "two", "two"),
        ("share", 0, 0.0),
        ("share", 1, 1.0),
        ("count", 1, 1),
        ("rate", 1e9, 1e9),
        ("steps", 2, 2),
        ("steps", 4, 4),
        ("maybe", 4, 4),
        ("many", [1, 2], (1, 2)),
        ("many", [], ()),
        ("words", {"joy": "glad"}, {"joy": "glad"}),
    ],
)
def test_values_are_taken_and_have_the_field_s_type(
    key: str, given: object, expected: object
) -> None:
    value = getattr(config.parse(Options, {key: given}, "x"), key)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("key", "given", "expected"),
    [
        ("text", 1, "a text"),
        ("text", True, "a text"),
        ("number", "1", "a number"),
        ("number", True, "a number"),
        ("whole", True, "a whole number"),
        ("whole", 1.0, "a whole number"),
        ("whole", "3", "a whole number"),
        ("flag", 1, "true or false"),
        ("flag", "true", "true or false"),
        ("choice", "three", "one of one, two"),
        ("choice", [], "one of one, two"),
        ("share", 1.01, "between 0 and 1"),
        ("share", -0.01, "between 0 and 1"),
        ("share", True, "a number"),
        ("share", float("nan"), "a finite number"),
        ("count", 0, "at least 1"),
        ("count", True, "a whole number"),
        ("rate", -1, "at least 0"),
        ("steps", 5, "between 2 and 4"),
        ("steps", 2.0, "a whole number"),
        ("maybe", "x", "a whole number"),
        ("many", 1, "a list"),
        ("many", "12", "a list"),
        ("many", [1, "a"], "a whole number"),
        ("words", ["a"], "a table"),
        ("words", {"joy": 1}, "a text"),
    ],
)
def test_wrong_values_say_what_was_expected_and_found(
    key: str, given: object, expected: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        config.parse(Options, {key: given}, "training")
    (problem,) = caught.value.problems
    assert problem == f"training.{key} must be {expected}, found {given!r}"


@pytest.mark.parametrize("given", [float("inf"), float("nan"), 10**400], ids=["inf", "nan", "huge"])
@pytest.mark.parametrize("key", ["number", "rate"])
def test_numbers_are_finite(key: str, given: float) -> None:
    """TOML knows inf and nan, and whole numbers of any size."""
    with pytest.raises(ConfigError, match=f"x.{key} must be"):
        config.parse(Options, {key: given}, "x")


def test_an_unknown_key_names_the_nearest_and_all_others() -> None:
    with pytest.raises(ConfigError) as caught:
        config.parse(Options, {"choise": "one"}, "x")
    assert "x.choise is not an option; did you mean choice?" in str(caught.value)
    assert "steps" in str(caught.value)


def test_an_unknown_key_like_no_other_is_not_guessed_at() -> None:
    with pytest.raises(ConfigError, match=r"zzzz is not an option; there are: name$"):
        config.parse(Needed, {"name": "x", "zzzz": 1}, "x")


def test_a_missing_key_is_named() -> None:
    with pytest.raises(ConfigError, match=r"model.name is missing"):
        config.parse(Needed, {}, "model")


def test_all_problems_are_reported_together() -> None:
    table = {"unknown": 1, "text": 1, "count": 0, "flag": "yes", "number": 3}
    with pytest.raises(ConfigError) as caught:
        config.parse(Options, table, "x")
    assert len(caught.value.problems) == 4
    assert all(f"x.{key} " in str(caught.value) for key in ("unknown", "text", "count", "flag"))


def test_what_comes_out_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        config.parse(Options, {}, "x").text = "b"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("0.5", 0.5),
        ("1e-4", 1e-4),
        ("true", True),
        ("'3'", "3"),
        ('"a b"', "a b"),
        ("[1, 2]", [1, 2]),
        ("{ joy = 'glad' }", {"joy": "glad"}),
        ("minilm", "minilm"),
        ("a/b-c", "a/b-c"),
        ("x=y", "x=y"),
        ("  spaced out ", "spaced out"),
        ("", ""),
    ],
)
def test_a_setting_is_toml_where_it_is_toml_else_text(text: str, value: object) -> None:
    assert config.override({}, [f"model.encoder={text}"]) == {"model": {"encoder": value}}


def test_settings_go_deep_and_the_last_one_wins() -> None:
    result = config.override(
        {"inputs": {"question": True}},
        ["inputs.prompts.joy=glad", "loss.alpha=0.1", "loss.alpha = 0.3"],
    )
    assert result == {
        "inputs": {"question": True, "prompts": {"joy": "glad"}},
        "loss": {"alpha": 0.3},
    }


def test_override_leaves_the_given_table_alone() -> None:
    table = {"inputs": {"prompts": {"joy": "glad"}}, "loss": {"alpha": 0.2}}
    config.override(table, ["inputs.prompts.joy=x", "loss.alpha=0.3"])
    assert table == {"inputs": {"prompts": {"joy": "glad"}}, "loss": {"alpha": 0.2}}


@pytest.mark.parametrize("setting", ["", "alpha", "alpha=1", "loss.alpha", ".a=1", "loss.=1"])
def test_a_setting_of_another_form_says_what_the_form_is(setting: str) -> None:
    with pytest.raises(InputError, match=r"--set takes section\.key=value, found"):
        config.override({}, [setting])


@pytest.mark.parametrize(
    "setting", ["loose.a=1", "loose.a.b=1", "model.encoder.a=1", "model.encoder.a.b=1"]
)
def test_a_setting_inside_a_value_is_refused(setting: str) -> None:
    with pytest.raises(InputError, match="is a value, not a table"):
        config.override({"loose": 1, "model": {"encoder": "minilm"}}, [setting])


def test_a_setting_of_absurd_length_is_no_crash() -> None:
    """Python itself refuses to read whole numbers of more than 4300 digits."""
    with pytest.raises(InputError):
        config.parse(Options, config.override({}, ["x.whole=" + "1" * 5000])["x"], "x")


def test_merge_goes_section_by_section() -> None:
    base = {"a": {"x": 1, "y": 2}, "b": {"z": 3}}
    assert config.merge(base, {"a": {"y": 4}, "c": {"w": 5}}) == {
        "a": {"x": 1, "y": 4}, "b": {"z": 3}, "c": {"w": 5},
    }  # fmt: skip
    assert base == {"a": {"x": 1, "y": 2}, "b": {"z": 3}}


def test_read_takes_a_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[loss]\nalpha = 0.3\n", encoding="utf-8")
    assert config.read(path) == config.read(str(path)) == {"loss": {"alpha": 0.3}}


def test_read_lists_the_presets_where_nothing_is_found(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"did you mean best/semeval2018-en.*there are: "):
        config.read("best/semeval2018-em")
    with pytest.raises(InputError, match="found neither at"):
        config.read(tmp_path)


@pytest.mark.parametrize("content", [b"alpha = ", b"[a\n", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_what_is_not_toml_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"mine\.toml is not a TOML file"):
        config.read(path)


def test_there_are_presets() -> None:
    assert "best/semeval2018-en" in config.preset_names()


def test_named_settings_stand_above_the_preset_and_set_above_all() -> None:
    composed = recipe.compose(
        "best/semeval2018-en", dataset="sample", encoder="x", seed=3,
        settings=["training.seed=4", "inputs.prompts.joy=glad"],
    )  # fmt: skip
    assert composed.data.name == "sample"
    assert composed.model.options["encoder"] == "x"
    assert composed.training.seed == 4
    assert composed.inputs.options["prompts"] == {"joy": "glad"}


def test_a_recipe_s_problems_are_reported_together() -> None:
    settings = ["loss.alpha=2", "modle.encoder=x", "training.epochs=0", "text.name=twet",
                "data.name=nothing"]  # fmt: skip
    with pytest.raises(ConfigError) as caught:
        recipe.compose(settings=settings)
    problems = " | ".join(caught.value.problems)
    for part in ("loss.alpha", "modle", "training.epochs", "did you mean tweet", "'nothing'"):
        assert part in problems
    assert len(caught.value.problems) == 5


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a package with plugins and other files, and return its name."""
    files = {
        "__init__.py": "class Config: ...",
        "alpha.py": "class Config:\n    pass\n",
        "beta_2.py": "raise RuntimeError('imported')\n\n\nclass Config:\n    pass\n",
        "_hidden.py": "class Config:\n    pass\n",
        "other.py": "class Configuration:\n    pass\n",
        "inner.py": "def f():\n    class Config:\n        pass\n",
    }
    folder = tmp_path / "plugins_of_a_test"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.startswith(folder.name)]:
        monkeypatch.delitem(sys.modules, name)
    return folder.name


def test_plugins_are_the_files_that_define_a_config_and_are_not_imported(package: str) -> None:
    assert config.plugin_names(package) == ["alpha", "beta_2"]


def test_a_new_file_is_a_new_plugin(package: str, tmp_path: Path) -> None:
    (tmp_path / package / "gamma.py").write_text("class Config: ...\n", encoding="utf-8")
    assert config.plugin_names(package) == ["alpha", "beta_2", "gamma"]
    assert config.find_plugin(package, "gamma").Config.__name__ == "Config"


@pytest.mark.parametrize(
    "name", ["alhpa", "", "other", "_hidden", "..alpha", "alpha.Config", "os", "/alpha", "Alpha"]
)
def test_what_is_no_plugin_is_never_imported(package: str, name: str) -> None:
    with pytest.raises(InputError, match="there are: alpha, beta_2") as caught:
        config.find_plugin(package, name)
    assert repr(name) in str(caught.value)


def test_a_mistyped_plugin_is_guessed() -> None:
    with pytest.raises(InputError, match=r"overtone\.losses is called 'jiont'; did you mean joint"):
        config.find_plugin("overtone.losses", "jiont")
