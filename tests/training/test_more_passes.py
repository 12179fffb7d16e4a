"""R-Drop, adversarial passes and several dropout masks: what the papers say, and off by default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.training.passes import (
    ALPHA,
    CONFIG,
    EPSILON,
    JOINT,
    TEXTS,
    assert_close,
    case,
    gradients,
    grads,
    stepper_for,
)
from torch import Tensor, nn
from torch.distributions import Bernoulli, kl_divergence

from overtone import models
from overtone.losses import Count
from overtone.training import adversarial, rdrop
from overtone.training.result import TrainingSet


class ByHand:
    """The same case without the engine: all texts in one batch."""

    def __init__(self, given: tuple[models.Model, TrainingSet]) -> None:
        self.model, data = given
        batch = data.inputs.collate(data.encoded, np.arange(TEXTS))
        self.arrays = models.tensors(batch, "cpu")
        self.targets = torch.from_numpy(data.targets)
        self.count = Count.of(self.targets)
        seeds = np.random.SeedSequence([CONFIG.seed, 7, 0])
        torch.manual_seed(int(seeds.generate_state(1, np.uint64)[0] >> 1))

    def logits(self) -> Tensor:
        found: Tensor = self.model(**self.arrays)
        return found

    def loss(self, logits: Tensor) -> Tensor:
        return JOINT(logits, self.targets, self.count)

    def descended(self, value: Tensor) -> dict[str, Tensor]:
        value.backward()  # type: ignore[no-untyped-call]
        return {"loss": value.detach(), **grads(self.model)}


# What each is


@pytest.mark.parametrize("family", ["spanemo", "cls_head"])
def test_without_a_recipe_a_step_is_one_plain_pass_bit_for_bit(bert: Path, family: str) -> None:
    plain = ByHand(case(bert, family, dropout=0.2))
    expected = plain.descended(plain.loss(plain.logits()))
    found = gradients(stepper_for(case(bert, family, dropout=0.2)))
    assert found.keys() == expected.keys()
    for name, each in expected.items():
        assert torch.equal(found[name], each), name


def test_the_divergence_is_that_of_the_labels_distributions() -> None:
    torch.manual_seed(0)
    one, other = (torch.randn(2, 5, 3) * 3).requires_grad_(), torch.randn(2, 5, 3) * 3
    targets = torch.ones(5, 3)
    targets[0, 1] = targets[3, 0] = targets[4, 2] = torch.nan
    annotated = ~targets.isnan()
    p, q = Bernoulli(logits=one), Bernoulli(logits=other)
    cells = (kl_divergence(p, q) + kl_divergence(q, p)) / 2  # (masks, 5, 3)
    expected = (cells * annotated).sum() / annotated.sum() / 2
    found = rdrop.divergence(list(one), list(other), targets, Count.of(targets))
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(
        torch.autograd.grad(found, one), torch.autograd.grad(expected, one), rtol=1e-4, atol=1e-6
    )


def test_the_divergence_of_parts_adds_up_and_is_zero_between_equals() -> None:
    one, other = torch.randn(6, 3), torch.randn(6, 3)
    targets = torch.zeros(6, 3)
    targets[2] = targets[5, 1] = torch.nan
    count = Count.of(targets)
    whole = rdrop.divergence([one], [other], targets, count)
    parts = [
        rdrop.divergence([one[rows]], [other[rows]], targets[rows], count)
        for rows in (slice(0, 1), slice(1, 3), slice(3, 6))
    ]
    assert float(whole) > 0
    torch.testing.assert_close(torch.stack(parts).sum(), whole)
    assert float(rdrop.divergence([one], [one.clone()], targets, count)) == 0


def test_the_divergence_of_certainties_is_finite() -> None:
    one = torch.tensor([[300.0, -300.0]], requires_grad=True)
    targets = torch.zeros(1, 2)
    found = rdrop.divergence([one], [-one.detach()], targets, Count.of(targets))
    (gradient,) = torch.autograd.grad(found, one)
    assert torch.isfinite(found)
    assert torch.isfinite(gradient).all()
    assert (gradient[0] != 0).all()


@pytest.mark.parametrize("masks", [1, 3])
def test_rdrop_is_two_passes_their_mean_loss_and_how_far_they_differ(
    bert: Path, masks: int
) -> None:
    plain = ByHand(case(bert, dropout=0.2, dropout_samples=masks))
    one, other = plain.logits(), plain.logits()
    stacks = [each.reshape(masks, TEXTS, 3) for each in (one, other)]
    cross = torch.stack([plain.loss(logits) for stack in stacks for logits in stack]).mean()
    p, q = (Bernoulli(logits=stack) for stack in stacks)
    cells = (kl_divergence(p, q) + kl_divergence(q, p)) / 2
    apart = (cells * ~plain.targets.isnan()).sum() / plain.count.cells / masks
    assert float(apart.detach()) > 1e-4
    expected = plain.descended(cross + ALPHA * apart)
    given = case(bert, dropout=0.2, dropout_samples=masks)
    assert_close(gradients(stepper_for(given, rdrop=ALPHA)), expected, 1e-5)


@pytest.mark.parametrize("family", ["spanemo", "cls_head"])
def test_several_masks_are_of_the_head_s_dropout_and_their_losses_are_averaged(
    bert: Path, family: str
) -> None:
    given = case(bert, family, dropout=0.4, dropout_samples=5)
    plain = ByHand(given)
    drops: list[tuple[Tensor, Tensor]] = []
    calls: list[int] = []
    model: Any = plain.model
    model.encoder.register_forward_hook(lambda *_: calls.append(1))
    model.head[-2].register_forward_hook(lambda _, given, found: drops.append((given[0], found)))
    logits = plain.logits()
    assert len(calls) == 1  # one pass of the encoder
    assert logits.shape == (5, TEXTS, 3)
    ((features, dropped),) = drops
    kept = dropped != 0
    torch.testing.assert_close(dropped, torch.where(kept, features / 0.6, 0.0))
    assert all(torch.equal(features[0], each) for each in features[1:])
    assert len({each.numpy().tobytes() for each in kept}) == 5
    assert float(kept.float().mean()) == pytest.approx(0.6, abs=0.05)
    expected = plain.descended(torch.stack([plain.loss(each) for each in logits]).mean())
    given = case(bert, family, dropout=0.4, dropout_samples=5)
    assert_close(gradients(stepper_for(given)), expected, 1e-6)
    # Nothing is dropped at prediction time, so there is one answer.
    assert plain.model.eval()(**plain.arrays).shape == (TEXTS, 3)


@pytest.mark.parametrize(("family", "trained"), [("spanemo", False), ("cls_head", True)])
def test_an_adversarial_pass_moves_the_words_along_the_gradient(
    encoder: Path, family: str, *, trained: bool
) -> None:
    """Against each text alone, its word vectors put in by hand."""
    model, data = case(encoder, family, train_embeddings=trained)
    count = Count.of(torch.from_numpy(data.targets))
    body: Any = model.encoder
    table = body.get_input_embeddings()
    total = torch.zeros(())
    for text in range(TEXTS):
        arrays = models.tensors(data.inputs.collate(data.encoded, np.asarray([text])), "cpu")
        targets = torch.from_numpy(data.targets[[text]])
        vectors = nn.functional.embedding(arrays["input_ids"], table.weight)

        def loss(
            words: Tensor, arrays: dict[str, Tensor] = arrays, targets: Tensor = targets
        ) -> Tensor:
            body.set_input_embeddings(Given(words))
            return JOINT(model(**arrays), targets, count)

        own = vectors.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(own), own)
        length = gradient.square().sum().sqrt()
        if not targets.isnan().all():
            assert float(length) > 0
            gradient = EPSILON * gradient / length
        total = total + (loss(vectors) + loss(vectors + gradient)) / 2
    body.set_input_embeddings(table)
    total.backward()  # type: ignore[no-untyped-call]
    expected = {"loss": total.detach(), **grads(model)}
    given = case(encoder, family, train_embeddings=trained)
    found = gradients(stepper_for(given, adversarial=EPSILON))
    assert any("word_embeddings" in name or "tok_embeddings" in name for name in found) == trained
    assert_close(found, expected, 1e-4)


class Given(nn.Module):
    """An embedding layer that gives what it was given."""

    def __init__(self, vectors: Tensor) -> None:
        super().__init__()
        self.vectors = vectors

    def forward(self, _: Tensor) -> Tensor:
        return self.vectors


def test_what_is_added_has_the_length_asked_for_row_by_row() -> None:
    torch.manual_seed(0)
    layer = nn.Embedding(9, 4).requires_grad_(requires_grad=False)
    ids = torch.randint(0, 9, (3, 5))
    weights = torch.randn(3, 5, 4) * torch.tensor([1e-6, 1e3, 0.0])[:, None, None]
    with adversarial.Perturbed(layer) as words:
        clean = layer(ids)
        assert torch.equal(clean, layer.weight[ids])
        (clean * weights).sum().backward()
        words.perturb(0.25)
        added = layer(ids) - layer.weight[ids]
    lengths = added.flatten(1).norm(dim=1)
    torch.testing.assert_close(lengths, torch.tensor([0.25, 0.25, 0.0]), rtol=1e-4, atol=0)
    # In a linear function, the steepest way up.
    rise = (added * weights).flatten(1).sum(dim=1)
    torch.testing.assert_close(rise, 0.25 * weights.flatten(1).norm(dim=1), rtol=1e-4, atol=0)
    assert torch.equal(layer(ids), layer.weight[ids])
    assert layer.weight.grad is None
