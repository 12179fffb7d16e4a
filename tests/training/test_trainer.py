"""The loop: rates, decay, patience, best weights, seeds, history, and stops that lose nothing."""

from __future__ import annotations

import json
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from overtone import inputs, losses, models
from overtone.errors import OvertoneError
from overtone.labels import Labels
from overtone.losses import Count, Loss
from overtone.models import Model
from overtone.training import optimizers, trainer
from overtone.training.config import Config
from overtone.training.result import Fitted, Scores, TrainingSet
from overtone.training.stopping import Interrupted

LABELS = Labels.of("joy", "anger", "fear")
STEPS = 4
"""Batches an epoch of the case below."""

BCE = losses.load("bce", {})
CONFIG = Config(
    epochs=3, batch_size=4, device="cpu", patience=0, precision="fp32", checkpoint_steps=1
)


Weights = dict[str, Tensor]


@pytest.fixture(scope="module")
def whole(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """The weights of the case, trained without a stop."""
    return trained(bert, tmp_path_factory.mktemp("whole"))


class Case:
    """Sixteen texts and a tiny BERT, the same every time."""

    def __init__(self, encoder: Path, seed: int = 0) -> None:
        torch.manual_seed(seed)
        made = models.create("spanemo", {"encoder": str(encoder)}, LABELS, ())
        kind = inputs.load("label_prefix", {}, Tokenizer.from_str(made.tokenizer), made.limit)
        texts = [f"{word} {'day ' * n}" for n in range(8) for word in ("happy", "terrible")]
        targets = np.tile(np.asarray([[1, 0, 0], [0, 1, 1]], dtype=np.float32), (8, 1))
        self.model: Model = made.model
        ids = [f"row-{n}" for n in range(len(texts))]
        self.data = TrainingSet(kind, kind.encode(texts, LABELS), targets, ids)

    def fit(
        self,
        folder: Path,
        config: Config = CONFIG,
        loss: Loss = BCE,
        validate: Callable[[nn.Module], Scores] | None = None,
    ) -> Fitted:
        return trainer.fit(
            self.model, loss, self.data, validate or scripted(0.1, 0.2, 0.3, 0.4), config, folder
        )

    def weights(self) -> Weights:
        return {key: value.clone() for key, value in self.model.state_dict().items()}


@pytest.mark.parametrize(
    ("epochs_done", "expected"),
    [(0.0, 0.0), (0.25, 0.5), (0.5, 1.0), (2.75, 0.5), (5.0, 0.0)],
)
def test_rates_rise_over_the_warm_up_and_fall_to_zero(
    bert: Path, epochs_done: float, expected: float
) -> None:
    config = Config(epochs=5, warmup=0.1, learning_rate=2e-5, head_learning_rate=1e-4)
    assert rates(bert, config, epochs_done) == pytest.approx((expected * 2e-5, expected * 1e-4))


@pytest.mark.parametrize(("epochs_done", "expected"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1), (4.9, 1)])
def test_a_constant_schedule_stays_up(bert: Path, epochs_done: float, expected: float) -> None:
    config = Config(
        epochs=5, warmup=0.2, schedule="constant", learning_rate=0.5, head_learning_rate=2.0
    )
    assert rates(bert, config, epochs_done) == pytest.approx((expected * 0.5, expected * 2.0))


@pytest.mark.parametrize("schedule", ["linear", "constant"])
def test_without_warm_up_the_first_step_has_the_whole_rate(
    bert: Path, schedule: Literal["linear", "constant"]
) -> None:
    config = replace(CONFIG, warmup=0.0, schedule=schedule)
    assert rates(bert, config, 0.0) == pytest.approx((1e-4, 1e-3))


@pytest.mark.parametrize("frozen", ["encoder", "head"])
def test_each_part_has_a_rate_of_its_own(bert: Path, tmp_path: Path, frozen: str) -> None:
    case = Case(bert)
    before = case.weights()
    none = {"encoder": (0.0, 1e-3), "head": (1e-4, 0.0)}[frozen]
    case.fit(tmp_path, replace(CONFIG, learning_rate=none[0], head_learning_rate=none[1]))
    for key, value in case.weights().items():
        # Some embeddings are never read, so it is the other part's matrices that must move.
        if key.startswith(frozen):
            assert torch.equal(value, before[key]), key
        elif key.endswith("dense.weight") or key == "head.0.weight":
            assert not torch.equal(value, before[key]), key


