"""Binary cross-entropy, set against torch's."""

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from overtone.losses import Count
from overtone.losses.bce import bce


@pytest.mark.parametrize("scale", [0.1, 3.0, 1e4])
@pytest.mark.parametrize("soft", [False, True])
def test_it_is_torch_s_mean_over_cells(scale: float, *, soft: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(7, 4, generator=generator) * scale
    targets = torch.rand(7, 4, generator=generator)
    targets = targets if soft else targets.round()
    torch.testing.assert_close(
        bce(logits, targets, Count.of(targets)), binary_cross_entropy_with_logits(logits, targets)
    )


def test_the_mean_is_over_annotated_cells() -> None:
    logits = torch.tensor([[0.5, -1.0, 2.0], [0.0, 3.0, -0.5]])
    targets = torch.tensor([[1.0, float("nan"), 0.0], [float("nan"), float("nan"), 1.0]])
    kept = ~torch.isnan(targets)
    torch.testing.assert_close(
        bce(logits, targets, Count.of(targets)),
        binary_cross_entropy_with_logits(logits[kept], targets[kept]),
    )


def test_a_case_computed_by_hand() -> None:
    targets = torch.tensor([[1.0, 0.0]])
    value = bce(torch.zeros(1, 2), targets, Count.of(targets))
    assert value.item() == pytest.approx(0.693147, abs=1e-6)
