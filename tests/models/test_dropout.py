"""Cheap dropout: the right share and scale, independent draws, and torch's own generator."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from overtone.models import _dropout, encoders
from overtone.models._dropout import LEVELS, Dropout, drop

MANY = 400_000


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def kept(share: float, *shape: int) -> Tensor:
    """Return where ones are kept, as 0.0 and 1.0."""
    return (drop(torch.ones(*shape), share) != 0).float()


def gradient(found: Tensor, values: Tensor, upstream: Tensor | None = None) -> Tensor:
    upstream = torch.ones_like(found) if upstream is None else upstream
    (given,) = torch.autograd.grad(found, values, upstream)
    return given


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.9, 0.999])
def test_the_share_that_is_dropped_is_right_within_five_sigma(share: float) -> None:
    dropped = 1 - float(kept(share, MANY).mean())
    assert abs(dropped - share) < 5 * math.sqrt(share * (1 - share) / MANY)


@pytest.mark.parametrize("share", [1e-5, 0.1, 1 / 3, 0.5, 0.77, 1 - 1e-5])
def test_the_mean_is_exact(share: float) -> None:
    """What is kept is scaled by the share that is really kept, a multiple of 1/65536."""
    really_kept = LEVELS / float(drop(torch.ones(MANY * 10), share).max())
    assert really_kept == pytest.approx(round(really_kept), rel=1e-5)
    assert abs(really_kept / LEVELS - (1 - share)) <= 0.5 / LEVELS


def test_a_draw_s_sixteen_bits_decide_at_every_level() -> None:
    """Of all 65536 values as many are kept as the scale says, at the ends of their range too."""
    values = torch.arange(-(2**15), 2**15, dtype=torch.int16)
    for share in (1e-5, 0.1, 0.5, 1 - 1e-5):
        level = round((1 - share) * LEVELS)
        assert int((values < level - LEVELS // 2).sum()) == level


@pytest.mark.parametrize("share", [0.0, 1e-9, 1e-6])
def test_without_a_share_nothing_is_dropped(share: float) -> None:
    values = torch.randn(1000, requires_grad=True)
    assert torch.equal(drop(values, share), values)
    assert torch.equal(Dropout(share)(values), values)
    assert torch.equal(gradient(drop(values, share), values), torch.ones(1000))


@pytest.mark.parametrize("share", [1.0, 1 - 1e-9])
def test_the_whole_share_drops_everything(share: float) -> None:
    values = torch.randn(1001, requires_grad=True)
    found = drop(values, share)
    assert torch.equal(found, torch.zeros(1001))
    assert torch.equal(gradient(found, values), torch.zeros(1001))


def test_neighbours_and_calls_are_independent() -> None:
    """Four neighbours share a draw of 64 bits; correlations are 0 within five sigma."""
    first, second = (kept(0.3, MANY) - 0.7 for _ in range(2))
    variance = 0.3 * 0.7
    bound = 5 * variance / math.sqrt(MANY)
    assert abs(float((first * second).mean())) < bound
    for distance in (1, 2, 3, 4, 5, 8, 64):
        assert abs(float((first[distance:] * first[:-distance]).mean())) < 1.01 * bound
    rows = (kept(0.3, MANY // 4, 4) - 0.7) @ torch.tensor([1.0, -1.0, 1.0, -1.0])
    assert float(rows.var()) == pytest.approx(4 * variance, rel=5 * math.sqrt(3 / (MANY // 4)))


def test_every_place_of_a_draw_has_the_same_share() -> None:
    shares = 1 - kept(0.2, MANY // 4, 4).mean(dim=0)
    assert float((shares - 0.2).abs().max()) < 5 * math.sqrt(0.2 * 0.8 / (MANY // 4))


def test_the_same_seed_gives_the_same_mask() -> None:
    values = torch.randn(37, 11)
    found = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        found.append(drop(values, 0.4))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    assert not torch.equal(found[2], drop(values, 0.4))


@pytest.mark.parametrize("shape", [(), (1,), (3,), (4,), (5,), (7, 3), (2, 3, 5, 7), (0, 3)])
def test_any_shape_keeps_its_shape(shape: tuple[int, ...]) -> None:
    found = torch.stack([drop(torch.full(shape, 3.0), 0.5) for _ in range(200)])
    assert found.shape == (200, *shape)
    assert set(found.flatten().tolist()) == (set() if 0 in shape else {0.0, 6.0})
    assert ((found.mean(dim=0) - 3.0).abs() < 5 * 3.0 / math.sqrt(200)).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_the_gradient_is_the_mask(dtype: torch.dtype) -> None:
    values = torch.randn(101, 13, dtype=dtype, requires_grad=True)
    found = drop(values, 0.25)
    assert found.dtype == dtype
    upstream = torch.randn(101, 13, dtype=dtype)
    mask = torch.where(found.detach() == 0, 0.0, 1 / 0.75).to(dtype)
    torch.testing.assert_close(found, values * mask)
    torch.testing.assert_close(gradient(found, values, upstream), upstream * mask)


def test_bf16_drops_the_same_share() -> None:
    found = drop(torch.ones(MANY, dtype=torch.bfloat16), 0.1)
    share = float((found == 0).float().mean())
    assert abs(share - 0.1) < 5 * math.sqrt(0.09 / MANY)
    assert float(found.max()) == pytest.approx(1 / 0.9, rel=2**-8)  # bf16 has eight bits


def test_values_that_are_not_laid_out_in_order_are_dropped_where_they_are() -> None:
    values = torch.arange(1.0, 25.0).view(4, 6).t()
    found = drop(values, 0.5)
    assert found.shape == (6, 4)
    assert torch.equal(found[found != 0], 2 * values[found != 0])


def test_in_eval_nothing_is_dropped() -> None:
    values = torch.randn(50)
    assert torch.equal(Dropout(0.5).eval()(values), values)


def test_every_dropout_of_an_encoder_is_made_cheap_and_drops(encoder: Path) -> None:
    model = encoders.load(str(encoder), encoders.dropout(0.3, 0.3)).model.train()
    before = [name for name, part in model.named_modules() if type(part) is nn.Dropout]
    _dropout.cheapen(model)
    after = [name for name, part in model.named_modules() if type(part) is Dropout]
    assert before == after
    assert after
    for name in after:
        part = model.get_submodule(name)
        share = float((part(torch.ones(10_000)) == 0).float().mean())
        assert share == pytest.approx(part.p, abs=5 * math.sqrt(0.21 / 10_000))
