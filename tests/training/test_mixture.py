"""Several label sets in one run: the plan, the losses by hand, and parts that add up."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from overtone import inputs, losses, models
from overtone.inputs import batches
from overtone.labels import Labels
from overtone.losses import Count
from overtone.training import checkpoint, optimizers, ranks, trainer
from overtone.training.config import Config
from overtone.training.memory import Room
from overtone.training.mixture import Mixture
from overtone.training.result import TrainingSet
from overtone.training.step import Stepper

if TYPE_CHECKING:
    from tests.training.conftest import Driver

SETS = (
    Labels.of("joy", "anger", "fear"),
    Labels(("joy", "anger", "fear"), ("alegría", "ira", "miedo"), "es"),
    Labels.of("pride", "relief", "grief", "remorse", "calm"),
)
SIZES = (10, 7, 9)
CONFIG = Config(
    epochs=1, batch_size=4, device="cpu", patience=0, precision="fp32", learning_rate=0,
    head_learning_rate=0, clip=0, window=1, schedule="constant", warmup=0,
)  # fmt: skip
BCE = losses.load("bce", {})
WEIGHTED = losses.load("bce", {"positive_weights": {"pride": 3.0}}, SETS[2], np.eye(5, dtype="f4"))


class Case:
    """A tiny BERT without dropout and three training sets, the same every time."""

    def __init__(self, encoder: Path, shares: tuple[float, ...] = (1.0, 1.0, 1.0)) -> None:
        torch.manual_seed(0)
        none = dict.fromkeys(("dropout", "encoder_dropout", "attention_dropout"), 0.0)
        made = models.create("spanemo", {"encoder": str(encoder), **none}, SETS[0], ())
        self.model = made.model.train()
        kind = inputs.load("label_prefix", {}, Tokenizer.from_str(made.tokenizer), made.limit)
        rng = np.random.default_rng(0)
        parts = []
        for number, (labels, size) in enumerate(zip(SETS, SIZES, strict=True)):
            texts = [f"happy {'day ' * (n * n % 11)}" for n in range(size)]
            targets = (rng.random((size, len(labels))) < 0.4).astype(np.float32)
            targets[rng.random(targets.shape) < 0.2] = np.nan
            ids = [f"{number}-{n}" for n in range(size)]
            loss = WEIGHTED if number == 2 else None
            parts.append(TrainingSet(kind, kind.encode(texts, labels), targets, ids, loss))
        self.data = Mixture(parts, shares)

    def stepper(self, tokens: int = 8192) -> Stepper:
        state = checkpoint.State(self.model, optimizers.optimizer(self.model, CONFIG))
        room = Room(tokens, self.data.lengths, 0.0)
        return Stepper(state, BCE, self.data, CONFIG, ranks.join(cpu=True), room, "fp32")

    def gradients(self, texts: NDArray[np.int64], tokens: int) -> tuple[float, torch.Tensor]:
        """Return the loss of some texts of the whole last part, and its gradient."""
        part, _ = self.data.of(texts)
        count = Count.of(torch.from_numpy(part.targets))
        value = self.stepper(tokens)._gradients(texts, count, number=0)
        found = [each.grad for each in self.model.parameters() if each.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in found])
        self.model.zero_grad()
        return float(value), flat

    def loss_by_hand(self, batch: NDArray[np.int64]) -> float:
        """Return the mean binary cross-entropy of a batch's annotated cells, in NumPy."""
        first = int(np.searchsorted(np.cumsum(SIZES), batch[0], side="right"))
        rows = batch - sum(SIZES[:first])
        part = self.data.parts[first]
        arrays = part.inputs.collate(part.encoded, rows)
        logits = models.logits_of(self.model, arrays).astype(np.float64)
        targets = part.targets[rows]
        weight = np.asarray([3, 1, 1, 1, 1]) if first == 2 else 1
        cells = targets * np.log1p(np.exp(-logits)) * weight
        cells += (1 - targets) * np.log1p(np.exp(logits))
        return float(np.nanmean(cells))


@pytest.fixture
def case(bert: Path) -> Case:
    return Case(bert)


def test_each_batch_is_of_one_set_and_each_text_comes_once(case: Case) -> None:
    plan = case.data.plan(4, 1, np.random.default_rng(0))
    assert sorted(np.concatenate(plan)) == list(range(sum(SIZES)))
    owners = [{case.data.ids[text][0] for text in batch} for batch in plan]
    assert all(len(owner) == 1 for owner in owners)
    order = [min(owner) for owner in owners]
    assert sorted(order) == list("000112" + "22")
    assert order != sorted(order), "the sets' batches are shuffled together"
    for batch in plan:
        part, rows = case.data.of(batch)
        assert [part.ids[row] for row in rows] == [case.data.ids[text] for text in batch]


