"""Asymmetric loss, set against the paper's formulas cell by cell."""

import math

import pytest
import torch

from overtone import losses
from overtone.losses import Count
from overtone.losses.bce import bce

NAN = float("nan")
DEFAULT = {"gamma_positive": 0.0, "gamma_negative": 4.0, "margin": 0.05}


def formula(
    logit: float, target: float, gamma_positive: float, gamma_negative: float, margin: float
) -> float:
    p = 1 / (1 + math.exp(-logit))
    present = -math.pow(1 - p, gamma_positive) * math.log(p)
    shifted = max(p - margin, 0)
    absent = -math.pow(shifted, gamma_negative) * math.log(1 - shifted)
    return target * present + (1 - target) * absent


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"gamma_positive": 1.0, "gamma_negative": 2.0, "margin": 0.0},
        {"gamma_positive": 0.5, "gamma_negative": 0.5, "margin": 0.3},
    ],
)
def test_it_is_the_formula(options: dict[str, float]) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(7, 4, generator=generator, dtype=torch.float64) * 4
    targets = torch.rand(7, 4, generator=generator, dtype=torch.float64)
    targets[:5] = targets[:5].round()
    targets[2, 1] = targets[6] = NAN
    cells = [
        formula(logit, target, **{**DEFAULT, **options})
        for logit, target in zip(logits.ravel().tolist(), targets.ravel().tolist(), strict=True)
        if not math.isnan(target)
    ]
    found = losses.load("asymmetric", options)(logits, targets, Count.of(targets))
    assert found.item() == pytest.approx(sum(cells) / len(cells), rel=1e-10)


def test_without_its_options_it_is_cross_entropy() -> None:
    logits, targets = torch.randn(5, 3), torch.rand(5, 3)
    count = Count.of(targets)
    plain = losses.load("asymmetric", dict.fromkeys(DEFAULT, 0.0))
    torch.testing.assert_close(plain(logits, targets, count), bce(logits, targets, count))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 4.0])
def test_absent_labels_within_the_margin_count_nothing(gamma: float) -> None:
    targets = torch.zeros(1, 3)
    logits = torch.tensor([[-80.0, -0.1, 0.0]], requires_grad=True)  # up to the margin itself
    loss = losses.load("asymmetric", {"margin": 0.5, "gamma_negative": gamma})
    value = loss(logits, targets, Count.of(targets))
    assert value.item() == pytest.approx(0, abs=1e-11)
    (gradient,) = torch.autograd.grad(value, logits)
    assert (gradient == 0).all()


def test_focal_is_the_same_on_both_sides() -> None:
    logits, targets = torch.randn(5, 3), torch.rand(5, 3)
    count = Count.of(targets)
    options = {"gamma_positive": 2.0, "gamma_negative": 2.0, "margin": 0.0}
    torch.testing.assert_close(
        losses.load("asymmetric", options)(logits, targets, count),
        2 * losses.load("focal", {"gamma": 2.0, "alpha": 0.5})(logits, targets, count),
    )
