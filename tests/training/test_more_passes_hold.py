"""With R-Drop, adversarial passes and several dropout masks, the engine's promises hold.

Parts add up, stops lose nothing, what doesn't fit is halved, what isn't finite is skipped.
"""

from __future__ import annotations

import itertools
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.training.passes import (
    ALPHA,
    BCE,
    CONFIG,
    EPSILON,
    RECIPES,
    TEXTS,
    assert_close,
    case,
    gradients,
    stepper_for,
)
from torch import Tensor, nn

from overtone import models
from overtone.losses import Count, Loss
from overtone.training import memory, optimizers, ranks, trainer
from overtone.training.result import TrainingSet
from overtone.training.stopping import Interrupted

# What the engine promises


@pytest.fixture(params=[name for name in RECIPES if name != "none"])
def recipe(request: pytest.FixtureRequest) -> tuple[dict[str, Any], int]:
    found: tuple[dict[str, Any], int] = RECIPES[request.param]
    return found


def unequal(given: tuple[models.Model, TrainingSet]) -> tuple[models.Model, TrainingSet]:
    """Let passes differ as dropout does, but by their number alone: R-Drop has something to do."""
    factors = itertools.cycle((1.0, 1.5))
    model: Any = given[0]
    model.head[-1].register_forward_hook(lambda _, given, found: found * next(factors))  # noqa: ARG005
    return given


@pytest.mark.parametrize("long", ["truncate", "windows"])
def test_micro_batches_and_processes_add_up(
    bert: Path, recipe: tuple[dict[str, Any], int], long: str
) -> None:
    options, masks = recipe
    settings: dict[str, Any] = {"long": long, "dropout_samples": masks, "train_embeddings": False}

    def made() -> tuple[models.Model, TrainingSet]:
        return unequal(case(bert, **settings)) if "rdrop" in options else case(bert, **settings)

    whole = gradients(stepper_for(made(), **options))
    plain = gradients(stepper_for(case(bert, **settings)))
    if options:
        assert float(whole["loss"]) > float(plain["loss"]) + 1e-4
    for tokens in (60, 1):
        assert_close(gradients(stepper_for(made(), tokens=tokens, **options)), whole, 1e-5)
    shares = []
    for rank in (0, 1):
        team = ranks.Ranks(torch.device("cpu"), rank, 2)
        stepper = stepper_for(made(), team=team, **options)
        shares.append(gradients(stepper))
    both = {name: shares[0][name] + shares[1][name] for name in whole}
    assert_close(both, whole, 1e-5)


