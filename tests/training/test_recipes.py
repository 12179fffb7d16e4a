"""R-Drop, adversarial passes and several dropout masks: what the papers say, and off by default.

With each of them on, the engine's promises hold: parts add up, stops lose nothing, what doesn't fit
is halved, what isn't finite is skipped.
"""

from __future__ import annotations

import itertools
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.distributions import Bernoulli, kl_divergence

from overtone import inputs, losses, models
from overtone.config import find_plugin
from overtone.labels import Labels
from overtone.losses import Count, Loss
from overtone.training import adversarial, checkpoint, memory, optimizers, ranks, rdrop, trainer
from overtone.training.config import Config
from overtone.training.memory import Room
from overtone.training.result import TrainingSet
from overtone.training.step import Stepper
from overtone.training.stopping import Interrupted

LABELS = Labels.of("joy", "anger", "fear")
BCE = losses.load("bce", {})
JOINT = losses.load("joint", {})
PLENTY = 10**6
"""Tokens that no case here has."""
TEXTS = 8
EPSILON, ALPHA = 0.5, 2.0
CONFIG = Config(device="cpu", precision="fp32", batch_size=TEXTS, patience=0, epochs=2, seed=3)
RECIPES = {
    "none": ({}, 1),
    "rdrop": ({"rdrop": ALPHA}, 1),
    "adversarial": ({"adversarial": EPSILON}, 1),
    "masks": ({}, 3),
    "all": ({"rdrop": ALPHA, "adversarial": EPSILON, "layer_decay": 0.8}, 3),
}
"""Options of training, and dropout masks."""


def case(
    encoder: Path, family: str = "spanemo", *, dropout: float = 0.0, long: str = "truncate",
    **options: object,
) -> tuple[models.Model, TrainingSet]:  # fmt: skip
    """Return a tiny model in training and eight texts with gaps, the same every time."""
    torch.manual_seed(0)
    shares = dict.fromkeys(("dropout", "encoder_dropout", "attention_dropout"), dropout)
    made = models.create(family, {"encoder": str(encoder), **shares, **options}, LABELS, ())
    asked = {"long": long, "pool": "mean", "max_length": 24}
    name = find_plugin("overtone.models", family).INPUTS
    kind = inputs.load(name, asked, Tokenizer.from_str(made.tokenizer), made.limit)
    words = ("happy", "terrible", "sea", "bus", "soup", "late", "joke", "team")
    texts = [f"{word} {'day and ' * (n * n % 17)}" for n, word in enumerate(words)]
    rng = np.random.default_rng(0)
    targets = (rng.random((TEXTS, 3)) < 0.5).astype(np.float32)
    targets[1, 0] = targets[6, 2] = np.nan
    targets[4] = np.nan
    return made.model.train(), TrainingSet(kind, kind.encode(texts, LABELS), targets, words)


def stepper_for(
    given: tuple[models.Model, TrainingSet], *, tokens: int = PLENTY, loss: Loss = JOINT,
    team: ranks.Ranks | None = None, precision: str = "fp32", **options: Any,  # noqa: ANN401 - as in Config
) -> Stepper:  # fmt: skip
    model, data = given
    config = replace(CONFIG, **options)
    scaler = trainer._scaler(torch.device("cpu")) if precision == "fp16" else None
    state = checkpoint.State(model, optimizers.optimizer(model, config), scaler=scaler)
    room = Room(tokens, data.encoded.text_lengths, config.memory_gb)
    return Stepper(state, loss, data, config, team or ranks.join(cpu=True), room, precision)


def gradients(stepper: Stepper, texts: NDArray[np.int64] | None = None) -> dict[str, Tensor]:
    """Return each parameter's gradient, and under `loss` what was minimised."""
    count = Count.of(torch.from_numpy(stepper.data.of(np.arange(TEXTS))[0].targets))
    value = stepper._gradients(np.arange(TEXTS) if texts is None else texts, count, number=7)
    return {"loss": value, **grads(stepper.state.model)}


def grads(model: nn.Module) -> dict[str, Tensor]:
    return {name: each.grad for name, each in model.named_parameters() if each.grad is not None}


def assert_close(found: dict[str, Tensor], expected: dict[str, Tensor], share: float) -> None:
    """Check gradients to a share of the largest."""
    assert found.keys() == expected.keys()
    largest = max(float(each.abs().max()) for each in expected.values())
    for name, each in expected.items():
        torch.testing.assert_close(found[name], each, rtol=0, atol=share * largest, msg=name)


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


