"""SpanEmo's joint loss: the weighted sum of two."""

import pytest
import torch

from overtone import losses
from overtone.errors import ConfigError
from overtone.losses import Count
from overtone.losses.bce import bce
from overtone.losses.label_correlation import label_correlation


@pytest.mark.parametrize("alpha", [0, 0.2, 0.5, 1])
def test_it_is_the_weighted_sum(alpha: float) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 4, generator=generator)
    targets = torch.rand(6, 4, generator=generator).round()
    targets[1, 2] = float("nan")
    count = Count.of(targets)
    expected = (1 - alpha) * bce(logits, targets, count) + alpha * label_correlation(
        logits, targets, count
    )
    found = losses.load("joint", {"alpha": alpha})(logits, targets, count)
    torch.testing.assert_close(found, expected)


def test_alpha_is_the_paper_s_by_default() -> None:
    logits, targets = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.0, 1.0]])
    count = Count.of(targets)
    torch.testing.assert_close(
        losses.load("joint", {})(logits, targets, count),
        losses.load("joint", {"alpha": 0.2})(logits, targets, count),
    )


@pytest.mark.parametrize("alpha", [-0.01, 1.01, "0.2", True, float("nan"), float("inf")])
def test_alpha_out_of_bounds_is_refused(alpha: object) -> None:
    with pytest.raises(ConfigError, match=r"loss\.alpha must be"):
        losses.load("joint", {"alpha": alpha})
