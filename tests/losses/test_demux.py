"""Demux's loss, set against loops over pairs."""

from __future__ import annotations

import math
from itertools import combinations, product

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from overtone import losses
from overtone.labels import Labels
from overtone.losses import Count
from overtone.losses._constant import Constant
from overtone.losses.bce import bce
from overtone.losses.demux import Pairs, correlation, on_pairs

NAN = float("nan")
LABELS = Labels.of("joy", "fear", "love", "anger", "trust")
KINDS: list[Pairs] = ["both", "intra", "inter"]


def case() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(12, 5, generator=generator, dtype=torch.float64) * 3
    targets = torch.rand(12, 5, generator=generator, dtype=torch.float64).round()
    targets[0], targets[1], targets[2] = 0, 1, torch.tensor([0, 0, 1, 0, 0])
    targets[3, 1:] = targets[4] = targets[5, 2] = NAN
    return logits, targets


def by_pairs(
    logits: torch.Tensor,
    targets: torch.Tensor,
    which: Pairs,
    weights: list[float],
    correlated: NDArray[np.float32] | None,
) -> float:
    """Return the mean over annotated texts of the docstring's terms, pair by pair."""
    total, texts = 0.0, 0
    for row, truth in zip(logits.tolist(), targets.tolist(), strict=True):
        p = [1 / (1 + math.exp(-logit)) for logit in row]
        present = [label for label, y in enumerate(truth) if y > 0.5]
        absent = [label for label, y in enumerate(truth) if y <= 0.5]
        texts += bool(present or absent)
        weight = [weights[label] if label in present else 1.0 for label in range(5)]

        def mean(pairs: list[tuple[int, int]], sides: tuple[int, int], sign: int) -> float:
            cost = mass = 0.0
            for i, j in pairs:
                r = 1.0 if correlated is None else (1 + sign * float(correlated[i, j])) / 2
                both = weight[i] * weight[j]  # noqa: B023 - used within the turn of the loop
                cost += both * r * math.exp(sides[0] * p[i] + sides[1] * p[j])  # noqa: B023
                mass += both
            return cost / mass if pairs else 0.0

        inter = mean(list(product(present, absent)), (-1, 1), -1)
        groups = [
            mean(list(combinations(group, 2)), (side, side), 1)
            for group, side in ((present, -1), (absent, 1))
            if group
        ]
        intra = sum(groups) / max(len(groups), 1)
        both = (inter + intra) / 2 if len(groups) == 2 else intra
        total += {"inter": inter, "intra": intra, "both": both}[which]
    return total / texts


@pytest.mark.parametrize("correlated", [False, True])
@pytest.mark.parametrize("weights", [None, [1.0, 3.0, 0.2, 7.0, 1.0]])
@pytest.mark.parametrize("which", KINDS)
def test_it_is_the_loop_over_pairs(
    which: Pairs, weights: list[float] | None, *, correlated: bool
) -> None:
    logits, targets = case()
    logits.requires_grad_()
    known = correlation(targets.numpy()) if correlated else None
    shares = None
    if known is not None:
        np.fill_diagonal(known, -1)  # a share of 0
        shares = Constant(torch.from_numpy(known / 2 + 0.5))
    given = None if weights is None else Constant(torch.tensor(weights))
    count = Count.of(targets)
    found = on_pairs(logits, targets, count, which, given, shares)
    expected = by_pairs(logits.detach(), targets, which, weights or [1.0] * 5, known)
    assert found.item() == pytest.approx(expected, rel=1e-6)
    assert torch.autograd.gradcheck(
        lambda x: on_pairs(x, targets, count, which, given, shares), (logits,)
    )


@pytest.mark.parametrize("which", KINDS)
def test_it_is_mixed_with_cross_entropy(which: Pairs) -> None:
    logits, targets = case()
    count = Count.of(targets)
    options = {"alpha": 0.3, "pairs": which, "correlated": True}
    loss = losses.load("demux", options, LABELS, targets.float().numpy())
    shares = correlation(targets.numpy()) / 2 + 0.5
    np.fill_diagonal(shares, 0)
    pairs = on_pairs(logits, targets, count, which, None, Constant(torch.from_numpy(shares)))
    expected = 0.7 * bce(logits, targets, count) + 0.3 * pairs
    torch.testing.assert_close(loss(logits, targets, count), expected)


def test_pairs_between_the_groups_are_spanemo_s() -> None:
    logits, targets = case()
    count = Count.of(targets)
    torch.testing.assert_close(
        losses.load("demux", {"pairs": "inter"})(logits, targets, count),
        losses.load("joint", {})(logits, targets, count),
    )


def test_alike_labels_move_together() -> None:
    """A present label that is low costs more, and is pulled up more, the lower its partner is."""
    targets = torch.tensor([[1.0, 1.0, 0.0]])
    pulls = []
    for partner in (-3.0, 3.0):
        logits = torch.tensor([[0.0, partner, 0.0]], requires_grad=True)
        value = on_pairs(logits, targets, Count.of(targets), "intra")
        (gradient,) = torch.autograd.grad(value, logits)
        assert gradient[0, 0] < 0
        assert gradient[0, 2] == 0  # the only absent label has no partner
        pulls.append(-gradient[0, 0].item())
    assert pulls[0] > pulls[1]


def test_correlation_is_numpy_s() -> None:
    targets = (np.random.default_rng(0).random((50, 5)) < 0.4).astype(np.float32)
    targets[:, 1] = targets[:, 0]
    targets[:, 2] = 1 - targets[:, 0]
    np.testing.assert_allclose(correlation(targets), np.corrcoef(targets.T), atol=1e-6)


def test_correlation_is_over_texts_annotated_for_both() -> None:
    generator = np.random.default_rng(0)
    targets = (generator.random((60, 4)) < 0.5).astype(np.float32)
    targets[generator.random(targets.shape) < 0.3] = np.nan
    found = correlation(targets)
    for i, j in combinations(range(4), 2):
        both = ~np.isnan(targets[:, [i, j]]).any(axis=1)
        expected = np.asarray(np.corrcoef(targets[both][:, [i, j]].T))
        assert found[i, j] == found[j, i] == pytest.approx(expected[0, 1], abs=1e-6)


def test_a_label_that_is_never_there_correlates_with_nothing() -> None:
    targets = np.asarray([[1, 0, 1, NAN], [0, 0, 1, NAN], [1, 0, 1, NAN]], dtype=np.float32)
    expected = np.zeros((4, 4))
    expected[0, 0] = 1
    np.testing.assert_allclose(correlation(targets), expected, atol=1e-7)
