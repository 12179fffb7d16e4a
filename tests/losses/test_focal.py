"""Focal loss, set against equation 5 cell by cell."""

import math

import pytest
import torch

from overtone import losses
from overtone.losses import Count
from overtone.losses.bce import bce

NAN = float("nan")


def equation(logit: float, target: float, gamma: float, alpha: float) -> float:
    """Return -alpha_t (1 - p_t)^gamma log p_t, the mean of both truths for a soft target."""
    p = 1 / (1 + math.exp(-logit))
    present = -alpha * math.pow(1 - p, gamma) * math.log(p)
    absent = -(1 - alpha) * math.pow(p, gamma) * math.log(1 - p)
    return target * present + (1 - target) * absent


@pytest.mark.parametrize("options", [{}, {"gamma": 0.5, "alpha": 0.7}, {"gamma": 5, "alpha": 1}])
def test_it_is_the_equation(options: dict[str, float]) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(7, 4, generator=generator, dtype=torch.float64) * 4
    targets = torch.rand(7, 4, generator=generator, dtype=torch.float64)
    targets[:5] = targets[:5].round()
    targets[2, 1] = targets[6] = NAN
    gamma, alpha = options.get("gamma", 2.0), options.get("alpha", 0.25)
    cells = [
        equation(logit, target, gamma, alpha)
        for logit, target in zip(logits.ravel().tolist(), targets.ravel().tolist(), strict=True)
        if not math.isnan(target)
    ]
    found = losses.load("focal", options)(logits, targets, Count.of(targets))
    assert found.item() == pytest.approx(sum(cells) / len(cells), rel=1e-12)


def test_without_focus_it_is_half_of_cross_entropy() -> None:
    logits, targets = torch.randn(5, 3), torch.rand(5, 3)
    count = Count.of(targets)
    found = losses.load("focal", {"gamma": 0, "alpha": 0.5})(logits, targets, count)
    torch.testing.assert_close(found, bce(logits, targets, count) / 2)


def test_a_label_that_is_right_and_sure_hardly_counts() -> None:
    targets = torch.ones(1, 1)
    easy, hard = (
        losses.load("focal", {})(torch.tensor([[logit]]), targets, Count.of(targets)).item()
        / bce(torch.tensor([[logit]]), targets, Count.of(targets)).item()
        for logit in (5.0, -5.0)
    )
    assert easy < 1e-4
    assert hard > 0.2
