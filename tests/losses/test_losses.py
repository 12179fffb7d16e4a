"""What every loss promises, old or new."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from overtone import losses
from overtone.config import find_plugin, plugin_names
from overtone.errors import ConfigError, InputError
from overtone.labels import Labels
from overtone.losses import Count, Loss

PACKAGE = "overtone.losses"
NAN = float("nan")
VARIANTS: list[tuple[str, dict[str, object]]] = [
    *((name, {}) for name in plugin_names(PACKAGE)),
    ("bce", {"smoothing": 0.2}),
    ("focal", {"gamma": 0.5, "alpha": 0.6}),
    ("asymmetric", {"gamma_positive": 0.5, "gamma_negative": 0.5, "margin": 0.2}),
    ("asymmetric", {"gamma_positive": 1.0, "margin": 0.0}),
    ("soft_jaccard", {"alpha": 1.0}),
    ("demux", {"alpha": 1.0, "pairs": "intra"}),
]
"""Every loss with its defaults, and with options that change its way."""


def case(
    rows: int = 12, labels: int = 5, *, gaps: float = 0.0, soft: bool = False
) -> tuple[Tensor, Tensor]:
    """Return random logits and targets; the first rows hold none, all and half of the labels."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(rows, labels, generator=generator, dtype=torch.float64) * 3
    targets = (torch.rand(rows, labels, generator=generator) < 0.4).double()
    targets[0], targets[1], targets[2, ::2] = 0, 1, 1
    if soft:
        targets[3:] = torch.rand(rows - 3, labels, generator=generator)
    targets[torch.rand(rows, labels, generator=generator) < gaps] = NAN
    return logits.requires_grad_(), targets


def gradient(loss: Loss, logits: Tensor, targets: Tensor) -> Tensor:
    (found,) = torch.autograd.grad(loss(logits, targets, Count.of(targets)), logits)
    return found


@pytest.fixture(params=plugin_names(PACKAGE))
def name(request: pytest.FixtureRequest) -> str:
    """Return a plugin's name, each in turn."""
    return str(request.param)


@pytest.fixture(params=VARIANTS, ids=lambda variant: f"{variant[0]}-{len(variant[1])}")
def loss(request: pytest.FixtureRequest) -> Loss:
    """Return a loss, each in turn."""
    return losses.load(*request.param)


def test_there_are_plugins() -> None:
    named = {"bce", "joint", "label_correlation", "soft_jaccard", "focal", "asymmetric", "demux"}
    assert named <= set(plugin_names(PACKAGE))


def test_a_plugin_is_documented_and_its_config_frozen(name: str) -> None:
    plugin = find_plugin(PACKAGE, name)
    assert plugin.__doc__
    assert plugin.Config.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(plugin.Config()))


def test_an_unknown_option_is_an_error(name: str) -> None:
    with pytest.raises(ConfigError, match=r"loss\.no_such_option"):
        losses.load(name, {"no_such_option": 1})


def test_an_unknown_loss_lists_those_that_exist() -> None:
    with pytest.raises(InputError, match=r"did you mean joint.*there are: .*bce"):
        losses.load("jont", {})


@pytest.mark.parametrize(("gaps", "soft"), [(0.0, False), (0.4, False), (0.4, True)])
def test_the_loss_is_a_finite_scalar_and_its_gradient_right(
    loss: Loss, gaps: float, *, soft: bool
) -> None:
    logits, targets = case(gaps=gaps, soft=soft)
    count = Count.of(targets)
    value = loss(logits, targets, count)
    assert value.shape == ()
    assert torch.isfinite(value)
    assert value >= 0
    assert torch.autograd.gradcheck(lambda x: loss(x, targets, count), (logits,))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("size", [0.0, 30.0, 1e4])
def test_extreme_logits_leave_value_and_gradient_finite(
    loss: Loss, size: float, dtype: torch.dtype
) -> None:
    _, targets = case(gaps=0.2)
    signs = torch.randint(-1, 2, targets.shape, generator=torch.Generator().manual_seed(1))
    logits = (signs * size).to(dtype).requires_grad_()
    assert torch.isfinite(loss(logits, targets.to(dtype), Count.of(targets)))
    assert torch.isfinite(gradient(loss, logits, targets.to(dtype))).all()


@pytest.mark.parametrize("soft", [False, True])
def test_single_precision_is_enough_for_logits_of_80(loss: Loss, *, soft: bool) -> None:
    logits, targets = case(64, gaps=0.2, soft=soft)
    logits = (logits.detach() * 30).clamp(-80, 80).requires_grad_()
    assert logits.abs().max() == 80
    single = logits.detach().float().requires_grad_()
    value = loss(single, targets.float(), Count.of(targets))
    assert value.dtype == torch.float32
    exact = loss(logits, targets, Count.of(targets))
    torch.testing.assert_close(value.double(), exact, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(
        gradient(loss, single, targets.float()).double(),
        gradient(loss, logits, targets),
        rtol=1e-4,
        atol=1e-7,
    )


def test_under_autocast_it_is_the_same(loss: Loss) -> None:
    logits, targets = case(gaps=0.2)
    logits, targets = logits.detach().float(), targets.float()
    with torch.autocast("cpu", torch.bfloat16):
        value = loss(logits, targets, Count.of(targets))
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(logits, targets, Count.of(targets)))


