"""Eight texts and a tiny model, and the gradients of a step on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from overtone import inputs, losses, models
from overtone.config import find_plugin
from overtone.labels import Labels
from overtone.losses import Count, Loss
from overtone.training import checkpoint, optimizers, ranks, trainer
from overtone.training.config import Config
from overtone.training.memory import Room
from overtone.training.result import TrainingSet
from overtone.training.step import Stepper

LABELS = Labels.of("joy", "anger", "fear")
BCE = losses.load("bce", {})
JOINT = losses.load("joint", {})
PLENTY = 10**6
"""Tokens that no case here has."""
TEXTS = 8
EPSILON, ALPHA = 0.5, 2.0
CONFIG = Config(device="cpu", precision="fp32", batch_size=TEXTS, patience=0, epochs=2, seed=3)
RECIPES = {
    "none": ({}, 1),
    "rdrop": ({"rdrop": ALPHA}, 1),
    "adversarial": ({"adversarial": EPSILON}, 1),
    "masks": ({}, 3),
    "all": ({"rdrop": ALPHA, "adversarial": EPSILON, "layer_decay": 0.8}, 3),
}
"""Options of training, and dropout masks."""


def case(
    encoder: Path, family: str = "spanemo", *, dropout: float = 0.0, long: str = "truncate",
    **options: object,
) -> tuple[models.Model, TrainingSet]:  # fmt: skip
    """Return a tiny model in training and eight texts with gaps, the same every time."""
    torch.manual_seed(0)
    shares = dict.fromkeys(("dropout", "encoder_dropout", "attention_dropout"), dropout)
    made = models.create(family, {"encoder": str(encoder), **shares, **options}, LABELS, ())
    asked = {"long": long, "pool": "mean", "max_length": 24}
    name = find_plugin("overtone.models", family).INPUTS
    kind = inputs.load(name, asked, Tokenizer.from_str(made.tokenizer), made.limit)
    words = ("happy", "terrible", "sea", "bus", "soup", "late", "joke", "team")
    texts = [f"{word} {'day and ' * (n * n % 17)}" for n, word in enumerate(words)]
    rng = np.random.default_rng(0)
    targets = (rng.random((TEXTS, 3)) < 0.5).astype(np.float32)
    targets[1, 0] = targets[6, 2] = np.nan
    targets[4] = np.nan
    return made.model.train(), TrainingSet(kind, kind.encode(texts, LABELS), targets, words)


def stepper_for(
    given: tuple[models.Model, TrainingSet], *, tokens: int = PLENTY, loss: Loss = JOINT,
    team: ranks.Ranks | None = None, precision: str = "fp32", **options: Any,  # noqa: ANN401 - as in Config
) -> Stepper:  # fmt: skip
    model, data = given
    config = replace(CONFIG, **options)
    scaler = trainer._scaler(torch.device("cpu")) if precision == "fp16" else None
    state = checkpoint.State(model, optimizers.optimizer(model, config), scaler=scaler)
    room = Room(tokens, data.encoded.text_lengths, config.memory_gb)
    return Stepper(state, loss, data, config, team or ranks.join(cpu=True), room, precision)


def gradients(stepper: Stepper, texts: NDArray[np.int64] | None = None) -> dict[str, Tensor]:
    """Return each parameter's gradient, and under `loss` what was minimised."""
    count = Count.of(torch.from_numpy(stepper.data.of(np.arange(TEXTS))[0].targets))
    value = stepper._gradients(np.arange(TEXTS) if texts is None else texts, count, number=7)
    return {"loss": value, **grads(stepper.state.model)}


def grads(model: nn.Module) -> dict[str, Tensor]:
    return {name: each.grad for name, each in model.named_parameters() if each.grad is not None}


def assert_close(found: dict[str, Tensor], expected: dict[str, Tensor], share: float) -> None:
    """Check gradients to a share of the largest."""
    assert found.keys() == expected.keys()
    largest = max(float(each.abs().max()) for each in expected.values())
    for name, each in expected.items():
        torch.testing.assert_close(found[name], each, rtol=0, atol=share * largest, msg=name)
