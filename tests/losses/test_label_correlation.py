"""The label-correlation-aware loss, set against the formula's double loop."""

import math

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from overtone.losses import Count
from overtone.losses.label_correlation import label_correlation

Cell = tuple[float, float]
"""Logit and target."""


def double_loop(rows: list[list[Cell]]) -> float:
    """Return the mean over annotated rows of equation 5, written as it stands in the paper."""
    total, counted = 0.0, 0
    for row in rows:
        known = [(1 / (1 + math.exp(-logit)), y) for logit, y in row if not math.isnan(y)]
        present = [probability for probability, y in known if y > 0.5]
        absent = [probability for probability, y in known if y <= 0.5]
        counted += bool(known)
        if present and absent:
            pairs = [math.exp(n - p) for p in present for n in absent]
            total += sum(pairs) / (len(present) * len(absent))
    return total / max(counted, 1)


def cells(*targets: float) -> st.SearchStrategy[Cell]:
    return st.tuples(st.floats(-50, 50), st.sampled_from(targets))


def tables(*targets: float) -> st.SearchStrategy[list[list[Cell]]]:
    """Return up to five rows of up to six cells, the same number in each row."""
    return st.integers(1, 6).flatmap(
        lambda width: st.lists(
            st.lists(cells(*targets), min_size=width, max_size=width), min_size=1, max_size=5
        )
    )


@pytest.mark.parametrize("targets", [(0.0, 1.0), (0.0,), (1.0,), (0.0, 1.0, math.nan)])
def test_it_is_the_double_loop(targets: tuple[float, ...]) -> None:
    """Whatever labels are present: some, none at all, or all of them."""

    @settings(deadline=None, max_examples=80)
    @given(tables(*targets))
    @example([[(2.0, targets[0]), (-1.0, targets[-1])]])
    def check(rows: list[list[Cell]]) -> None:
        logits, truth = torch.tensor(rows, dtype=torch.float64).unbind(-1)
        logits.requires_grad_()
        value = label_correlation(logits, truth, Count.of(truth))
        assert value.item() == pytest.approx(double_loop(rows), rel=1e-12)
        (gradient,) = torch.autograd.grad(value, logits)
        assert torch.isfinite(gradient).all()

    check()


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_a_row_with_no_label_or_all_of_them_costs_nothing(target: float) -> None:
    targets = torch.full((2, 4), target)
    logits = torch.randn(2, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    value = label_correlation(logits, targets, Count.of(targets))
    assert value.item() == 0
    (gradient,) = torch.autograd.grad(value, logits)
    assert (gradient == 0).all()


def test_it_is_largest_for_the_wrong_way_round() -> None:
    targets = torch.tensor([[1.0, 0.0]])
    value = {
        sign: label_correlation(sign * torch.tensor([[1e4, -1e4]]), targets, Count.of(targets))
        for sign in (1, -1)
    }
    assert value[1].item() == pytest.approx(math.exp(-1))
    assert value[-1].item() == pytest.approx(math.exp(1))


def test_it_pulls_present_labels_up_and_absent_ones_down() -> None:
    targets = torch.tensor([[1.0, 0.0, 1.0, 0.0]])
    logits = torch.zeros(1, 4, requires_grad=True)
    (gradient,) = torch.autograd.grad(label_correlation(logits, targets, Count.of(targets)), logits)
    assert gradient.sign().tolist() == [[-1, 1, -1, 1]]