class HostCopies(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts what is copied from the host, single numbers aside."""

    count = 0

    def __torch_dispatch__(
        self,
        func: Callable[..., object],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> object:
        """Do what was asked for, and look at the tensors that go into it."""
        self.count += any(isinstance(each, Tensor) and each.device.type == "cpu" for each in args)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    ("name", "options"),
    [*VARIANTS, ("demux", {"correlated": True})],
    ids=lambda given: given if isinstance(given, str) else len(given),
)
def test_a_step_neither_waits_for_the_device_nor_copies_to_it(
    name: str, options: dict[str, object]
) -> None:
    """Tensors on `meta` have no values: to ask for one, as for a sync, is an error there."""
    known = np.eye(5, dtype=np.float32)
    loss = losses.load(name, {"balance": 1.0, **options}, Labels.of(*"abcde"), known)
    logits = torch.empty(3, 5, device="meta", requires_grad=True)
    targets = torch.empty(3, 5, device="meta")
    copies = []
    for _ in range(2):
        with HostCopies() as seen:  # type: ignore[no-untyped-call]
            loss(logits, targets, Count.of(targets)).backward()  # type: ignore[no-untyped-call]
        copies.append(seen.count)
    assert copies[0] >= 1  # the weights, when first needed
    assert copies[1] == 0


@pytest.mark.parametrize("parts", [(12,), (6, 6), (1, 4, 7), (1,) * 12])
def test_the_parts_of_a_batch_add_up_to_the_whole(loss: Loss, parts: tuple[int, ...]) -> None:
    """However memory makes the trainer cut a batch, value and gradient are the same."""
    logits, targets = case(gaps=0.4)
    targets[5] = NAN
    count = Count.of(targets)
    whole = loss(logits, targets, count)
    ends = list(accumulate(parts))
    pieces = [
        loss(logits[end - size : end], targets[end - size : end], count)
        for size, end in zip(parts, ends, strict=True)
    ]
    assert ends[-1] == len(targets)
    torch.testing.assert_close(torch.stack(pieces).sum(), whole)
    (summed,) = torch.autograd.grad(torch.stack(pieces).sum(), logits)
    torch.testing.assert_close(summed, gradient(loss, logits, targets))


def test_order_of_texts_and_of_labels_does_not_matter(loss: Loss) -> None:
    logits, targets = case(gaps=0.2)
    count = Count.of(targets)
    value = loss(logits, targets, count)
    torch.testing.assert_close(loss(logits.flip(0), targets.flip(0), count), value)
    torch.testing.assert_close(loss(logits.flip(1), targets.flip(1), count), value)


@pytest.mark.parametrize("junk", [0.0, 1e4, -1e4])
def test_a_gap_changes_neither_value_nor_gradient(loss: Loss, junk: float) -> None:
    logits, targets = case(gaps=0.3)
    gaps = torch.isnan(targets)
    count = Count.of(targets)
    other = torch.where(gaps, junk, logits.detach()).requires_grad_()
    torch.testing.assert_close(loss(other, targets, count), loss(logits, targets, count))
    torch.testing.assert_close(gradient(loss, other, targets), gradient(loss, logits, targets))
    assert (gradient(loss, other, targets)[gaps] == 0).all()


def test_a_column_that_nobody_annotated_might_as_well_not_be_there(loss: Loss) -> None:
    logits, targets = case()
    targets[:, 2] = NAN
    kept = [0, 1, 3, 4]
    less = targets[:, kept]
    torch.testing.assert_close(
        loss(logits, targets, Count.of(targets)), loss(logits[:, kept], less, Count.of(less))
    )


def test_rows_that_nobody_annotated_might_as_well_not_be_there(loss: Loss) -> None:
    logits, targets = case()
    targets[[0, 4]] = NAN
    kept = [row for row in range(12) if row not in {0, 4}]
    less = targets[kept]
    torch.testing.assert_close(
        loss(logits, targets, Count.of(targets)), loss(logits[kept], less, Count.of(less))
    )


def test_nothing_annotated_is_zero_with_a_zero_gradient(loss: Loss) -> None:
    logits, targets = case(gaps=2.0)
    assert torch.isnan(targets).all()
    assert loss(logits, targets, Count.of(targets)) == 0
    assert (gradient(loss, logits, targets) == 0).all()


def test_better_logits_cost_less(loss: Loss) -> None:
    _, targets = case()
    right = (targets * 2 - 1) * 3
    count = Count.of(targets)
    assert loss(right, targets, count) < loss(-right, targets, count)


def test_count_is_of_annotated_cells_and_rows() -> None:
    count = Count.of(torch.tensor([[1.0, NAN], [NAN, NAN], [0.0, 1.0]]))
    assert (count.cells.item(), count.rows.item()) == (3, 2)
    nothing = Count.of(torch.full((2, 2), NAN))
    assert (nothing.cells.item(), nothing.rows.item()) == (1, 1)