def test_biases_and_normalisation_do_not_decay(encoder: Path) -> None:
    model = Case(encoder).model
    decay = decays(model, Config(weight_decay=0.3))
    for name, parameter in model.named_parameters():
        spared = name.endswith("bias") or "norm" in name.lower()
        assert decay[id(parameter)] == (0.0 if spared else 0.3), name


def test_adam_decays_nothing(bert: Path) -> None:
    decay = decays(Case(bert).model, Config(optimizer="adam", weight_decay=0.3))
    assert set(decay.values()) == {0.0}


def test_every_parameter_is_optimised_once(encoder: Path) -> None:
    model = Case(encoder).model
    groups = optimizers.optimizer(model, CONFIG).param_groups
    places = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(places) == sorted(id(parameter) for parameter in model.parameters())


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


def test_a_score_that_is_no_number_is_never_the_best(bert: Path, tmp_path: Path) -> None:
    script = iter((float("nan"), 0.4, 0.5))

    def validate(_: nn.Module) -> Scores:
        return {**scores(0.0), "loss": next(script)}

    fitted = Case(bert).fit(tmp_path, replace(CONFIG, metric="loss"), validate=validate)
    assert fitted.best_epoch == 2


def test_the_same_seed_gives_the_same_weights_bit_for_bit(
    bert: Path, tmp_path: Path, whole: Weights
) -> None:
    assert same(trained(bert, tmp_path), whole)


def test_another_seed_gives_other_weights(bert: Path, tmp_path: Path, whole: Weights) -> None:
    assert not same(trained(bert, tmp_path, replace(CONFIG, seed=1)), whole)


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


