"""What every family promises, old or new: from texts to logits, saved and restored."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from tokenizers import Tokenizer

from overtone import inputs, models
from overtone.config import find_plugin, plugin_names
from overtone.errors import ConfigError, InputError
from overtone.inputs import Encoded, Inputs
from overtone.labels import Labels
from overtone.models import Model, Pretrained, Solved

PACKAGE = "overtone.models"
LABELS = Labels.of("joy", "anger", "fear")
TEXTS = (
    "so happy today", "what a terrible day", "the bus is late and late again", "", "the soup",
    "happy friends at the sea", "unheard-of words", "so terrible and so late today",
)  # fmt: skip
TARGETS = np.asarray(
    [[1, 0, 0], [0, 1, 1], [0, 1, 0], [0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 1, 0], [0, 1, 1]],
    dtype=np.float32,
)


@pytest.fixture(params=plugin_names(PACKAGE))
def name(request: pytest.FixtureRequest) -> str:
    """Return a family's name, each in turn."""
    return str(request.param)


@pytest.fixture
def options(name: str, bert: Path, vectors: Path) -> dict[str, object]:
    """What the family needs to be told."""
    fields = {field.name for field in dataclasses.fields(find_plugin(PACKAGE, name).Config)}
    known: dict[str, object] = {"encoder": str(bert), "vectors": str(vectors), "min_texts": 1}
    return {key: value for key, value in known.items() if key in fields}


class Made:
    """A model on its inputs; one that is solved for is solved."""

    def __init__(self, name: str, options: dict[str, object]) -> None:
        torch.manual_seed(0)
        self.name = name
        self.pretrained: Pretrained = models.create(name, options, LABELS, TEXTS)
        self.model: Model = self.pretrained.model
        tokenizer = Tokenizer.from_str(self.pretrained.tokenizer)
        kind = find_plugin(PACKAGE, name).INPUTS
        self.inputs: Inputs = inputs.load(kind, {}, tokenizer, self.pretrained.limit)
        self.encoded: Encoded = self.inputs.encode(TEXTS, LABELS)
        if isinstance(self.model, Solved):
            self.model.solve(self.encoded, TARGETS)

    def logits(self, *rows: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        chosen = np.asarray(rows or range(len(TEXTS)))
        return models.logits_of(self.model, self.inputs.collate(self.encoded, chosen))


@pytest.fixture
def made(name: str, options: dict[str, object]) -> Made:
    """Make a model of each family in turn."""
    return Made(name, options)


def test_there_are_plugins() -> None:
    assert set(plugin_names(PACKAGE)) >= {"spanemo", "cls_head", "glove_cnn", "paper_cnn", "tfidf"}


def test_a_family_is_documented_and_says_what_goes_with_it(name: str) -> None:
    plugin = find_plugin(PACKAGE, name)
    assert plugin.__doc__
    assert plugin.Config.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(plugin.Config))
    assert plugin.INPUTS in plugin_names("overtone.inputs")
    assert plugin.LOSS in plugin_names("overtone.losses")


def test_an_unknown_option_is_an_error(name: str) -> None:
    with pytest.raises(ConfigError, match=r"model\.no_such_option"):
        models.create(name, {"no_such_option": 1}, LABELS, TEXTS)


def test_logits_are_finite_one_a_label(made: Made) -> None:
    found = made.logits()
    assert found.shape == (len(TEXTS), len(LABELS))
    assert np.isfinite(found).all()
    assert len(np.unique(found.round(6), axis=0)) > len(TEXTS) // 2  # texts are told apart


def test_a_text_s_logits_do_not_depend_on_the_batch(made: Made) -> None:
    together = made.logits()
    alone = np.concatenate([made.logits(row) for row in range(len(TEXTS))])
    np.testing.assert_allclose(alone, together, atol=1e-5)


def test_groups_hold_every_trained_parameter_exactly_once(made: Made) -> None:
    body, head = made.model.groups()
    places = [id(parameter) for parameter in (*body, *head)]
    assert len(places) == len(set(places))
    trained = {id(p) for p in made.model.parameters() if p.requires_grad}
    assert set(places) == trained


def test_every_trained_parameter_gets_a_gradient(made: Made) -> None:
    if isinstance(made.model, Solved):
        assert not any(parameter.requires_grad for parameter in made.model.parameters())
        return
    arrays = made.inputs.collate(made.encoded, np.arange(len(TEXTS)))
    made.model.train()
    torch.manual_seed(0)
    made.model(**models.tensors(arrays, "cpu")).square().sum().backward()
    without = [n for n, p in made.model.named_parameters() if p.requires_grad and p.grad is None]
    assert without == []


def test_a_restored_model_gives_identical_logits(
    made: Made, name: str, options: dict[str, object]
) -> None:
    architecture = json.loads(json.dumps(made.model.architecture(), allow_nan=False))
    # Where the encoder or the vectors came from is gone by then.
    gone = {key: "gone" if isinstance(value, str) else value for key, value in options.items()}
    again = models.restore(name, gone, architecture)
    again.load_state_dict(load(save(made.model.state_dict())))
    batch = made.inputs.collate(made.encoded, np.arange(len(TEXTS)))
    np.testing.assert_array_equal(models.logits_of(again, batch), made.logits())


@pytest.mark.parametrize("architecture", [{}, {"labels": "many"}, {"labels": 3, "words": [1]}])
def test_a_damaged_architecture_is_refused(name: str, architecture: dict[str, object]) -> None:
    with pytest.raises(InputError, match="architecture"):
        models.restore(name, {}, architecture)


def test_labelled_tensors_have_a_row_a_label(made: Made) -> None:
    saved = made.model.state_dict()
    assert all(saved[key].shape[0] == len(LABELS) for key in made.model.LABELLED)
    assert bool(made.model.LABELLED) == ("labels" in made.model.architecture())