# What the engine promises


@pytest.fixture(params=[name for name in RECIPES if name != "none"])
def recipe(request: pytest.FixtureRequest) -> tuple[dict[str, Any], int]:
    found: tuple[dict[str, Any], int] = RECIPES[request.param]
    return found


def unequal(given: tuple[models.Model, TrainingSet]) -> tuple[models.Model, TrainingSet]:
    """Let passes differ as dropout does, but by their number alone: R-Drop has something to do."""
    factors = itertools.cycle((1.0, 1.5))
    model: Any = given[0]
    model.head[-1].register_forward_hook(lambda _, given, found: found * next(factors))  # noqa: ARG005
    return given


@pytest.mark.parametrize("long", ["truncate", "windows"])
def test_micro_batches_and_processes_add_up(
    bert: Path, recipe: tuple[dict[str, Any], int], long: str
) -> None:
    options, masks = recipe
    settings: dict[str, Any] = {"long": long, "dropout_samples": masks, "train_embeddings": False}

    def made() -> tuple[models.Model, TrainingSet]:
        return unequal(case(bert, **settings)) if "rdrop" in options else case(bert, **settings)

    whole = gradients(stepper_for(made(), **options))
    plain = gradients(stepper_for(case(bert, **settings)))
    if options:
        assert float(whole["loss"]) > float(plain["loss"]) + 1e-4
    for tokens in (60, 1):
        assert_close(gradients(stepper_for(made(), tokens=tokens, **options)), whole, 1e-5)
    shares = []
    for rank in (0, 1):
        team = ranks.Ranks(torch.device("cpu"), rank, 2)
        stepper = stepper_for(made(), team=team, **options)
        shares.append(gradients(stepper))
    both = {name: shares[0][name] + shares[1][name] for name in whole}
    assert_close(both, whole, 1e-5)


