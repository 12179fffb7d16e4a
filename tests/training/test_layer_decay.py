"""Learning rates that fall from the encoder's last layer to its embeddings."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from overtone import models
from overtone.errors import InputError
from overtone.labels import Labels
from overtone.models import Model
from overtone.training import optimizers
from overtone.training.config import Config

LAYERS = 2
"""Of the tiny encoders."""
CONFIG = Config(
    layer_decay=0.5, learning_rate=8e-4, head_learning_rate=1e-2, warmup=0.0, schedule="constant"
)


def made(encoder: Path, **options: object) -> Model:
    torch.manual_seed(0)
    given = {"encoder": str(encoder), **options}
    return models.create("spanemo", given, Labels.of("joy", "anger"), ()).model


def rates(model: Model, config: Config = CONFIG) -> dict[str, float]:
    """Return each trained parameter's learning rate, by its name."""
    optimizer = optimizers.optimizer(model, config)
    optimizers.set_learning_rates(optimizer, config, 1.0)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found = [
        (names[id(parameter)], group["lr"])
        for group in optimizer.param_groups
        for parameter in group["params"]
    ]
    assert len(dict(found)) == len(found)
    return dict(found)


def rate(name: str) -> float:
    """Return the rate that a parameter of a tiny model should have, by its name."""
    if name.startswith("head."):
        return CONFIG.head_learning_rate
    if layer := re.search(r"\blayers?\.(\d)\.", name):
        depth = LAYERS - 1 - int(layer[1])
    else:
        depth = LAYERS if "embedding" in name else 0
    return CONFIG.learning_rate * CONFIG.layer_decay**depth


def test_every_layer_has_its_share_of_the_rate_of_the_one_above(encoder: Path) -> None:
    model = made(encoder)
    found = rates(model)
    assert found == {name: pytest.approx(rate(name)) for name, _ in model.named_parameters()}
    of_encoder = {value for name, value in found.items() if name.startswith("encoder.")}
    assert sorted(of_encoder) == pytest.approx([2e-4, 4e-4, 8e-4])


def test_only_what_is_trained_has_a_rate(bert: Path) -> None:
    model = made(bert, freeze_layers=1)
    trained = {name for name, each in model.named_parameters() if each.requires_grad}
    assert rates(model) == {name: pytest.approx(rate(name)) for name in trained}
    model = made(bert)
    model.adapt(2, 4.0)
    updates = {name for name, each in model.named_parameters() if each.requires_grad}
    assert any("lora" in name for name in updates)
    assert rates(model) == {name: pytest.approx(rate(name)) for name in updates}


def test_biases_and_normalisation_do_not_decay(bert: Path) -> None:
    model = made(bert)
    for group in optimizers.optimizer(model, replace(CONFIG, weight_decay=0.3)).param_groups:
        for parameter in group["params"]:
            assert group["weight_decay"] == (0.3 if parameter.ndim > 1 else 0.0)


def test_one_is_off(bert: Path) -> None:
    model = made(bert)
    encoder, head = model.groups()
    groups = optimizers.optimizer(model, replace(CONFIG, layer_decay=1.0)).param_groups
    expected = [
        [each for each in parameters if (each.ndim > 1) == matrices]
        for parameters in (encoder, head)
        for matrices in (True, False)
    ]
    assert [list(map(id, group["params"])) for group in groups] == [
        list(map(id, parameters)) for parameters in expected
    ]
    assert [group["peak"] for group in groups] == [8e-4, 8e-4, 1e-2, 1e-2]


def test_a_first_step_of_adam_is_as_long_as_the_rate(bert: Path) -> None:
    """What moves a weight is its rate: Adam's first step is that, whatever the gradient."""
    model = made(bert)
    config = replace(CONFIG, weight_decay=0.0)
    optimizer = optimizers.optimizer(model, config)
    optimizers.set_learning_rates(optimizer, config, 1.0)
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    optimizer.step()
    for name, value in model.named_parameters():
        moved = (value.detach() - before[name]).abs()
        assert float(moved.median()) == pytest.approx(rate(name), rel=1e-2), name


def test_layers_that_share_their_weights_are_refused() -> None:
    config: dict[str, Any] = {
        "model_type": "albert", "vocab_size": 50, "embedding_size": 16, "hidden_size": 32,
        "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 64,
    }  # fmt: skip
    architecture = {"encoder": config, "labels": 2}
    model = models.restore("cls_head", {}, architecture)
    with pytest.raises(InputError, match=r"layer_decay needs an encoder whose 3 layers .* albert"):
        model.by_depth()
    with pytest.raises(InputError, match=r"freeze_layers needs an encoder whose 3 layers"):
        models.restore("cls_head", {"freeze_layers": 1}, architecture)
