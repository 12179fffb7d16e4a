"""Learning rates, by part and by step, and what decays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
import torch
from tests.training.case import CONFIG, Case

from overtone.models import Model
from overtone.training import optimizers
from overtone.training.config import Config


@pytest.mark.parametrize(
    ("epochs_done", "expected"),
    [(0.0, 0.0), (0.25, 0.5), (0.5, 1.0), (2.75, 0.5), (5.0, 0.0)],
)
def test_rates_rise_over_the_warm_up_and_fall_to_zero(
    bert: Path, epochs_done: float, expected: float
) -> None:
    config = Config(epochs=5, warmup=0.1, learning_rate=2e-5, head_learning_rate=1e-4)
    assert rates(bert, config, epochs_done) == pytest.approx((expected * 2e-5, expected * 1e-4))


@pytest.mark.parametrize(("epochs_done", "expected"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1), (4.9, 1)])
def test_a_constant_schedule_stays_up(bert: Path, epochs_done: float, expected: float) -> None:
    config = Config(
        epochs=5, warmup=0.2, schedule="constant", learning_rate=0.5, head_learning_rate=2.0
    )
    assert rates(bert, config, epochs_done) == pytest.approx((expected * 0.5, expected * 2.0))


@pytest.mark.parametrize("schedule", ["linear", "constant"])
def test_without_warm_up_the_first_step_has_the_whole_rate(
    bert: Path, schedule: Literal["linear", "constant"]
) -> None:
    config = replace(CONFIG, warmup=0.0, schedule=schedule)
    assert rates(bert, config, 0.0) == pytest.approx((1e-4, 1e-3))


@pytest.mark.parametrize("frozen", ["encoder", "head"])
def test_each_part_has_a_rate_of_its_own(bert: Path, tmp_path: Path, frozen: str) -> None:
    case = Case(bert)
    before = case.weights()
    none = {"encoder": (0.0, 1e-3), "head": (1e-4, 0.0)}[frozen]
    case.fit(tmp_path, replace(CONFIG, learning_rate=none[0], head_learning_rate=none[1]))
    for key, value in case.weights().items():
        # Some embeddings are never read, so it is the other part's matrices that must move.
        if key.startswith(frozen):
            assert torch.equal(value, before[key]), key
        elif key.endswith("dense.weight") or key == "head.0.weight":
            assert not torch.equal(value, before[key]), key


def test_biases_and_normalisation_do_not_decay(encoder: Path) -> None:
    model = Case(encoder).model
    decay = decays(model, Config(weight_decay=0.3))
    for name, parameter in model.named_parameters():
        spared = name.endswith("bias") or "norm" in name.lower()
        assert decay[id(parameter)] == (0.0 if spared else 0.3), name


def test_adam_decays_nothing(bert: Path) -> None:
    decay = decays(Case(bert).model, Config(optimizer="adam", weight_decay=0.3))
    assert set(decay.values()) == {0.0}


def test_every_parameter_is_optimised_once(encoder: Path) -> None:
    model = Case(encoder).model
    groups = optimizers.optimizer(model, CONFIG).param_groups
    places = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(places) == sorted(id(parameter) for parameter in model.parameters())


def rates(encoder: Path, config: Config, epochs_done: float) -> tuple[float, float]:
    """Return the learning rates of encoder and head at a point of the schedule."""
    model = Case(encoder).model
    optimizer = optimizers.optimizer(model, config)
    optimizers.set_learning_rates(optimizer, config, epochs_done)
    heads = {id(parameter) for parameter in model.groups()[1]}
    of_head, of_encoder = set[float](), set[float]()
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            (of_head if id(parameter) in heads else of_encoder).add(group["lr"])
    (encoder_rate,), (head_rate,) = of_encoder, of_head
    return encoder_rate, head_rate


def decays(model: Model, config: Config) -> dict[int, float]:
    """Return the decay of each parameter, by its identity."""
    return {
        id(parameter): group["weight_decay"]
        for group in optimizers.optimizer(model, config).param_groups
        for parameter in group["params"]
    }


def test_adadelta_is_keras_s_without_decay(bert: Path, tmp_path: Path) -> None:
    optimizer = optimizers.optimizer(Case(bert).model, replace(CONFIG, optimizer="adadelta"))
    assert isinstance(optimizer, torch.optim.Adadelta)
    assert {(g["rho"], g["eps"], g["weight_decay"]) for g in optimizer.param_groups} == {
        (0.95, 1e-7, 0.0)
    }
    case = Case(bert)
    before = case.weights()
    case.fit(tmp_path, replace(CONFIG, optimizer="adadelta", learning_rate=1.0))
    assert not torch.equal(case.weights()["head.0.weight"], before["head.0.weight"])