def test_a_share_is_drawn_anew_each_epoch_and_the_same_from_a_seed(bert: Path) -> None:
    data = Case(bert, (1.0, 0.5, 0.01)).data
    epochs = [np.concatenate(data.plan(4, 20, np.random.default_rng([3, n]))) for n in range(8)]
    for epoch in epochs:
        assert len(epoch) == len(set(epoch)) == len(data) == 10 + 4 + 1
        assert set(range(10)) < set(epoch)
    assert set(np.concatenate(epochs)) > set(range(17)), "every text has its turn"
    again = data.plan(4, 20, np.random.default_rng([3, 0]))
    np.testing.assert_array_equal(np.concatenate(again), epochs[0])


def test_the_losses_of_a_run_are_those_by_hand(case: Case, tmp_path: Path) -> None:
    """With rates of 0 the model stays what it was, so every batch's loss can be had afterwards."""
    scores = {"loss": 1.0, "jaccard": 0.5}
    trainer.fit(case.model, BCE, case.data, lambda _: scores, CONFIG, tmp_path, quiet=True)
    plan = case.data.plan(4, 1, np.random.default_rng([CONFIG.seed, 0]))
    entry = json.loads((tmp_path / "history.jsonl").read_text(encoding="utf-8"))
    by_hand = [case.loss_by_hand(batch) for batch in plan]
    assert entry["loss"] == pytest.approx(np.mean(by_hand), abs=1e-5)
    assert entry["steps"] == len(plan) == 8


@pytest.mark.parametrize("part", [0, 1, 2])
def test_parts_of_any_size_and_two_processes_add_up(case: Case, part: int) -> None:
    texts = case.data.groups()[part]
    value, whole = case.gradients(texts, 8192)
    assert value == pytest.approx(case.loss_by_hand(texts), abs=1e-5)
    assert whole.abs().max() > 1e-3
    for tokens in (1, 60):
        again, cut = case.gradients(texts, tokens)
        assert again == pytest.approx(value, abs=1e-5)
        torch.testing.assert_close(cut, whole, atol=1e-6, rtol=1e-4)
    shares = [replace(ranks.join(cpu=True), rank=rank, size=2).share(texts) for rank in (0, 1)]
    found = [case.gradients(share, 60) for share in shares]
    assert sum(loss for loss, _ in found) == pytest.approx(value, abs=1e-5)
    torch.testing.assert_close(found[0][1] + found[1][1], whole, atol=1e-6, rtol=1e-4)


def test_a_budget_is_met_for_every_set(case: Case) -> None:
    tried: list[set[str]] = []
    stepper = case.stepper()
    stepper.room.budget = 1e12
    backward = stepper._backward

    def recorded(texts: NDArray[np.int64], count: Count, weight: float = 1.0) -> torch.Tensor:
        tried.append({case.data.ids[text][0] for text in texts})
        return backward(texts, count, weight)

    stepper._backward = recorded  # type: ignore[method-assign]
    stepper.fit_budget()
    assert all(len(owners) == 1 for owners in tried)
    assert set.union(*tried) == set("012")


def test_what_is_trained_on_alone_is_planned_as_ever(case: Case) -> None:
    part = case.data.parts[0]
    expected = batches.shuffled(part.encoded.text_lengths, 4, 2, np.random.default_rng(5))
    for batch, wanted in zip(part.plan(4, 2, np.random.default_rng(5)), expected, strict=True):
        np.testing.assert_array_equal(batch, wanted)


def test_a_killed_run_on_two_sets_goes_on_bit_for_bit(driver: Driver, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    rows = [f"{word} sea {n},{n % 2},{n % 3 // 2}" for n, word in enumerate(("bus", "joke") * 5)]
    other.write_text("\n".join(["text,pride,grief", *rows]) + "\n", encoding="utf-8")
    also = ("--also", str(other))
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    driver.finish(whole, *also)
    assert driver.kill(cut, *also, name="Stepper._backward", count=9).code < 0
    assert list(cut.glob("checkpoints/step-*"))
    driver.finish(cut, *also)
    for name in ("bundle/model.safetensors", "bundle/tokenizer.json", "config.toml"):
        assert (cut / name).read_bytes() == (whole / name).read_bytes(), name
    found = [
        [
            (entry["loss"], entry["dev"], entry["steps"])
            for entry in map(json.loads, (run / "history.jsonl").read_text("utf-8").splitlines())
        ]
        for run in (whole, cut)
    ]
    assert found[0] == found[1]
    assert [steps for *_, steps in found[0]] == [4 + 3] * 3, "16 own texts and 9 others, by fours"