def test_a_stopped_run_goes_on_bit_for_bit(
    bert: Path, tmp_path: Path, recipe: tuple[dict[str, Any], int]
) -> None:
    options, masks = recipe
    config = replace(CONFIG, batch_size=4, average=0.5, checkpoint_steps=1, **options)
    settings: dict[str, Any] = {"dropout": 0.2, "dropout_samples": masks}

    def fit(folder: str, loss: Loss) -> dict[str, Tensor]:
        model, data = case(bert, **settings)
        trainer.fit(model, loss, data, even, config, tmp_path / folder)
        return model.state_dict()

    whole = fit("whole", BCE)
    calls = masks * (2 if "rdrop" in options else 1) * (2 if "adversarial" in options else 1)
    stop = itertools.count(1)

    def stopping(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        if next(stop) == 2 * calls + 1:
            signal.raise_signal(signal.SIGTERM)
        return BCE(logits, targets, count)

    with pytest.raises(Interrupted, match="step 3"):
        fit("cut", stopping)
    again = fit("cut", BCE)
    assert again.keys() == whole.keys()
    for name, each in whole.items():
        assert torch.equal(again[name], each), name


@pytest.mark.parametrize("failing", [1, 2, 4])
def test_what_does_not_fit_in_any_pass_is_halved_and_done_anew(bert: Path, failing: int) -> None:
    """A pass of more than two rows finds no memory; with dropout, whose draws begin again too."""
    options: dict[str, Any] = {"rdrop": ALPHA, "adversarial": EPSILON}
    settings: dict[str, Any] = {"dropout": 0.2, "dropout_samples": 2, "train_embeddings": False}
    model, data = case(bert, **settings)
    passes = itertools.count(1)

    def refuse(_: nn.Module, args: object, arrays: dict[str, Tensor]) -> None:  # noqa: ARG001
        rows = len(arrays["input_ids"])
        if rows > 2 and next(passes) % 4 == failing % 4:
            raise torch.OutOfMemoryError("no memory")

    model.register_forward_pre_hook(refuse, with_kwargs=True)
    halved = stepper_for((model, data), **options)
    found = gradients(halved)
    assert halved.room.tokens < int(data.encoded.text_lengths.sum())
    fitting = stepper_for(case(bert, **settings), tokens=halved.room.tokens, **options)
    for name, each in gradients(fitting).items():
        assert torch.equal(found[name], each), name
    assert not model.word_embeddings()._forward_hooks


@pytest.mark.parametrize("bad_pass", [1, 2])
def test_a_step_is_skipped_where_either_pass_is_not_finite(bert: Path, bad_pass: int) -> None:
    calls = itertools.count(1)

    def loss(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        value = BCE(logits, targets, count)
        return value * float("nan") if next(calls) == bad_pass else value

    model, data = case(bert)
    stepper = stepper_for((model, data), loss=loss, adversarial=EPSILON)
    optimizers.set_learning_rates(stepper.state.optimizer, stepper.config, 1.0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    bad = [float(stepper.step(np.arange(TEXTS), number, lambda: False)[1]) for number in (0, 1)]
    assert bad == [1.0, 0.0]
    moved = [name for name, value in model.named_parameters() if not value.equal(before[name])]
    assert moved
    assert all(torch.isfinite(value).all() for value in model.parameters())
    # As if the first step had not been.
    once, data = case(bert)
    alone = stepper_for((once, data), loss=BCE, adversarial=EPSILON)
    optimizers.set_learning_rates(alone.state.optimizer, alone.config, 1.0)
    alone.step(np.arange(TEXTS), 1, lambda: False)
    for name, each in once.state_dict().items():
        assert torch.equal(model.state_dict()[name], each), name


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_gives_nearly_the_same_gradients(bert: Path, precision: str) -> None:
    options: dict[str, Any] = {"rdrop": ALPHA, "adversarial": EPSILON}
    settings: dict[str, Any] = {"dropout_samples": 2, "train_embeddings": False}
    exact = gradients(stepper_for(unequal(case(bert, **settings)), **options))
    stepper = stepper_for(unequal(case(bert, **settings)), precision=precision, **options)
    rough = gradients(stepper)
    scale = 1.0 if stepper.state.scaler is None else stepper.state.scaler.get_scale()
    one, other = (
        torch.cat([value.flatten() for name, value in found.items() if name != "loss"])
        for found in (exact, rough)
    )
    assert float(nn.functional.cosine_similarity(one, other, dim=0)) > 0.995
    assert float((other / scale).norm() / one.norm()) == pytest.approx(1, abs=0.05)


def test_gradient_checkpointing_leaves_every_gradient_as_it_is(bert: Path) -> None:
    options: dict[str, Any] = {"rdrop": ALPHA, "adversarial": EPSILON}
    settings: dict[str, Any] = {"dropout": 0.2, "dropout_samples": 2, "train_embeddings": False}
    kept = gradients(stepper_for(case(bert, **settings), **options))
    given = case(bert, **settings)
    given[0].recompute()
    assert_close(gradients(stepper_for(given, **options)), kept, 1e-5)


@pytest.mark.parametrize("lora", [0, 2])
def test_an_adversarial_pass_goes_through_frozen_layers_and_low_rank_updates(
    bert: Path, lora: int
) -> None:
    found = []
    for epsilon in (0.0, EPSILON):
        model, data = case(bert, freeze_layers=1)
        if lora:
            torch.manual_seed(0)
            model.adapt(lora, 4.0)
        found.append(gradients(stepper_for((model, data), adversarial=epsilon)))
    assert found[0].keys() == found[1].keys()
    assert float(found[1]["loss"]) > float(found[0]["loss"])


@pytest.mark.skipif(not memory.CLEAR.exists(), reason="NOT RUN: needs Linux's /proc")
def test_a_budget_is_measured_with_every_pass(bert: Path) -> None:
    passes: list[int] = []
    both: dict[str, Any] = {"rdrop": ALPHA, "adversarial": EPSILON}
    options: dict[str, Any]
    for options in ({}, both):
        model, data = case(bert)
        calls: list[int] = []
        model.register_forward_pre_hook(lambda *_, calls=calls: calls.append(1))
        stepper_for((model, data), memory_gb=1000.0, **options).fit_budget()
        passes.append(len(calls))
        assert all(parameter.grad is None for parameter in model.parameters())
    assert passes[1] == 4 * passes[0] > 0


def even(_: nn.Module) -> dict[str, float]:
    """Return the same scores for every model."""
    return dict.fromkeys(("loss", "jaccard", "jaccard_zero", "f1_micro", "f1_macro"), 0.5)
