"""Attention for training on a CPU gives what torch's kernel gives, forward and backward."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from overtone import models
from overtone.labels import Labels
from overtone.models import _attention
from overtone.models._attention import attention

B, HEADS, Q, L, D = 3, 4, 5, 9, 8
HARDLY = 1e-9
"""Dropout that drops nothing, so that fp32 too takes the way for training."""
CLOSE = {torch.float32: 1e-5, torch.bfloat16: 1e-2}
"""How near both ways are, of values of about 1."""

Case = tuple[Tensor, Tensor, Tensor]


class Layer(nn.Module):
    """What attention asks of a layer."""

    def __init__(self, *, is_causal: bool = False, num_key_value_groups: int = 1) -> None:
        """Store the attributes, under transformers' names."""
        super().__init__()
        self.is_causal = is_causal
        self.num_key_value_groups = num_key_value_groups


def padding() -> Tensor:
    """Return the mask of texts of 9, 4 and 1 tokens, (B, 1, 1, L)."""
    return (torch.arange(L) < torch.tensor([9, 4, 1])[:, None])[:, None, None, :]


def windows() -> Tensor:
    """Return a mask of its own for every query, (B, 1, Q, L)."""
    near = (torch.arange(Q)[:, None] - torch.arange(L)).abs() < 3
    return near | (torch.arange(L) == 0)[None, None, None, :] & padding()


MASKS: dict[str, Callable[[], Tensor | None]] = {
    "none": lambda: None, "padding": padding, "windows": windows,
}  # fmt: skip


@pytest.fixture(params=MASKS)
def mask(request: pytest.FixtureRequest) -> Tensor | None:
    return MASKS[request.param]()


@pytest.fixture(params=CLOSE, ids=str)
def dtype(request: pytest.FixtureRequest) -> torch.dtype:
    found: torch.dtype = request.param
    return found


def case(dtype: torch.dtype = torch.float32, heads: int = HEADS) -> Case:
    """Return a query, a key and a value."""
    generator = torch.Generator().manual_seed(0)
    shapes = (B, HEADS, Q, D), (B, heads, L, D), (B, heads, L, D)
    query, key, value = (
        torch.randn(shape, generator=generator).to(dtype).requires_grad_() for shape in shapes
    )
    return query, key, value


def expected(given: Case, mask: Tensor | None, scaling: float | None = None) -> Tensor:
    """Return what torch's kernel gives in fp32, (B, Q, HEADS, D)."""
    query, key, value = (each.float() for each in given)
    found = F.scaled_dot_product_attention(query, key, value, mask, scale=scaling)
    return found.transpose(1, 2)


def refused(*_: object, **__: object) -> NoReturn:
    raise AssertionError("torch's kernel was asked")


