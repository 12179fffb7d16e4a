"""The loop: patience, best weights, seeds, history, moving averages, windows."""

from __future__ import annotations

import json
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from tests.training.case import (
    BCE,
    CONFIG,
    LABELS,
    STEPS,
    Case,
    Weights,
    rising,
    same,
    scores,
    scripted,
    signalling,
    trained,
)
from tokenizers import Tokenizer
from torch import Tensor, nn

from overtone import inputs, models
from overtone.losses import Count
from overtone.training import loop, trainer
from overtone.training.result import Scores, TrainingSet
from overtone.training.stopping import Interrupted


def test_training_learns(bert: Path, tmp_path: Path) -> None:
    case = Case(bert)
    config = replace(CONFIG, epochs=12, learning_rate=5e-3, head_learning_rate=5e-3)
    fitted = case.fit(tmp_path, config, validate=rising(tmp_path))
    assert fitted.history[-1]["loss"] < fitted.history[0]["loss"] / 2


def test_patience_stops_after_epochs_without_a_better_score(bert: Path, tmp_path: Path) -> None:
    validate = scripted(0.5, 0.4, 0.5, 0.9)
    fitted = Case(bert).fit(tmp_path, replace(CONFIG, epochs=9, patience=2), validate=validate)
    assert len(fitted.history) == 3
    assert fitted.best_epoch == 1
    assert fitted.cost.epochs == 3


def test_a_better_score_starts_patience_again(bert: Path, tmp_path: Path) -> None:
    validate = scripted(0.5, 0.4, 0.6, 0.4, 0.4, 0.9)
    fitted = Case(bert).fit(tmp_path, replace(CONFIG, epochs=9, patience=2), validate=validate)
    assert len(fitted.history) == 5
    assert fitted.best_epoch == 3


def test_patience_zero_never_stops_early(bert: Path, tmp_path: Path) -> None:
    validate = scripted(0.5, 0.1, 0.1, 0.1, 0.1)
    fitted = Case(bert).fit(tmp_path, replace(CONFIG, epochs=5), validate=validate)
    assert len(fitted.history) == 5


@pytest.mark.parametrize(
    ("metric", "values", "best"),
    [
        ("jaccard", (0.2, 0.5, 0.4), 2),
        ("f1_macro", (0.2, 0.2, 0.2), 1),  # the first of equals
        ("loss", (0.2, 0.5, 0.1), 3),  # less is better
        ("loss", (0.2, 0.5, 0.4), 1),
    ],
)
def test_the_weights_of_the_best_epoch_are_kept(
    bert: Path,
    tmp_path: Path,
    metric: Literal["jaccard", "f1_macro", "loss"],
    values: tuple[float, ...],
    best: int,
) -> None:
    case, seen = Case(bert), list[Weights]()
    script = iter(values)

    def validate(_: nn.Module) -> Scores:
        seen.append(case.weights())
        return {**scores(0.0), metric: next(script)}

    fitted = case.fit(tmp_path, replace(CONFIG, metric=metric), validate=validate)
    assert fitted.best_epoch == best
    assert [entry["best"] for entry in fitted.history][best - 1]
    assert same(case.weights(), seen[best - 1])
    assert not same(case.weights(), seen[best % 3])


def test_the_last_epoch_is_kept_where_that_is_asked_for(bert: Path, tmp_path: Path) -> None:
    """Whatever its score, and patience doesn't end what is to be kept."""
    case, seen = Case(bert), list[Weights]()
    script = iter((0.5, 0.1, 0.1, 0.2))

    def validate(_: nn.Module) -> Scores:
        seen.append(case.weights())
        return scores(next(script))

    config = replace(CONFIG, epochs=4, patience=1, keep="last")
    fitted = case.fit(tmp_path, config, validate=validate)
    assert fitted.best_epoch == 4
    assert [entry["best"] for entry in fitted.history] == [True] * 4
    assert same(case.weights(), seen[-1])


