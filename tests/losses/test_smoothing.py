"""Label smoothing: what it does to targets, and that it is done once for every loss."""

import pytest
import torch

from overtone import losses
from overtone.config import find_plugin, plugin_names
from overtone.errors import ConfigError
from overtone.losses import Count
from overtone.losses._smoothing import Smoothed, smooth

NAN = float("nan")
SMOOTHED = [
    name
    for name in plugin_names("overtone.losses")
    if issubclass(find_plugin("overtone.losses", name).Config, Smoothed)
]


def test_targets_go_towards_one_half_and_gaps_stay() -> None:
    found = smooth(torch.tensor([[1.0, 0.0, 0.5, 0.8, NAN]]), 0.2)
    expected = torch.tensor([[0.9, 0.1, 0.5, 0.74, NAN]])
    torch.testing.assert_close(found, expected, equal_nan=True)


@pytest.mark.parametrize("smoothing", [0.01, 0.1, 0.3, 0.5])
def test_no_target_crosses_one_half(smoothing: float) -> None:
    targets = torch.cat([torch.arange(1001) / 1000, torch.rand(1000)])
    assert (targets == 0.5).any()
    assert ((smooth(targets, smoothing) > 0.5) == (targets > 0.5)).all()


def test_losses_that_read_the_value_of_a_target_have_it() -> None:
    assert set(SMOOTHED) == {"asymmetric", "bce", "demux", "focal", "joint", "soft_jaccard"}


@pytest.mark.parametrize("name", SMOOTHED)
def test_a_smoothed_loss_is_the_loss_of_smoothed_targets(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 4, generator=generator)
    targets = torch.rand(6, 4, generator=generator).round()
    targets[0, 0] = NAN
    count = Count.of(targets)
    plain, smoothed = (losses.load(name, {"smoothing": share}) for share in (0.0, 0.2))
    expected = plain(logits, targets * 0.8 + 0.1, count)
    torch.testing.assert_close(smoothed(logits, targets, count), expected)
    assert not torch.allclose(plain(logits, targets, count), expected)


def test_ranking_sees_the_same_labels() -> None:
    generator = torch.Generator().manual_seed(0)
    logits, targets = torch.randn(6, 4), torch.rand(6, 4, generator=generator).round()
    count = Count.of(targets)
    for name in ("joint", "demux"):
        plain, smoothed = (
            losses.load(name, {"alpha": 1.0, "smoothing": share}) for share in (0.0, 0.4)
        )
        assert torch.equal(plain(logits, targets, count), smoothed(logits, targets, count))


@pytest.mark.parametrize(
    ("name", "smoothing", "message"),
    [
        ("bce", 0.6, "between 0 and 0.5, found 0.6"),
        ("label_correlation", 0.1, "is not an option"),
        ("categorical", 0.1, "is not an option"),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, smoothing: float, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        losses.load(name, {"smoothing": smoothing})
