"""Categorical cross-entropy against torch's own."""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention

from overtone.losses import Count, load

LOSS = load("categorical", {})


def softmax_logits(scores: torch.Tensor) -> torch.Tensor:
    """Return logits whose sigmoid is the softmax of scores, as paper_cnn gives them."""
    return torch.logit(torch.softmax(scores, dim=1))


def test_with_one_label_a_row_it_is_torch_s_cross_entropy() -> None:
    scores = torch.randn(7, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    classes = torch.tensor([0, 1, 2, 3, 4, 0, 2])
    targets = F.one_hot(classes, 5).double()
    found = LOSS(softmax_logits(scores), targets, Count.of(targets))
    torch.testing.assert_close(found, F.cross_entropy(scores, classes))


def test_with_several_labels_it_is_keras_s_sum_over_them() -> None:
    scores = torch.tensor([[1.0, 2.0, 0.5]])
    targets = torch.tensor([[1.0, 0.0, 1.0]])
    expected = -(torch.log_softmax(scores, dim=1) * targets).sum()
    torch.testing.assert_close(LOSS(softmax_logits(scores), targets, Count.of(targets)), expected)
