"""What moves the weights: the optimiser, its learning rates over time, and the moving average."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from overtone.models import Model
from overtone.training import sharding
from overtone.training.config import Config


def optimizer(model: Model, config: Config) -> torch.optim.Optimizer:
    """Return the optimiser with its learning rates, matrices and the rest apart for the decay."""
    groups = []
    for parameters, rate in _rates(model, config):
        for matrices, decay in ((True, config.weight_decay), (False, 0.0)):
            chosen = [p for p in parameters if (p.ndim > 1) == matrices]
            groups.append({"params": chosen, "peak": rate, "weight_decay": decay})
    if config.optimizer != "adamw":
        for group in groups:
            group["weight_decay"] = 0.0
    if config.optimizer == "adadelta":
        return torch.optim.Adadelta(groups, lr=0.0, rho=0.95, eps=1e-7)  # as Keras has it
    return torch.optim.AdamW(groups, lr=0.0, fused=True)


def _rates(model: Model, config: Config) -> list[tuple[list[nn.Parameter], float]]:
    """Return the trained parameters with their highest learning rates: the encoder's, the head's.

    With `layer_decay` the encoder's fall from layer to layer: Howard & Ruder's discriminative
    fine-tuning (ULMFiT, ACL 2018, section 3.2), Sun et al.'s layer-wise decreasing learning rate
    (How to Fine-Tune BERT for Text Classification?, CCL 2019).
    """
    encoder, head = model.groups()
    rates = [(encoder, config.learning_rate)]
    if config.layer_decay < 1:
        rates = [
            (parameters, config.learning_rate * config.layer_decay**depth)
            for depth, parameters in enumerate(model.by_depth())
        ]
    return [*rates, (head, config.head_learning_rate)]


def set_learning_rates(given: torch.optim.Optimizer, config: Config, epochs_done: float) -> None:
    """Set every group's rate: up over the warm-up, then down to 0 at the end of all epochs."""
    done = epochs_done / config.epochs
    if done < config.warmup:
        factor = done / config.warmup
    elif config.schedule == "constant":
        factor = 1.0
    else:
        factor = (1 - done) / (1 - config.warmup)
    for group in given.param_groups:
        group["lr"] = factor * group["peak"]


def step(given: torch.optim.Optimizer, bad: Tensor) -> None:
    """Do a step, or none where `bad`, a scalar, is 1.

    A fused optimiser reads that on the device, which nobody has to wait for.
    """
    if given.defaults.get("fused"):
        given.found_inf = bad  # type: ignore[attr-defined] # where GradScaler puts it too
        given.step()
    elif not bad.item():
        given.step()


def average(model: Model, config: Config) -> Average | None:
    """Return the moving average of a model's weights, where one is asked for."""
    if not config.average:
        return None
    return Average(model, config.average, warmup=config.average_warmup)


class Average(AveragedModel):
    """A copy of a model that follows its trained weights as a moving average.

    The decay's warm-up is that of TensorFlow's `tf.train.ExponentialMovingAverage` (`num_updates`).
    """

    module: Model

    def __init__(self, model: Model, decay: float, *, warmup: bool) -> None:
        """Copy the model.

        Args:
            model: what is followed.
            decay: what a step leaves of the average before it.
            warmup: whether step t, from 0, leaves (1 + t) / (10 + t) where that is less.

        """
        super().__init__(model)
        self._decay = decay
        self._warmup = warmup
        self._trained = [given.requires_grad for given in model.parameters()]

    def update_parameters(self, model: nn.Module) -> None:
        """Follow the model's weights; those that aren't trained stay as they were copied."""
        pairs = [
            (sharding.local(ours.detach()), sharding.local(theirs.detach()))
            for ours, theirs, trained in zip(
                self.module.parameters(), model.parameters(), self._trained, strict=True
            )
            if trained
        ]
        ours, theirs = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        if self.n_averaged == 0:
            torch._foreach_copy_(ours, theirs)
        else:
            torch._foreach_lerp_(ours, theirs, 1 - self._decay_now())
        self.n_averaged += 1

    def _decay_now(self) -> float:
        # The count is a buffer, so it is in the checkpoint.
        done = int(self.n_averaged)
        return min(self._decay, (1 + done) / (10 + done)) if self._warmup else self._decay
