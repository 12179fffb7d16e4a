"""Memory: what is cut into micro-batches adds up, what doesn't fit is halved, a budget is kept."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from overtone import inputs, losses, models
from overtone.config import plugin_names
from overtone.errors import InputError, OvertoneError
from overtone.labels import Labels
from overtone.losses import Count
from overtone.training import checkpoint, memory, optimizers, ranks
from overtone.training.config import Config
from overtone.training.memory import Room
from overtone.training.result import TrainingSet
from overtone.training.step import Stepper

LABELS = Labels.of("joy", "anger", "fear")
NO_DROPOUT = {"dropout": 0.0, "encoder_dropout": 0.0, "attention_dropout": 0.0}
PLENTY = 10**6
"""Tokens that no case here has."""
TEXTS = 64
"""In the one batch of the runs in processes of their own."""
REFUSED = f"{TEXTS} texts of up to"
LENGTHS = np.asarray([5, 9, 30, 12, 30, 7])
MB = 10**6

linux = pytest.mark.skipif(not memory.CLEAR.exists(), reason="NOT RUN: needs Linux's /proc")


# Micro-batches


@pytest.mark.parametrize("loss", plugin_names("overtone.losses"))
@pytest.mark.parametrize("long", ["truncate", "windows"])
def test_the_gradients_of_micro_batches_are_those_of_the_batch(
    bert: Path, loss: str, long: str
) -> None:
    data, whole = gradients(bert, loss, long, PLENTY)
    assert np.isnan(data.targets).any()
    assert whole.micro_batches == 1
    for tokens in (100, 50, 1):
        _, cut = gradients(bert, loss, long, tokens)
        assert cut.micro_batches > 1
        assert cut.value == pytest.approx(whole.value, rel=1e-5)
        largest = max(float(each.abs().max()) for each in whole.gradients.values())
        for name, each in whole.gradients.items():
            torch.testing.assert_close(
                cut.gradients[name], each, rtol=0, atol=1e-5 * largest, msg=name
            )
    assert cut.micro_batches == len(data.encoded)


def test_micro_batches_are_of_whole_texts_and_hold_the_tokens() -> None:
    room = Room(60, LENGTHS, 0)
    parts = room.cut(np.arange(6))
    assert [part.tolist() for part in parts] == [[0, 1], [2, 3], [4, 5]]
    assert [part.tolist() for part in Room(1, LENGTHS, 0).cut(np.arange(2))] == [[0], [1]]
    assert [len(part) for part in Room(PLENTY, LENGTHS, 0).cut(np.arange(6))] == [6]


def test_half_of_what_did_not_fit_is_tried_next(caplog: pytest.LogCaptureFixture) -> None:
    room = Room(PLENTY, LENGTHS, 0)
    with caplog.at_level(logging.WARNING):
        room.halve(np.arange(6))
    assert room.tokens == 90
    assert "6 texts of up to 30 tokens" in caplog.text
    assert max(len(part) for part in room.cut(np.arange(6))) < 6
    room.halve(np.asarray([2, 3, 4]))
    assert room.tokens == 30
    assert len(room.cut(np.asarray([2, 3, 4]))) == 3


def test_a_single_text_can_not_be_halved() -> None:
    with pytest.raises(OvertoneError, match=r"one text of 12 tokens.*gradient_checkpointing"):
        Room(PLENTY, LENGTHS, 0).halve(np.asarray([3]))


# A budget


@linux
@pytest.mark.parametrize(
    ("spare_mb", "reserve_mb", "texts"),
    [(110, 0, 4), (110, 55, 2), (10_000, 0, 8), (10_000, 9_950, 2), (30, 0, 1)],
)
def test_a_budget_takes_what_fits(
    monkeypatch: pytest.MonkeyPatch, spare_mb: int, reserve_mb: int, texts: int
) -> None:
    """By the numbers of a system on which a text takes 20 MB: this process's own never rest."""
    always = 1000 * MB
    tried = [0]

    def resident(which: str) -> float:
        return always if which == "VmRSS" else always + 20 * MB * tried[-1]

    monkeypatch.setattr(memory, "resident", resident)
    room = Room(80, np.full(8, 10), (always + spare_mb * MB) / memory.MARGIN / 1e9)
    room.fit(lambda some: tried.append(len(some)), most=8, reserve=reserve_mb * MB)
    assert room.tokens == 10 * texts
    assert max(tried) == texts