def test_a_stopped_run_goes_on_bit_for_bit(
    bert: Path, tmp_path: Path, recipe: tuple[dict[str, Any], int]
) -> None:
    options, masks = recipe
    config = replace(CONFIG, batch_size=4, average=0.5, checkpoint_steps=1, **options)
    settings: dict[str, Any] = {"dropout": 0.2, "dropout_samples": masks}

    def fit(folder: str, loss: Loss) -> dict[str, Tensor]:
        model, data = case(bert, **settings)
        trainer.fit(model, loss, data, even, config, tmp_path / folder)
        return model.state_dict()

    whole = fit("whole", BCE)
    calls = masks * (2 if "rdrop" in options else 1) * (2 if "adversarial" in options else 1)
    stop = itertools.count(1)

    def stopping(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        if next(stop) == 2 * calls + 1:
            signal.raise_signal(signal.SIGTERM)
        return BCE(logits, targets, count)

    with pytest.raises(Interrupted, match="step 3"):
        fit("cut", stopping)
    again = fit("cut", BCE)
    assert again.keys() == whole.keys()
    for name, each in whole.items():
        assert torch.equal(again[name], each), name


@pytest.mark.parametrize("failing", [1, 2, 4])
def test_what_does_not_fit_in_any_pass_is_halved_and_done_anew(bert: Path, failing: int) -> None:
    """A pass of more than two rows finds no memory; with dropout, whose draws begin again too."""
    options: dict[str, Any] = {"rdrop": ALPHA, "adversarial": EPSILON}
    settings: dict[str, Any] = {"dropout": 0.2, "dropout_samples": 2, "train_embeddings": False}
    model, data = case(bert, **settings)
    passes = itertools.count(1)

    def refuse(_: nn.Module, args: object, arrays: dict[str, Tensor]) -> None:  # noqa: ARG001
        rows = len(arrays["input_ids"])
        if rows > 2 and next(passes) % 4 == failing % 4:
            raise torch.OutOfMemoryError("no memory")

    model.register_forward_pre_hook(refuse, with_kwargs=True)
    halved = stepper_for((model, data), **options)
    found = gradients(halved)
    assert halved.room.tokens < int(data.encoded.text_lengths.sum())
    fitting = stepper_for(case(bert, **settings), tokens=halved.room.tokens, **options)
    for name, each in gradients(fitting).items():
        assert torch.equal(found[name], each), name
    assert not model.word_embeddings()._forward_hooks


@pytest.mark.parametrize("bad_pass", [1, 2])
def test_a_step_is_skipped_where_either_pass_is_not_finite(bert: Path, bad_pass: int) -> None:
    calls = itertools.count(1)

    def loss(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        value = BCE(logits, targets, count)
        return value * float("nan") if next(calls) == bad_pass else value

    model, data = case(bert)
    stepper = stepper_for((model, data), loss=loss, adversarial=EPSILON)
    optimizers.set_learning_rates(stepper.state.optimizer, stepper.config, 1.0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    bad = [float(stepper.step(np.arange(TEXTS), number, lambda: False)[1]) for number in (0, 1)]
    assert bad == [1.0, 0.0]
    moved = [name for name, value in model.named_parameters() if not value.equal(before[name])]
    assert moved
    assert all(torch.isfinite(value).all() for value in model.parameters())
    # As if the first step had not been.
    once, data = case(bert)
    alone = stepper_for((once, data), loss=BCE, adversarial=EPSILON)
    optimizers.set_learning_rates(alone.state.optimizer, alone.config, 1.0)
    alone.step(np.arange(TEXTS), 1, lambda: False)
    for name, each in once.state_dict().items():
        assert torch.equal(model.state_dict()[name], each), name


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_gives_nearly_the_same_gradients(bert: Path, precision: str) -> None:
    options: dict[str, Any] = {"rdrop": ALPHA, "adversarial": EPSILON}
    settings: dict[str, Any] = {"dropout_samples": 2, "train_embeddings": False}
    exact = gradients(stepper_for(unequal(case(bert, **settings)), **options))
    stepper = stepper_for(unequal(case(bert, **settings)), precision=precision, **options)
    rough = gradients(stepper)
    scale = 1.0 if stepper.state.scaler is None else stepper.state.scaler.get_scale()
    one, other = (
        torch.cat([value.flatten() for name, value in found.items() if name != "loss"])
        for found in (exact, rough)
    )
    assert float(nn.functional.cosine_similarity(one, other, dim=0)) > 0.995
    assert float((other / scale).norm() / one.norm()) == pytest.approx(1, abs=0.05)


def test_gradient_checkpointing_leaves_every_gradient_as_it_is(bert: Path) -> None:
    options: dict[str, Any] = {"rdrop": ALPHA, "adversarial": EPSILON}
    settings: dict[str, Any] = {"dropout": 0.2, "dropout_samples": 2, "train_embeddings": False}
    kept = gradients(stepper_for(case(bert, **settings), **options))
    given = case(bert, **settings)
    given[0].recompute()
    assert_close(gradients(stepper_for(given, **options)), kept, 1e-5)


@pytest.mark.parametrize("lora", [0, 2])
def test_an_adversarial_pass_goes_through_frozen_layers_and_low_rank_updates(
    bert: Path, lora: int
) -> None:
    found = []
    for epsilon in (0.0, EPSILON):
        model, data = case(bert, freeze_layers=1)
        if lora:
            torch.manual_seed(0)
            model.adapt(lora, 4.0)
        found.append(gradients(stepper_for((model, data), adversarial=epsilon)))
    assert found[0].keys() == found[1].keys()
    assert float(found[1]["loss"]) > float(found[0]["loss"])


@pytest.mark.skipif(not memory.CLEAR.exists(), reason="NOT RUN: needs Linux's /proc")
def test_a_budget_is_measured_with_every_pass(bert: Path) -> None:
    passes: list[int] = []
    both: dict[str, Any] = {"rdrop": ALPHA, "adversarial": EPSILON}
    options: dict[str, Any]
    for options in ({}, both):
        model, data = case(bert)
        calls: list[int] = []
        model.register_forward_pre_hook(lambda *_, calls=calls: calls.append(1))
        stepper_for((model, data), memory_gb=1000.0, **options).fit_budget()
        passes.append(len(calls))
        assert all(parameter.grad is None for parameter in model.parameters())
    assert passes[1] == 4 * passes[0] > 0


def even(_: nn.Module) -> dict[str, float]:
    """Return the same scores for every model."""
    return dict.fromkeys(("loss", "jaccard", "jaccard_zero", "f1_micro", "f1_macro"), 0.5)
