"""A small case to train, the same every time, and what is done to it: scripted scores, signals."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from overtone import inputs, losses, models
from overtone.labels import Labels
from overtone.losses import Count, Loss
from overtone.models import Model
from overtone.training import trainer
from overtone.training.config import Config
from overtone.training.result import Fitted, Scores, TrainingSet
from overtone.training.stopping import Interrupted

LABELS = Labels.of("joy", "anger", "fear")
STEPS = 4
"""Batches an epoch of the case below."""

BCE = losses.load("bce", {})
CONFIG = Config(
    epochs=3, batch_size=4, device="cpu", patience=0, precision="fp32", checkpoint_steps=1
)


Weights = dict[str, Tensor]


class Case:
    """Sixteen texts and a tiny BERT, the same every time."""

    def __init__(self, encoder: Path, seed: int = 0) -> None:
        torch.manual_seed(seed)
        made = models.create("spanemo", {"encoder": str(encoder)}, LABELS, ())
        kind = inputs.load("label_prefix", {}, Tokenizer.from_str(made.tokenizer), made.limit)
        texts = [f"{word} {'day ' * n}" for n in range(8) for word in ("happy", "terrible")]
        targets = np.tile(np.asarray([[1, 0, 0], [0, 1, 1]], dtype=np.float32), (8, 1))
        self.model: Model = made.model
        ids = [f"row-{n}" for n in range(len(texts))]
        self.data = TrainingSet(kind, kind.encode(texts, LABELS), targets, ids)

    def fit(
        self,
        folder: Path,
        config: Config = CONFIG,
        loss: Loss = BCE,
        validate: Callable[[nn.Module], Scores] | None = None,
    ) -> Fitted:
        return trainer.fit(
            self.model, loss, self.data, validate or scripted(0.1, 0.2, 0.3, 0.4), config, folder
        )

    def weights(self) -> Weights:
        return {key: value.clone() for key, value in self.model.state_dict().items()}


def scores(value: float) -> Scores:
    """Return what `validate` returns, every score the same."""
    return dict.fromkeys(("loss", "jaccard", "jaccard_zero", "f1_micro", "f1_macro"), value)


def scripted(*values: float) -> Callable[[nn.Module], Scores]:
    """Return a `validate` that gives these values, epoch by epoch."""
    script = iter(values)
    return lambda _: scores(next(script))


def rising(folder: Path) -> Callable[[nn.Module], Scores]:
    """Return a `validate` whose value rises from call to call, also over several processes."""
    file = folder / "calls"

    def validate(_: nn.Module) -> Scores:
        calls = int(file.read_text()) if file.exists() else 0
        file.write_text(str(calls + 1))
        return scores(calls / 100)

    return validate


def signalling(step: int, number: signal.Signals, times: int = 1) -> Loss:
    """Return a loss that sends this process a signal at its `step`-th call."""
    calls: Iterator[int] = iter(range(1, 1000))

    def loss(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        if next(calls) == step:
            for _ in range(times):
                # Not os.kill: two of those may arrive as one, and in another thread.
                signal.raise_signal(number)
        return BCE(logits, targets, count)

    return loss


def trained(encoder: Path, folder: Path, config: Config = CONFIG) -> Weights:
    """Train the case from its start to its end and return its weights."""
    case = Case(encoder)
    case.fit(folder, config)
    return case.weights()


def stopped(encoder: Path, folder: Path, step: int) -> Path:
    """Train the case up to a step and return its newest checkpoint."""
    with pytest.raises(Interrupted):
        Case(encoder).fit(folder, loss=signalling(step, signal.SIGINT))
    return max((folder / "checkpoints").glob(f"step-{step:08d}-*"))


def same(one: Weights, other: Weights) -> bool:
    """Return whether two sets of weights are equal bit for bit."""
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
