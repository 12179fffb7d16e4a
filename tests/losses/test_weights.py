"""Weights of present labels: where they come from, and what each loss does with them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

from overtone import losses
from overtone.config import plugin_names
from overtone.errors import ConfigError, InputError
from overtone.labels import Labels
from overtone.losses import Count
from overtone.losses._weights import Weighted, positive

NAN = float("nan")
LABELS = Labels.of("joy", "fear", "love")
TARGETS = np.asarray(
    [[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0], [NAN, 0, 0], [1, NAN, 0]], dtype=np.float32
)


@pytest.fixture(params=plugin_names("overtone.losses"))
def name(request: pytest.FixtureRequest) -> str:
    """Return a loss's name, each in turn."""
    return str(request.param)


def weights(**options: object) -> list[float]:
    found = positive(Weighted(**options), LABELS, TARGETS)  # type: ignore[arg-type]
    assert found is not None
    return [round(float(weight), 4) for weight in found]


def test_nothing_asked_for_is_no_weight() -> None:
    assert positive(Weighted(), LABELS, TARGETS) is None


def test_balance_is_absent_over_present_among_annotated_cells() -> None:
    # Joy stands in 4 of 5, fear in 1 of 5; love never, so nothing can make up for that.
    assert weights(balance=1.0) == [0.25, 4.0, 1.0]
    assert weights(balance=0.5) == [0.5, 2.0, 1.0]
    joy = TARGETS[~np.isnan(TARGETS[:, 0]), 0]
    off, on = compute_class_weight("balanced", classes=np.asarray([0, 1]), y=joy)
    assert on / off == pytest.approx(0.25)


def test_balance_has_a_bound() -> None:
    targets = np.zeros((100_000, 3), dtype=np.float32)
    targets[0] = 1
    found = positive(Weighted(balance=1.0), LABELS, targets)
    assert found is not None
    assert found.tolist() == [100.0] * 3


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.999])
def test_a_beta_counts_texts_by_their_effective_number(beta: float) -> None:
    def effective(texts: int) -> float:
        return sum(beta**number for number in range(texts))  # the paper's geometric series

    expected = [
        effective(1) / effective(4),
        effective(4) / effective(1),
        1.0,
    ]  # love is never there
    found = positive(Weighted(balance=1.0, balance_beta=beta), LABELS, TARGETS)
    assert found is not None
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_beta_close_to_one_is_the_inverse_frequency() -> None:
    assert weights(balance=0.5, balance_beta=1 - 1e-9) == weights(balance=0.5) == [0.5, 2.0, 1.0]


def test_a_beta_that_changes_nothing_is_refused() -> None:
    with pytest.raises(InputError, match=r"found 0\.9 with loss\.balance 0: set loss\.balance too"):
        losses.load("bce", {"balance_beta": 0.9}, LABELS, TARGETS)


def test_a_given_weight_has_the_last_word() -> None:
    assert weights(positive_weights={"fear": 7.0}) == [1.0, 7.0, 1.0]
    assert weights(balance=1.0, positive_weights={"joy": 3.0}) == [3.0, 4.0, 1.0]


def test_a_weight_of_no_label_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"has angr, which is no label; there are: joy, fear"):
        losses.load(name, {"positive_weights": {"angr": 2.0}}, LABELS, TARGETS)
    with pytest.raises(ConfigError, match=r"loss\.positive_weights must be at least 0"):
        losses.load(name, {"positive_weights": {"joy": -1.0}}, LABELS, TARGETS)


def test_weights_of_one_change_nothing(name: str) -> None:
    logits, targets = torch.randn(6, 3), torch.from_numpy(TARGETS)
    count = Count.of(targets)
    ones = {"positive_weights": dict.fromkeys(LABELS.names, 1.0)}
    plain, weighted = (losses.load(name, options, LABELS, TARGETS) for options in ({}, ones))
    torch.testing.assert_close(weighted(logits, targets, count), plain(logits, targets, count))


def test_a_heavier_label_is_pulled_up_harder_where_it_is_present(name: str) -> None:
    """Of the present labels, the heavier one gets more of the gradient than without its weight."""
    targets = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, NAN]])
    shares = []
    for weight in (1.0, 5.0):
        loss = losses.load(name, {"positive_weights": {"fear": weight}}, LABELS, TARGETS)
        logits = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
        (found,) = torch.autograd.grad(loss(logits, targets.double(), Count.of(targets)), logits)
        assert found[1, 2] == 0  # not annotated
        assert (found[:, :2] < 0).any()
        shares.append(float(found[0, 1] / found[0, :2].sum()))
    assert shares[1] > shares[0]


@pytest.mark.parametrize("gaps", [False, True])
def test_the_weighted_gradient_is_right_and_ignores_gaps(name: str, *, gaps: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(8, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    targets = (torch.rand(8, 3, generator=generator) < 0.5).double()
    if gaps:
        targets[torch.rand(8, 3, generator=generator) < 0.3] = NAN
    count = Count.of(targets)
    options = {"balance": 1.0, "positive_weights": {"love": 2.5}}
    loss = losses.load(name, options, LABELS, TARGETS)
    assert torch.autograd.gradcheck(lambda x: loss(x, targets, count), (logits,))
    parts = [loss(logits[:3], targets[:3], count), loss(logits[3:], targets[3:], count)]
    torch.testing.assert_close(parts[0] + parts[1], loss(logits, targets, count))