def test_a_score_that_is_no_number_is_never_the_best(bert: Path, tmp_path: Path) -> None:
    script = iter((float("nan"), 0.4, 0.5))

    def validate(_: nn.Module) -> Scores:
        return {**scores(0.0), "loss": next(script)}

    fitted = Case(bert).fit(tmp_path, replace(CONFIG, metric="loss"), validate=validate)
    assert fitted.best_epoch == 2


def test_the_same_seed_gives_the_same_weights_bit_for_bit(
    bert: Path, tmp_path: Path, unstopped: Weights
) -> None:
    assert same(trained(bert, tmp_path), unstopped)


def test_another_seed_gives_other_weights(bert: Path, tmp_path: Path, unstopped: Weights) -> None:
    assert not same(trained(bert, tmp_path, replace(CONFIG, seed=1)), unstopped)


def test_history_has_a_json_line_for_each_epoch(bert: Path, tmp_path: Path) -> None:
    fitted = Case(bert).fit(tmp_path)
    lines = (tmp_path / "history.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    assert entries == fitted.history
    assert [entry["epoch"] for entry in entries] == [1, 2, 3]
    for entry in entries:
        assert entry.keys() == {
            "epoch", "loss", "dev", "best", "steps", "skipped", "precision", "batch_tokens",
            "processes", "seconds", "dev_seconds", "checkpoint_seconds", "texts_per_second",
            "tokens_per_second", "peak_memory_mb",
        }  # fmt: skip
        assert entry["dev"].keys() == {"loss", "jaccard", "jaccard_zero", "f1_micro", "f1_macro"}
        assert entry["steps"] == STEPS
        assert entry["skipped"] == 0


def test_a_gap_in_the_truth_trains_without_a_trace(bert: Path, tmp_path: Path) -> None:
    case = Case(bert)
    case.data.targets[::3] = np.nan
    case.data.targets[:, 2] = np.nan
    fitted = case.fit(tmp_path)
    assert all(np.isfinite(entry["loss"]) for entry in fitted.history)
    assert all(torch.isfinite(value).all() for value in case.weights().values())


def test_a_moving_average_is_what_is_scored_and_kept(bert: Path, tmp_path: Path) -> None:
    case = Case(bert)
    trained_weights: list[Weights] = []  # at the start of each step
    scored: list[Weights] = []

    def loss(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        trained_weights.append(case.weights())
        return BCE(logits, targets, count)

    def validate(model: nn.Module) -> Scores:
        scored.append({key: value.clone() for key, value in model.state_dict().items()})
        return scores([0.9, 0.1][len(scored) - 1])

    case.fit(tmp_path, replace(CONFIG, epochs=2, average=0.5), loss=loss, validate=validate)
    expected = trained_weights[1]
    for weights in trained_weights[2 : STEPS + 1]:
        expected = {key: 0.5 * expected[key] + 0.5 * weights[key] for key in expected}
    for key, value in expected.items():
        torch.testing.assert_close(scored[0][key], value)
    assert same(case.weights(), scored[0])


def test_an_average_that_warms_up_ends_near_the_last_weights(bert: Path, tmp_path: Path) -> None:
    """In few steps, where the plain one ends near those of the first step."""

    def distances(name: str, *, warmup: bool) -> tuple[float, float]:
        """Return how far the average is from the weights before the first step and after all."""
        case = Case(bert)
        first, last = case.weights(), Case(bert)
        config = replace(CONFIG, average=0.995, average_warmup=warmup)
        case.fit(tmp_path / name, config)
        last.fit(tmp_path / f"{name}-last", CONFIG)
        return apart(case.weights(), first), apart(case.weights(), last.weights())

    first, last = distances("warm", warmup=True)
    assert last < first / 4
    first, last = distances("plain", warmup=False)
    assert first < last / 4


def test_a_warm_up_is_over_where_its_decay_reaches_that_of_the_average(
    bert: Path, tmp_path: Path
) -> None:
    """A decay of .1 is less than a warm-up begins with, one of .2 more than step 1 may have."""

    def averaged(average: float, *, warmup: bool) -> Weights:
        config = replace(CONFIG, average=average, average_warmup=warmup)
        return trained(bert, tmp_path / f"{average}-{warmup}", config)

    assert same(averaged(0.1, warmup=True), averaged(0.1, warmup=False))
    assert not same(averaged(0.2, warmup=True), averaged(0.2, warmup=False))


@pytest.mark.parametrize(("epochs", "least"), [(1, STEPS * 2 + 1), (3, STEPS), (3, STEPS * 3)])
def test_a_small_dataset_has_as_many_epochs_as_its_least_steps_take(
    bert: Path, tmp_path: Path, unstopped: Weights, epochs: int, least: int
) -> None:
    """Three in each case, with the rates of three."""
    config = replace(CONFIG, epochs=epochs, least_steps=least)
    assert same(trained(bert, tmp_path, config), unstopped)


def test_losses_that_are_read_together_change_nothing(
    bert: Path, tmp_path: Path, unstopped: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, where reading waits: three at a time, and the epoch's last one by itself."""
    one_by_one = Case(bert).fit(tmp_path / "one").history
    monkeypatch.setitem(loop.READ_TOGETHER, "cpu", 3)
    case = Case(bert)
    together = case.fit(tmp_path / "three").history
    assert same(case.weights(), unstopped)
    assert [entry["loss"] for entry in together] == [entry["loss"] for entry in one_by_one]

    with pytest.raises(Interrupted, match="step 3"):  # asked for in step 2, read after step 3
        Case(bert).fit(tmp_path / "cut", loss=signalling(2, signal.SIGTERM))
    again = Case(bert)
    again.fit(tmp_path / "cut")
    assert same(again.weights(), unstopped)


def test_training_works_outside_the_main_thread(
    bert: Path, tmp_path: Path, unstopped: Weights
) -> None:
    found: list[Weights] = []
    thread = threading.Thread(target=lambda: found.append(trained(bert, tmp_path)))
    thread.start()
    thread.join(timeout=600)
    assert same(found[0], unstopped)


def apart(one: Weights, other: Weights) -> float:
    """Return how far weights lie apart, as the length of their difference."""
    return float(torch.cat([(one[key] - other[key]).flatten() for key in one]).norm())


def test_a_step_on_windows_is_one_on_their_pooled_logits(bert: Path, tmp_path: Path) -> None:
    """Training pools a long text's windows as prediction does, and every window gets a gradient."""
    torch.manual_seed(0)
    made = models.create(
        "cls_head",
        {"encoder": str(bert), "dropout": 0.0, "encoder_dropout": 0.0, "attention_dropout": 0.0},
        LABELS,
        (),
    )
    options = {"max_length": 10, "long": "windows", "pool": "mean"}
    kind = inputs.load("single", options, Tokenizer.from_str(made.tokenizer), made.limit)
    texts = ["happy " * 20, "terrible day", "late " * 12 + "soup", "sea"]
    targets = np.asarray([[1, 0, 0], [0, 1, 1], [0, 1, 0], [1, 0, 0]], dtype=np.float32)
    encoded = kind.encode(texts, LABELS)
    assert len(encoded.lengths) > len(texts)

    # By hand: each text's rows alone, their mean, the loss of all texts, one step of plain descent.
    means = []
    for text in range(4):
        rows, _ = encoded.rows_of(np.asarray([text]))
        arrays = models.tensors(kind.collate(encoded, rows), "cpu")
        means.append(made.model(**arrays).mean(dim=0))
    wanted = torch.from_numpy(targets)
    expected = BCE(torch.stack(means), wanted, Count.of(wanted))
    _, head = made.model.groups()
    gradients = torch.autograd.grad(expected, head)

    found: list[Tensor] = []

    def recorded(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        value = BCE(logits, targets, count)
        found.extend(torch.autograd.grad(value, head, retain_graph=True))
        return value

    config = replace(CONFIG, epochs=1, batch_size=4, window=1)
    history = trainer.fit(
        made.model,
        recorded,
        TrainingSet(kind, encoded, targets, texts),
        scripted(0.1),
        config,
        tmp_path,
    ).history
    assert history[0]["loss"] == pytest.approx(expected.item(), abs=1e-6)
    for ours, theirs in zip(found, gradients, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-4)
