"""Soft Jaccard, set against the formula text by text and against the metric."""

import math

import pytest
import torch

from overtone import losses
from overtone.evaluation.metrics import score
from overtone.labels import Labels
from overtone.losses import Count
from overtone.losses._constant import Constant
from overtone.losses.bce import bce
from overtone.losses.soft_jaccard import jaccard_distance

NAN = float("nan")


def by_text(logits: torch.Tensor, targets: torch.Tensor, weights: list[float]) -> float:
    """Return the mean over annotated texts of 1 - sum(min) / sum(max), as the docstring has it."""
    distances: list[float] = []
    for row, truth in zip(logits.tolist(), targets.tolist(), strict=True):
        known = [
            (y * (1 + (w - 1) * y), (1 + (w - 1) * y) / (1 + math.exp(-logit)))
            for logit, y, w in zip(row, truth, weights, strict=True)
            if not math.isnan(y)
        ]
        none = max(1 - sum(y for y, _ in known), 0)
        same, union = (sum(pick(pair) for pair in known) + none for pick in (min, max))
        if known:
            distances.append(1 - same / union)
    return sum(distances) / len(distances)


def case(*, soft: bool) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(9, 5, generator=generator, dtype=torch.float64) * 3
    targets = torch.rand(9, 5, generator=generator, dtype=torch.float64)
    targets = targets**3 if soft else targets.round()
    targets[0], targets[1] = 0, 1
    targets[2, 1] = targets[3] = NAN
    return logits, targets


@pytest.mark.parametrize("weights", [None, [1.0, 3.0, 0.2, 0.0, 9.0]])
@pytest.mark.parametrize("soft", [False, True])
def test_it_is_the_formula(weights: list[float] | None, *, soft: bool) -> None:
    logits, targets = case(soft=soft)
    given = None if weights is None else Constant(torch.tensor(weights))
    found = jaccard_distance(logits, targets, Count.of(targets), given)
    assert found.item() == pytest.approx(by_text(logits, targets, weights or [1.0] * 5), rel=1e-6)


def test_for_truths_of_0_and_1_it_is_the_published_one() -> None:
    logits, targets = case(soft=False)
    y, p = targets[4:], torch.sigmoid(logits[4:])
    assert (y.sum(dim=1) > 0).all()
    published = 1 - (y * p).sum(dim=1) / (y + p - y * p).sum(dim=1)
    found = jaccard_distance(logits[4:], y, Count.of(y))
    torch.testing.assert_close(found, published.mean())


def test_for_sure_predictions_it_is_one_minus_the_metric() -> None:
    generator = torch.Generator().manual_seed(0)
    truth, guess = (torch.rand(20, 4, generator=generator) < 0.4 for _ in range(2))
    truth[0], guess[0] = False, False
    guess[~truth.any(dim=1)] = False  # a wrong guess there costs between 1/2 and 1, not 1
    targets = truth.float()
    found = jaccard_distance((guess.float() - 0.5) * 200, targets, Count.of(targets))
    scores = score(targets.numpy(), guess.numpy(), guess.float().numpy(), Labels.of(*"abcd"))
    assert found.item() == pytest.approx(1 - scores.jaccard, abs=1e-6)


def test_a_text_without_a_label_teaches_to_predict_none() -> None:
    targets = torch.zeros(1, 3)
    logits = torch.zeros(1, 3, requires_grad=True)
    value = jaccard_distance(logits, targets, Count.of(targets))
    assert value.item() == pytest.approx(1 - 1 / (1 + 1.5))
    (gradient,) = torch.autograd.grad(value, logits)
    assert (gradient > 0).all()


def test_it_is_least_where_the_probability_is_the_soft_target() -> None:
    """Unlike the form with products, which wants .9 to be 1."""
    targets = torch.tensor([[0.9, 0.3, 0.0, 1.0]], dtype=torch.float64)
    best = torch.logit(targets)
    count = Count.of(targets)
    assert jaccard_distance(best, targets, count).item() == pytest.approx(0, abs=1e-12)
    for step in (-0.5, 0.5):
        for label in (0, 1):
            other = best.clone()
            other[0, label] += step
            assert jaccard_distance(other, targets, count) > 0.01


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_it_is_mixed_with_cross_entropy(alpha: float) -> None:
    logits, targets = case(soft=False)
    count = Count.of(targets)
    mixed = (1 - alpha) * bce(logits, targets, count)
    mixed = mixed + alpha * jaccard_distance(logits, targets, count)
    found = losses.load("soft_jaccard", {"alpha": alpha})(logits, targets, count)
    torch.testing.assert_close(found, mixed)