@linux
def test_a_budget_changes_nothing_where_all_fits() -> None:
    room = Room(45, np.full(8, 10), 1000)
    tried: list[int] = []
    room.fit(taking(1, tried), most=8, reserve=0)
    assert room.tokens == 45
    assert max(tried) == 8  # more than 45 tokens, because 4 texts are fewer


@linux
def test_the_longest_texts_are_what_has_to_fit() -> None:
    room = Room(PLENTY, np.asarray([1, 40, 2, 50, 3]), 1000)
    tried: list[NDArray[np.int64]] = []
    room.fit(tried.append, most=3, reserve=0)
    assert [texts.tolist() for texts in tried[-2:]] == [[3, 1], [3, 1, 4]]


@linux
def test_a_budget_that_is_too_small_says_what_is_needed() -> None:
    room = Room(80, np.full(8, 10), 0.05)
    with pytest.raises(InputError) as caught:
        room.fit(taking(20, []), most=8, reserve=3_000 * MB)
    message = str(caught.value)
    needed = re.search(r"needs (\d+\.\d) GB for one text of 10 tokens", message)
    assert needed
    assert float(needed[1]) > 3
    assert "training.memory_gb" in message
    assert memory.ADVICE in message


def test_a_budget_on_a_cpu_without_linux_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "CLEAR", tmp_path / "none")
    with pytest.raises(InputError, match="needs Linux"):
        Room(80, np.full(8, 10), 1000).fit(taking(1, []), most=8, reserve=0)


@linux
def test_looking_for_what_fits_leaves_no_trace(bert: Path) -> None:
    data = training_set(bert, "truncate")[1]
    model = training_set(bert, "truncate")[0]
    before = {key: value.clone() for key, value in model.state_dict().items()}
    stepper = stepper_for(model, data, "joint", PLENTY, budget_gb=1000)
    stepper.fit_budget()
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not stepper.state.optimizer.state


# Real runs in processes of their own


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    messages: str


class Driver:
    """Starts runs whose memory is limited (memory_driver.py)."""

    def __init__(self, process: subprocess.Popen[str], command: list[str], folder: Path) -> None:
        self.process = process
        self.command = command
        self.messages = folder / "messages"
        self.long = folder / "long.csv"

    def run(self, output: Path, *arguments: str, **limits: float) -> Ended:
        """Train, and wait for the end."""
        order = {
            "arguments": [*self.command, "--output", str(output), *arguments],
            "messages": str(self.messages), "stop_at": None, "budget_mb": 0, "refuse_mb": 0,
        }  # fmt: skip
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({**order, **limits}) + "\n")
        self.process.stdin.flush()
        code = int(self.process.stdout.readline())
        return Ended(code, self.messages.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def driver(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """What trains a tiny BERT on 64 texts of many windows, all in one batch: about 250 MB."""
    folder = tmp_path_factory.mktemp("memory")
    for name, rows, words in (("train", TEXTS, 1200), ("dev", 4, 3), ("long", 2, 50_000)):
        lines = [
            f"{'happy' if row % 2 else 'terrible'} {'day ' * words}{row},{row % 2},{row % 3 % 2}"
            for row in range(rows)
        ]
        text = "\n".join(["text,joy,fear", *lines]) + "\n"
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    command = ["train", "--dataset", str(folder / "train.csv"), "--dev", str(folder / "dev.csv")]
    settings = [
        "training.epochs=2", f"training.batch_size={TEXTS}", f"training.batch_tokens={PLENTY}",
        "training.device=cpu", "training.precision=fp32", "training.checkpoint_steps=1",
        "training.metric=loss", *(f"model.{name}=0" for name in NO_DROPOUT),
        "inputs.long=windows", "inputs.max_windows=10000",
    ]  # fmt: skip
    command += ["--encoder", str(bert), *(word for each in settings for word in ("--set", each))]
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("memory_driver.py")), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        # The tokenizers' own threads would not be there after a fork. Large pieces of memory go
        # back to the system when they are freed, as those of a real model do.
        env=os.environ | {"TOKENIZERS_PARALLELISM": "false", "MALLOC_MMAP_THRESHOLD_": "65536"},
    ) as process:
        yield Driver(process, command, folder)
        process.kill()


