"""Steps without a finite loss or gradient are skipped and counted; too many in a row are fatal."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from overtone import inputs, losses, models
from overtone.errors import OvertoneError
from overtone.labels import Labels
from overtone.losses import Count, Loss
from overtone.models import Model
from overtone.training import trainer
from overtone.training.config import Config
from overtone.training.result import Fitted, Scores, TrainingSet

LABELS = Labels.of("joy", "anger")
BCE = losses.load("bce", {})
STEPS = 4
"""Batches an epoch of the case below."""
BAD = {
    "not a number": lambda value: value * float("nan"),
    "infinite": lambda value: value + float("inf"),
    # The loss is finite and its gradient is not, as where a root of 0 is taken.
    "gradient": lambda value: value + torch.sqrt(value - value.detach()),
}


class Case:
    """Sixteen texts and a tiny BERT."""

    def __init__(self, encoder: Path) -> None:
        torch.manual_seed(0)
        made = models.create("spanemo", {"encoder": str(encoder)}, LABELS, ())
        kind = inputs.load("label_prefix", {}, Tokenizer.from_str(made.tokenizer), made.limit)
        texts = [f"{word} {'day ' * n}" for n in range(8) for word in ("happy", "terrible")]
        targets = np.tile(np.asarray([[1, 0], [0, 1]], dtype=np.float32), (8, 1))
        ids = [f"row-{n}" for n in range(16)]
        self.model: Model = made.model
        self.data = TrainingSet(kind, kind.encode(texts, LABELS), targets, ids)

    def fit(
        self,
        folder: Path,
        loss: Loss,
        *,
        optimizer: Literal["adamw", "adadelta"] = "adamw",
        average: float = 0.0,
        most_skipped: int = 3,
        validate: Callable[[nn.Module], Scores] | None = None,
    ) -> Fitted:
        config = Config(
            epochs=2, batch_size=4, device="cpu", precision="fp32", patience=0, checkpoint_steps=1,
            optimizer=optimizer, average=average, most_skipped=most_skipped,
        )  # fmt: skip
        return trainer.fit(self.model, loss, self.data, validate or even, config, folder)


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("optimizer", ["adamw", "adadelta"])
def test_a_step_is_skipped_as_if_it_had_not_been(
    bert: Path, tmp_path: Path, kind: str, optimizer: Literal["adamw", "adadelta"]
) -> None:
    """Weights and moments stay as they were before the bad step."""
    seen: list[dict[str, Tensor]] = []
    case = Case(bert)

    def loss(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        seen.append({key: value.clone() for key, value in case.model.state_dict().items()})
        value = BCE(logits, targets, count)
        return BAD[kind](value) if len(seen) == 2 else value

    fitted = case.fit(tmp_path, loss, optimizer=optimizer)
    assert [entry["skipped"] for entry in fitted.history] == [1, 0]
    assert [entry["steps"] for entry in fitted.history] == [STEPS, STEPS]
    assert all(np.isfinite(entry["loss"]) for entry in fitted.history)
    moved = [
        any(not torch.equal(before[key], after[key]) for key in before)
        for before, after in itertools.pairwise(seen)
    ]
    assert moved == [True, False, True, True, True, True, True]
    assert all(torch.isfinite(value).all() for value in case.model.state_dict().values())


def test_the_moments_do_not_see_a_skipped_step(bert: Path, tmp_path: Path) -> None:
    """A run whose first step is bad ends as one that begins with the second."""
    case = Case(bert)
    fitted = case.fit(tmp_path, bad_at(1, "not a number"))
    assert fitted.history[0]["skipped"] == 1
    state = (tmp_path / "checkpoints").glob("step-00000008-*")
    moments = load_file(next(state) / "optimizer.safetensors")
    counts = {int(value) for key, value in moments.items() if key.endswith(".step")}
    assert counts == {2 * STEPS - 1}
    assert all(torch.isfinite(value).all() for value in moments.values())


def test_a_moving_average_stays_finite(bert: Path, tmp_path: Path) -> None:
    case = Case(bert)
    case.fit(tmp_path, bad_at(1, "gradient"), average=0.9)
    assert all(torch.isfinite(value).all() for value in case.model.state_dict().values())


def test_too_many_in_a_row_end_the_run_and_name_the_rows(bert: Path, tmp_path: Path) -> None:
    with pytest.raises(OvertoneError) as caught:
        Case(bert).fit(tmp_path, bad_at(3, "infinite", times=9))
    message = str(caught.value)
    assert "3 steps in a row" in message
    assert "batch 1 of epoch 2" in message  # the 3rd, 4th and 5th step
    assert message.count("row-") == 4
    assert "training.learning_rate (now 0.0001)" in message


def test_skipped_steps_that_are_not_in_a_row_do_not_end_the_run(bert: Path, tmp_path: Path) -> None:
    calls = iter(range(1, 100))

    def loss(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        value = BCE(logits, targets, count)
        return value * float("nan") if next(calls) % 2 else value

    fitted = Case(bert).fit(tmp_path, loss, most_skipped=2)
    assert [entry["skipped"] for entry in fitted.history] == [2, 2]


def test_an_epoch_that_is_skipped_whole_has_no_loss(bert: Path, tmp_path: Path) -> None:
    fitted = Case(bert).fit(tmp_path, bad_at(1, "infinite", times=STEPS), most_skipped=STEPS + 1)
    assert fitted.history[0]["loss"] is None
    assert fitted.history[0]["skipped"] == STEPS
    assert np.isfinite(fitted.history[1]["loss"])


def test_fp16_skips_what_overflows_and_learns_the_rest(bert: Path, tmp_path: Path) -> None:
    case = Case(bert)
    config = Config(
        epochs=2, batch_size=4, device="cpu", precision="fp16", patience=0, checkpoint_steps=1
    )

    def huge(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        return BCE(logits, targets, count) * (1e35 if not (tmp_path / "first").exists() else 1)

    def validate(_: nn.Module) -> Scores:
        (tmp_path / "first").touch()
        return even(_)

    fitted = trainer.fit(case.model, huge, case.data, validate, config, tmp_path / "run")
    assert [entry["skipped"] for entry in fitted.history] == [STEPS, 0]
    assert [entry["precision"] for entry in fitted.history] == ["fp16", "fp16"]


def bad_at(call: int, kind: str, times: int = 1) -> Loss:
    """Return a loss that is bad from its `call`-th call on, some times."""
    calls: Iterator[int] = iter(range(1, 1000))

    def loss(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        value = BCE(logits, targets, count)
        return BAD[kind](value) if call <= next(calls) < call + times else value

    return loss


def even(_: nn.Module) -> Scores:
    """Return the same scores for every model."""
    return dict.fromkeys(("loss", "jaccard", "jaccard_zero", "f1_micro", "f1_macro"), 0.5)