@pytest.mark.parametrize("scaling", [None, 0.7])
def test_values_and_gradients_are_those_of_torchs_kernel(
    dtype: torch.dtype,
    mask: Tensor | None,
    scaling: float | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = case(dtype)
    wanted = expected(given, mask, scaling)
    upstream = torch.randn(wanted.shape, generator=torch.Generator().manual_seed(1))
    gradients = torch.autograd.grad(wanted, given, upstream)
    monkeypatch.setattr(_attention, "sdpa_attention_forward", refused)
    found, weights = attention(Layer(), *given, mask, dropout=HARDLY, scaling=scaling)
    assert weights is None
    assert found.dtype == dtype
    torch.testing.assert_close(found.float(), wanted, atol=CLOSE[dtype], rtol=CLOSE[dtype])
    ours = torch.autograd.grad(found, given, upstream.to(dtype))
    for one, other in zip(ours, gradients, strict=True):
        scale = float(other.abs().max())
        assert float((one - other).abs().max()) < CLOSE[dtype] * max(scale, 1)


def test_what_a_mask_hides_has_no_influence(dtype: torch.dtype) -> None:
    query, key, value = case(dtype)
    found, _ = attention(Layer(), query, key, value, padding(), dropout=HARDLY)
    seen = padding().transpose(2, 3)  # (B, 1, L, 1)
    other = torch.where(seen, key, 9.0), torch.where(seen, value, 9.0)
    again, _ = attention(Layer(), query, other[0], other[1], padding(), dropout=HARDLY)
    assert torch.equal(found, again)
    for gradient in torch.autograd.grad(found.sum(), (key, value)):
        assert (gradient.masked_select(~seen) == 0).all()


def test_a_query_that_may_look_nowhere_stays_finite(dtype: torch.dtype) -> None:
    given = case(dtype)
    nothing = padding() & (torch.arange(B) > 0)[:, None, None, None]
    found, _ = attention(Layer(), *given, nothing, dropout=0.1)
    assert found.isfinite().all()
    assert all(each.isfinite().all() for each in torch.autograd.grad(found.sum(), given))


def test_the_mean_over_dropouts_draws_is_what_it_is_without(dtype: torch.dtype) -> None:
    draws = 3000
    torch.manual_seed(0)
    given = case(dtype)
    query, key, value = (each[:1].expand(draws, -1, -1, -1) for each in given)
    mask = padding()[1:2]
    found, _ = attention(Layer(), query, key, value, mask, dropout=0.3)
    wanted = expected(given, padding()[1:2])[0]
    error = (found.float().mean(dim=0) - wanted).abs()
    sigma = found.float().std(dim=0) / math.sqrt(draws)
    assert (sigma > 0).all()
    # bf16's 1 / 0.7 is rounded, and so are the weights.
    assert (error < 5 * sigma + (0 if dtype == torch.float32 else 1e-2)).all()


def test_the_same_seed_drops_the_same_weights() -> None:
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(attention(Layer(), *case(), padding(), dropout=0.3)[0])
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


@pytest.mark.parametrize("dropout", [0.0, HARDLY])
def test_without_a_mask_a_causal_layer_hides_later_tokens(
    dtype: torch.dtype, dropout: float
) -> None:
    query, key, value = (each[:, :, :Q] for each in case(dtype))
    found, _ = attention(Layer(is_causal=True), query, key, value, None, dropout=dropout)
    wanted = expected((query, key, value), torch.ones(Q, Q, dtype=torch.bool).tril())
    torch.testing.assert_close(found.float(), wanted, atol=CLOSE[dtype], rtol=CLOSE[dtype])


@pytest.mark.parametrize("dropout", [0.0, HARDLY])
def test_queries_may_share_a_key(dtype: torch.dtype, dropout: float) -> None:
    query, key, value = case(dtype, heads=2)
    layer = Layer(num_key_value_groups=HEADS // 2)
    found, _ = attention(layer, query, key, value, padding(), dropout=dropout)
    shared = [each.repeat_interleave(HEADS // 2, dim=1) for each in (key, value)]
    wanted = expected((query, shared[0], shared[1]), padding())
    torch.testing.assert_close(found.float(), wanted, atol=CLOSE[dtype], rtol=CLOSE[dtype])


def test_torchs_kernel_is_used_where_nothing_is_trained(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = case(dtype)
    with torch.no_grad():
        found, _ = attention(Layer(), *given, padding())
        monkeypatch.setattr(_attention, "sdpa_attention_forward", refused)
        with pytest.raises(AssertionError, match="torch's kernel"):
            attention(Layer(), *given, padding())
    assert found.shape == (B, Q, HEADS, D)


def test_a_mask_of_numbers_goes_to_torchs_kernel() -> None:
    given = case()
    numbers = torch.zeros(B, 1, 1, L).masked_fill(~padding(), -1e9)
    found, _ = attention(Layer(), *given, numbers, dropout=0.0)
    torch.testing.assert_close(found, expected(given, padding()), atol=1e-5, rtol=1e-5)


def test_encoders_that_had_torchs_kernel_have_this_one(encoder: Path) -> None:
    options = {"encoder": str(encoder)}
    model: Any = models.create("spanemo", options, Labels.of("joy", "fear"), ()).model
    own = model.encoder.config.model_type == "deberta-v2"  # it computes attention in its own way
    assert model.encoder.config._attn_implementation == ("eager" if own else _attention.NAME)
    assert _attention.NAME not in str(model.architecture())