@pytest.fixture(scope="module")
def whole(driver: Driver, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The history of a run with all the memory that it wants."""
    output = tmp_path_factory.mktemp("whole") / "run"
    ended = driver.run(output)
    assert ended.code == 0, ended.messages
    found = history(output)
    assert [entry["batch_tokens"] for entry in found] == [PLENTY, PLENTY]
    return found


@linux
def test_what_the_system_refuses_is_halved_and_remembered(
    driver: Driver, whole: list[dict[str, Any]], tmp_path: Path
) -> None:
    stopped = driver.run(tmp_path / "run", stop_at=0, refuse_mb=180)
    assert stopped.code == 128 + 15, stopped.messages
    assert REFUSED in stopped.messages
    resumed = driver.run(tmp_path / "run", "--resume", refuse_mb=180)
    assert resumed.code == 0, resumed.messages
    assert REFUSED not in resumed.messages
    found = history(tmp_path / "run")
    assert all(0 < entry["batch_tokens"] < PLENTY for entry in found)
    for entry, other in zip(found, whole, strict=True):
        assert entry["loss"] == pytest.approx(other["loss"], abs=1e-5)
        assert entry["dev"] == pytest.approx(other["dev"], abs=1e-4)


@linux
def test_a_text_that_the_system_refuses_ends_in_one_clear_error(
    driver: Driver, tmp_path: Path
) -> None:
    ended = driver.run(tmp_path / "run", "--dataset", str(driver.long), refuse_mb=120)
    assert ended.code == 1
    assert "Traceback" not in ended.messages
    error = ended.messages.strip().splitlines()[-1]
    assert re.search(r"error: not even one text of \d+ tokens fits into memory: set", error)


@linux
def test_a_budget_that_is_too_small_ends_in_one_clear_error(driver: Driver, tmp_path: Path) -> None:
    ended = driver.run(tmp_path / "run", "--set", "training.memory_gb=0.2")
    assert ended.code == 2
    assert "Traceback" not in ended.messages
    error = ended.messages.strip().splitlines()[-1]
    assert error.startswith("error: training needs 0.")
    assert "training.memory_gb allows 0.2: set training.gradient_checkpointing" in error


@linux
def test_a_run_keeps_to_a_budget(
    driver: Driver, whole: list[dict[str, Any]], tmp_path: Path
) -> None:
    ended = driver.run(tmp_path / "run", budget_mb=150)
    assert ended.code == 0, ended.messages
    recipe = (tmp_path / "run" / "config.toml").read_text(encoding="utf-8")
    budget = re.search(r"^memory_gb = (.*)$", recipe, re.MULTILINE)
    assert budget
    for entry, other in zip(history(tmp_path / "run"), whole, strict=True):
        assert 0 < entry["batch_tokens"] < PLENTY
        assert entry["peak_memory_mb"] < float(budget[1]) * 1000 < other["peak_memory_mb"]
        assert entry["loss"] == pytest.approx(other["loss"], abs=1e-5)


def test_what_does_not_fit_ends_a_run_that_is_sharded(bert: Path) -> None:
    """The other processes wait in the midst of a layer, and can't begin anew."""
    model, data = training_set(bert, "truncate")
    stepper = stepper_for(model, data, "bce", PLENTY)
    stepper.ranks = replace(stepper.ranks, sharded=True)

    def refused(*_: object, **__: object) -> Tensor:
        raise torch.OutOfMemoryError

    stepper._backward = refused  # type: ignore[method-assign]
    count = Count.of(torch.from_numpy(data.targets))
    with pytest.raises(OvertoneError, match=rf"lower training\.batch_tokens \(now {PLENTY}\)"):
        stepper._gradients(np.arange(10), count, number=0)


# What the tests are made of


@dataclass(frozen=True)
class Found:
    """What a step's backward passes left behind."""

    value: float
    gradients: dict[str, Tensor]
    micro_batches: int


def training_set(encoder: Path, long: str) -> tuple[models.Model, TrainingSet]:
    """Return a tiny model without dropout and ten texts with gaps, the same every time."""
    torch.manual_seed(0)
    options = {"encoder": str(encoder), **NO_DROPOUT}
    made = models.create("spanemo", options, LABELS, ())
    asked = {"long": long, "pool": "mean", "max_length": 24}
    kind = inputs.load("label_prefix", asked, Tokenizer.from_str(made.tokenizer), made.limit)
    words = ("happy", "terrible", "sea", "bus", "soup", "late", "joke", "team", "news", "cold")
    texts = [f"{word} {'day and ' * (n * n % 17)}" for n, word in enumerate(words)]
    rng = np.random.default_rng(0)
    targets = (rng.random((10, 3)) < 0.5).astype(np.float32)
    targets[rng.random((10, 3)) < 0.3] = np.nan
    targets[4] = np.nan
    targets[5] = (0, 1, 0)
    encoded = kind.encode(texts, LABELS)
    assert (len(encoded.lengths) > len(texts)) == (long == "windows")
    return made.model.train(), TrainingSet(kind, encoded, targets, words)


def stepper_for(
    model: models.Model, data: TrainingSet, loss: str, tokens: int, budget_gb: float = 0.0
) -> Stepper:
    config = Config(device="cpu", precision="fp32", batch_size=10)
    state = checkpoint.State(model, optimizers.optimizer(model, config))
    room = Room(tokens, data.encoded.text_lengths, budget_gb)
    team = ranks.join(cpu=True)
    return Stepper(state, losses.load(loss, {}), data, config, team, room, "fp32")


def gradients(encoder: Path, loss: str, long: str, tokens: int) -> tuple[TrainingSet, Found]:
    """Return the gradients of ten texts, taken so many tokens at a time."""
    model, data = training_set(encoder, long)
    stepper = stepper_for(model, data, loss, tokens)
    parts: list[NDArray[np.int64]] = []
    backward = stepper._backward

    def recorded(texts: NDArray[np.int64], count: Count, weight: float = 1.0) -> Tensor:
        parts.append(texts)
        return backward(texts, count, weight)

    stepper._backward = recorded  # type: ignore[method-assign]
    count = Count.of(torch.from_numpy(data.targets))
    value = stepper._gradients(np.arange(10), count, number=0)
    assert np.concatenate(parts).tolist() == list(range(10))
    found = {
        name: parameter.grad
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }
    assert found.keys() == dict(model.named_parameters()).keys()
    return data, Found(float(value), found, len(parts))


def taking(mb_a_text: int, tried: list[int]) -> Callable[[NDArray[np.int64]], None]:
    """Return what takes real memory for texts, and gives it back."""

    def attempt(texts: NDArray[np.int64]) -> None:
        tried.append(len(texts))
        np.ones(len(texts) * mb_a_text * MB // 8).sum()

    return attempt


def history(output: Path) -> list[dict[str, Any]]:
    lines = (output / "history.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
