"""The one object that knows the labels' order."""

import json

import pytest

from overtone.errors import InputError
from overtone.labels import Labels


def test_order_is_the_order_given() -> None:
    labels = Labels.of("trust", "anger", "joy")
    assert labels.names == ("trust", "anger", "joy")
    assert len(labels) == 3


def test_labels_are_prompted_by_their_own_names_with_spaces_for_underscores() -> None:
    labels = Labels.of("severe_toxic", "insult", language="es")
    assert labels.prompts == ("severe toxic", "insult")
    assert labels.names == ("severe_toxic", "insult")
    assert labels.language == "es"


def test_with_prompts_replaces_by_name_and_keeps_order_and_language() -> None:
    labels = Labels(("joy", "pessimism", "fear"), ("alegría", "pesimismo", "miedo"), "es")
    changed = labels.with_prompts({"pessimism": "sin esperanza"})
    assert changed.names == labels.names
    assert changed.prompts == ("alegría", "sin esperanza", "miedo")
    assert changed.language == "es"
    assert labels.prompts == ("alegría", "pesimismo", "miedo")


def test_with_prompts_of_an_unknown_label_lists_the_labels() -> None:
    with pytest.raises(InputError, match=r"no label is called hate, joyy: .* joy, fear"):
        Labels.of("joy", "fear").with_prompts({"joyy": "x", "hate": "y", "fear": "z"})


@pytest.mark.parametrize("prompt", ["", "  ", "\n"])
def test_with_prompts_refuses_an_empty_prompt(prompt: str) -> None:
    with pytest.raises(InputError, match="prompt must not be empty"):
        Labels.of("joy").with_prompts({"joy": prompt})


@pytest.mark.parametrize(
    ("names", "prompts", "message"),
    [
        ((), (), "at least one label"),
        (("joy", "fear"), ("joy",), "1 prompts for 2 labels"),
        (("joy", " "), ("joy", "x"), "name must not be empty"),
        (("joy", "fear"), ("joy", ""), "prompt must not be empty"),
        (("joy", "fear", "joy"), ("a", "b", "c"), "only once, found joy again"),
    ],
)
def test_impossible_label_sets_are_refused(
    names: tuple[str, ...], prompts: tuple[str, ...], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Labels(names, prompts)


def test_json_round_trip_keeps_everything() -> None:
    labels = Labels(("joy", "severe_toxic"), ("سعادة", "very bad"), "ar")
    assert Labels.from_json(json.loads(json.dumps(labels.to_json()))) == labels


@pytest.mark.parametrize(
    "saved",
    [
        {},
        {"names": ["joy"], "prompts": ["joy"]},
        {"names": ["joy"], "language": "en"},
        {"names": "joy", "prompts": ["joy"], "language": "en"},
        {"names": ["joy"], "prompts": ["joy"], "language": None},
        {"names": ["joy", "joy"], "prompts": ["a", "b"], "language": "en"},
    ],
)
def test_damaged_json_is_refused(saved: dict[str, object]) -> None:
    with pytest.raises(InputError):
        Labels.from_json(saved)


def test_labels_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Labels.of("joy").names = ("fear",)  # type: ignore[misc]