@pytest.mark.parametrize(
    ("number", "step"),
    [
        (signal.SIGTERM, 1),
        (signal.SIGINT, 3),
        (signal.SIGTERM, STEPS),
        (signal.SIGINT, STEPS + 1),
        (signal.SIGINT, 3 * STEPS),
    ],
)
def test_a_run_stopped_at_any_step_goes_on_bit_for_bit(
    bert: Path, tmp_path: Path, whole: Weights, number: signal.Signals, step: int
) -> None:
    with pytest.raises(Interrupted, match=f"step {step}") as caught:
        Case(bert).fit(tmp_path / "cut", loss=signalling(step, number))
    assert caught.value.exit_code == 128 + number
    again = Case(bert, seed=99)  # its first weights must not matter
    rest = iter((0.1, 0.2, 0.3)[(step - 1) // STEPS :])
    again.fit(tmp_path / "cut", validate=lambda _: scores(next(rest)))
    assert same(again.weights(), whole)
    epochs = (tmp_path / "cut" / "history.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["epoch"] for line in epochs] == [1, 2, 3]


def test_a_stop_while_dev_is_scored_goes_on_bit_for_bit(
    bert: Path, tmp_path: Path, whole: Weights
) -> None:

    def validate(_: nn.Module) -> Scores:
        signal.raise_signal(signal.SIGINT)
        return scores(0.1)

    with pytest.raises(Interrupted, match=f"step {STEPS},"):
        Case(bert).fit(tmp_path / "cut", validate=validate)
    again = Case(bert, seed=99)
    again.fit(tmp_path / "cut", validate=scripted(0.2, 0.3))
    assert same(again.weights(), whole)


def test_a_run_stopped_after_every_step_still_ends_the_same(bert: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, epochs=2)
    unbroken = trained(bert, tmp_path / "unbroken", config)
    for _ in range(2 * STEPS):
        with pytest.raises(Interrupted):
            Case(bert).fit(tmp_path / "cut", config, signalling(1, signal.SIGINT), rising(tmp_path))
    again = Case(bert)
    again.fit(tmp_path / "cut", config, validate=rising(tmp_path))
    assert same(again.weights(), unbroken)


def test_a_second_signal_acts_at_once_and_the_handlers_come_back(
    bert: Path, tmp_path: Path
) -> None:
    # A shell starts what runs in its background with SIGINT ignored, and this suite may be that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(KeyboardInterrupt):
        Case(bert).fit(tmp_path, loss=signalling(2, signal.SIGINT, times=2))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


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


@pytest.mark.parametrize("warmup", [False, True])
def test_a_stopped_run_with_a_moving_average_goes_on_bit_for_bit(
    bert: Path, tmp_path: Path, *, warmup: bool
) -> None:
    config = replace(CONFIG, average=0.9, average_warmup=warmup)
    expected = trained(bert, tmp_path / "whole", config)
    with pytest.raises(Interrupted):
        Case(bert).fit(tmp_path / "cut", config, loss=signalling(STEPS + 2, signal.SIGINT))
    again = Case(bert, seed=99)
    again.fit(tmp_path / "cut", config, validate=scripted(0.2, 0.3, 0.4))
    assert same(again.weights(), expected)


@pytest.mark.parametrize(("epochs", "least"), [(1, STEPS * 2 + 1), (3, STEPS), (3, STEPS * 3)])
def test_a_small_dataset_has_as_many_epochs_as_its_least_steps_take(
    bert: Path, tmp_path: Path, whole: Weights, epochs: int, least: int
) -> None:
    """Three in each case, with the rates of three."""
    config = replace(CONFIG, epochs=epochs, least_steps=least)
    assert same(trained(bert, tmp_path, config), whole)


def test_losses_that_are_read_together_change_nothing(
    bert: Path, tmp_path: Path, whole: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, where reading waits: three at a time, and the epoch's last one by itself."""
    one_by_one = Case(bert).fit(tmp_path / "one").history
    monkeypatch.setitem(trainer.READ_TOGETHER, "cpu", 3)
    case = Case(bert)
    together = case.fit(tmp_path / "three").history
    assert same(case.weights(), whole)
    assert [entry["loss"] for entry in together] == [entry["loss"] for entry in one_by_one]

    with pytest.raises(Interrupted, match="step 3"):  # asked for in step 2, read after step 3
        Case(bert).fit(tmp_path / "cut", loss=signalling(2, signal.SIGTERM))
    again = Case(bert)
    again.fit(tmp_path / "cut")
    assert same(again.weights(), whole)


def test_training_works_outside_the_main_thread(bert: Path, tmp_path: Path, whole: Weights) -> None:
    found: list[Weights] = []
    thread = threading.Thread(target=lambda: found.append(trained(bert, tmp_path)))
    thread.start()
    thread.join(timeout=600)
    assert same(found[0], whole)


def test_two_checkpoints_are_kept(bert: Path, tmp_path: Path) -> None:
    Case(bert).fit(tmp_path)
    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert names == [
        "best.safetensors",
        f"step-{3 * STEPS:08d}-epoch-0002",  # before dev was scored, and after
        f"step-{3 * STEPS:08d}-epoch-0003",
    ]
    newest = tmp_path / "checkpoints" / names[-1]
    assert sorted(path.name for path in newest.iterdir()) == [
        "best.safetensors", "model.safetensors", "optimizer.safetensors", "state.json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("model.safetensors", "cut"),
        ("optimizer.safetensors", "cut"),
        ("best.safetensors", "gone"),
        ("state.json", "cut"),
    ],
)
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(
    bert: Path,
    tmp_path: Path,
    whole: Weights,
    caplog: pytest.LogCaptureFixture,
    name: str,
    harm: str,
) -> None:
    newest = stopped(bert, tmp_path, step=2 * STEPS + 1)
    if harm == "cut":
        (newest / name).write_bytes((newest / name).read_bytes()[:-9])
    else:
        (newest / name).unlink()
    again = Case(bert)
    with caplog.at_level(logging.WARNING):
        again.fit(tmp_path, validate=scripted(0.3))
    assert str(newest) in caplog.text
    assert same(again.weights(), whole)


def test_a_damaged_checkpoint_is_replaced_when_its_step_comes_again(
    bert: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    newest = stopped(bert, tmp_path, step=2 * STEPS + 1)
    (newest / "model.safetensors").write_bytes(b"")
    with pytest.raises(Interrupted):  # from the end of epoch 2, stopped at the same step again
        Case(bert).fit(tmp_path, loss=signalling(1, signal.SIGINT))
    caplog.clear()
    Case(bert).fit(tmp_path, validate=scripted(0.3))
    assert "damaged" not in caplog.text


def test_best_weights_that_are_damaged_while_training_end_in_an_error_that_names_them(
    bert: Path, tmp_path: Path
) -> None:
    def validate(_: nn.Module) -> Scores:
        best = tmp_path / "checkpoints" / "best.safetensors"
        if best.exists():
            best.write_bytes(best.read_bytes()[:-9])
        return scores(0.1)

    with pytest.raises(OvertoneError, match=r"best\.safetensors"):
        Case(bert).fit(tmp_path, validate=validate)


def test_going_back_to_a_checkpoint_goes_back_to_its_best_weights(
    bert: Path, tmp_path: Path
) -> None:
    """Epoch 2 was the best when the process died, but is not when it is done again."""
    config = replace(CONFIG, checkpoint_steps=3)
    calls: Iterator[int] = iter(range(1, 1000))

    def dying(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        if next(calls) > 2 * STEPS:
            raise KeyboardInterrupt
        return BCE(logits, targets, count)

    with pytest.raises(KeyboardInterrupt):
        Case(bert).fit(tmp_path / "cut", config, dying, scripted(0.1, 0.9))
    again = Case(bert)
    again.fit(tmp_path / "cut", config, validate=scripted(0.0, 0.0))
    first = Case(bert)
    first.fit(tmp_path / "first", config, validate=scripted(0.1, 0.0, 0.0))
    assert same(again.weights(), first.weights())


def test_without_a_whole_checkpoint_training_begins_anew(
    bert: Path, tmp_path: Path, whole: Weights
) -> None:
    only = stopped(bert, tmp_path, step=2)
    (only / "state.json").write_text("{")
    assert same(trained(bert, tmp_path), whole)


def scores(value: float) -> Scores:
    """Return what `validate` returns, every score the same."""
    return dict.fromkeys(("loss", "jaccard", "jaccard_zero", "f1_micro", "f1_macro"), value)


def scripted(*values: float) -> Callable[[nn.Module], Scores]:
    """Return a `validate` that gives these values, epoch by epoch."""
    script = iter(values)
    return lambda _: scores(next(script))


def rising(folder: Path) -> Callable[[nn.Module], Scores]:
    """Return a `validate` whose value rises from call to call, also over several processes."""
    file = folder / "calls"

    def validate(_: nn.Module) -> Scores:
        calls = int(file.read_text()) if file.exists() else 0
        file.write_text(str(calls + 1))
        return scores(calls / 100)

    return validate


def signalling(step: int, number: signal.Signals, times: int = 1) -> Loss:
    """Return a loss that sends this process a signal at its `step`-th call."""
    calls: Iterator[int] = iter(range(1, 1000))

    def loss(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
        if next(calls) == step:
            for _ in range(times):
                # Not os.kill: two of those may arrive as one, and in another thread.
                signal.raise_signal(number)
        return BCE(logits, targets, count)

    return loss


def trained(encoder: Path, folder: Path, config: Config = CONFIG) -> Weights:
    """Train the case from its start to its end and return its weights."""
    case = Case(encoder)
    case.fit(folder, config)
    return case.weights()


def stopped(encoder: Path, folder: Path, step: int) -> Path:
    """Train the case up to a step and return its newest checkpoint."""
    with pytest.raises(Interrupted):
        Case(encoder).fit(folder, loss=signalling(step, signal.SIGINT))
    return max((folder / "checkpoints").glob(f"step-{step:08d}-*"))


def rates(encoder: Path, config: Config, epochs_done: float) -> tuple[float, float]:
    """Return the learning rates of encoder and head at a point of the schedule."""
    model = Case(encoder).model
    optimizer = optimizers.optimizer(model, config)
    optimizers.set_learning_rates(optimizer, config, epochs_done)
    heads = {id(parameter) for parameter in model.groups()[1]}
    of_head, of_encoder = set[float](), set[float]()
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            (of_head if id(parameter) in heads else of_encoder).add(group["lr"])
    (encoder_rate,), (head_rate,) = of_encoder, of_head
    return encoder_rate, head_rate


def decays(model: Model, config: Config) -> dict[int, float]:
    """Return the decay of each parameter, by its identity."""
    return {
        id(parameter): group["weight_decay"]
        for group in optimizers.optimizer(model, config).param_groups
        for parameter in group["params"]
    }


def apart(one: Weights, other: Weights) -> float:
    """Return how far weights lie apart, as the length of their difference."""
    return float(torch.cat([(one[key] - other[key]).flatten() for key in one]).norm())


def same(one: Weights, other: Weights) -> bool:
    """Return whether two sets of weights are equal bit for bit."""
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


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


def test_adadelta_is_keras_s_without_decay(bert: Path, tmp_path: Path) -> None:
    optimizer = optimizers.optimizer(Case(bert).model, replace(CONFIG, optimizer="adadelta"))
    assert isinstance(optimizer, torch.optim.Adadelta)
    assert {(g["rho"], g["eps"], g["weight_decay"]) for g in optimizer.param_groups} == {
        (0.95, 1e-7, 0.0)
    }
    case = Case(bert)
    before = case.weights()
    case.fit(tmp_path, replace(CONFIG, optimizer="adadelta", learning_rate=1.0))
    assert not torch.equal(case.weights()["head.0.weight"], before["head.0.weight"])
