"""A model that two processes hold a part of each: losses, files and skips are those of one process.

The test runs this file in two processes, which import torch once and then follow a list of orders.
What they are compared with is trained in the test's own process.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor
from torch.distributed.tensor import DTensor

from overtone.errors import OvertoneError
from overtone.experiment.train import train
from overtone.training import checkpoint, loop
from overtone.training.memory import Room
from overtone.training.ranks import Ranks
from overtone.training.sharding import passes
from overtone.training.step import Stepper
from overtone.training.stopping import Interrupted

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
LIMIT = 600
"""Seconds after which processes that should have ended count as hanging."""
TOGETHER = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
TEXTS = 21
"""To train on: batches of ten, ten and one, which has fewer texts than there are processes."""
SETTINGS = (
    "training.device=cpu", "training.precision=fp32", "training.epochs=2", "training.batch_size=10",
    "training.batch_tokens=90", "training.patience=0", "training.metric=loss",
    "training.clip=2.5", "model.dropout=0", "model.encoder_dropout=0", "model.attention_dropout=0",
)  # fmt: skip
SHARED = "training.shard=true"
AVERAGED = "training.average=0.5"
ENCODERS = ("distilbert", "deberta", "modernbert")
REFUSED = {
    "lora": ("training.lora=2", "training.lora: choose one"),
    "memory": ("training.memory_gb=9", "set training.batch_tokens"),
    "fp16": ("training.precision=fp16", "take bf16 or fp32"),
}
"""What sharding is not combined with, and what is said of it."""


@dataclass(frozen=True)
class Order:
    """One training."""

    output: str
    encoder: str
    settings: tuple[str, ...] = ()
    resume: bool = False
    nan_at: int = -1
    """A step, from 0, in which the loss of the last process is not a number."""
    stop_at: int = -1
    """A step, from 0, in which the last process is asked to stop."""


@dataclass
class Report:
    """What a process says of a training."""

    error: str = ""
    held: dict[str, int] = field(default_factory=dict)
    """Elements that this process has memory for: of the parameters, the moments and the average."""
    kept: dict[str, int] = field(default_factory=dict)
    """How many they would be in one piece."""


@dataclass(frozen=True)
class Runs:
    """What two processes and one made."""

    folder: Path
    reports: list[list[Report]]
    """By process and order."""
    orders: list[Order]

    def of(self, name: str) -> list[Report]:
        """Return what each process says of a run."""
        place = [Path(order.output).name for order in self.orders].index(name)
        return [reports[place] for reports in self.reports]


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, bert: Path, tmp_path_factory: pytest.TempPathFactory
) -> Runs:
    """Everything that needs two processes, done by one pair of them."""
    folder = tmp_path_factory.mktemp("runs")
    write_data(folder)

    def order(name: str, *settings: str, encoder: Path = bert, stop_at: int = -1) -> Order:
        nan_at = 1 if AVERAGED in settings else -1
        return Order(str(folder / name), str(encoder), settings, nan_at=nan_at, stop_at=stop_at)

    obey(order("one", AVERAGED))
    assert "stopped after step 4" in obey(order("begun-by-one", AVERAGED, stop_at=3)).error
    # After an epoch's last step: what goes on scores the model before it trains it.
    assert "stopped after step 3" in obey(order("unscored", stop_at=2)).error
    shutil.copytree(folder / "begun-by-one", folder / "stopped")
    orders = [
        order("two", SHARED, AVERAGED),
        order("begun-by-two", SHARED, AVERAGED, stop_at=3),
        replace(order("begun-by-one", SHARED), resume=True),
        replace(order("unscored", SHARED), resume=True),
        order("frozen", SHARED, "model.freeze_layers=1", "training.gradient_checkpointing=true"),
        *(order(name, SHARED, encoder=request.getfixturevalue(name)) for name in ENCODERS),
        *(order(name, SHARED, setting) for name, (setting, _) in REFUSED.items()),
    ]
    (folder / "orders.json").write_text(json.dumps([asdict(each) for each in orders]))
    with subprocess.Popen(
        [*TOGETHER, __file__, str(folder)],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        try:
            said, _ = process.communicate(timeout=LIMIT)
        finally:
            running = process.poll() is None
            left = psutil.Process(process.pid).children(recursive=True) if running else []
            for each in (*left, process):
                each.kill()
    assert process.returncode == 0, said
    found = [json.loads((folder / f"reports-{rank}.json").read_text()) for rank in (0, 1)]
    return Runs(folder, [[Report(**each) for each in reports] for reports in found], orders)


def test_losses_scores_and_weights_are_those_of_one_process(runs: Runs) -> None:
    """With a step that one of them finds bad, cuts that differ between them, and an average."""
    assert_same(runs.folder / "two", runs.folder / "one")
    assert [entry["skipped"] for entry in history(runs.folder / "two")] == [1, 0]
    assert [entry["processes"] for entry in history(runs.folder / "two")] == [2, 2]
    assert sorted(path.name for path in (runs.folder / "two").iterdir()) == [
        "bundle", "config.toml", "history.jsonl", "lock",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["two", "begun-by-one"])
def test_each_holds_about_half(runs: Runs, name: str) -> None:
    """Also where it was loaded from a file that has all."""
    for report in runs.of(name):
        assert report.kept["moments"] == 2 * report.kept["parameters"] > 20_000
        for what in ("parameters", "moments", "average"):
            assert 0.45 < report.held[what] / report.kept[what] < 0.55


def test_a_run_goes_on_with_another_number_of_processes(runs: Runs, bert: Path) -> None:
    assert_same(runs.folder / "begun-by-one", runs.folder / "one")
    assert ["stopped after step 4" in each.error for each in runs.of("begun-by-two")] == [
        True,
        True,
    ]
    begun = runs.folder / "begun-by-two"
    for name in ("model", "optimizer", "average"):
        torch.testing.assert_close(*(
            load_file(next(run.glob(f"checkpoints/step-00000004-*/{name}.safetensors")))
            for run in (begun, runs.folder / "stopped")
        ), atol=1e-6, rtol=1e-3)  # fmt: skip
    obey(Order(str(begun), str(bert), (SHARED,), resume=True))
    assert_same(begun, runs.folder / "one")


@pytest.mark.parametrize("name", [*ENCODERS, "frozen", "unscored"])
def test_whatever_the_encoder_and_the_options(
    runs: Runs, request: pytest.FixtureRequest, tmp_path: Path, name: str
) -> None:
    assert [each.error for each in runs.of(name)] == ["", ""]
    write_data(tmp_path)
    encoder = request.getfixturevalue(name if name in ENCODERS else "bert")
    settings = ("model.freeze_layers=1",) if name == "frozen" else ()
    obey(Order(str(tmp_path / "run"), str(encoder), settings))
    assert_same(runs.folder / name, tmp_path / "run")


@pytest.mark.parametrize("name", REFUSED)
def test_what_it_is_not_combined_with_is_refused(runs: Runs, name: str) -> None:
    expected = REFUSED[name][1]
    assert all(expected in report.error for report in runs.of(name)), runs.of(name)
    assert not (runs.folder / name).exists()


@pytest.mark.parametrize("texts", [1, 2, 3, 10])
def test_all_processes_get_equally_many_passes_and_no_text_counts_twice(texts: int) -> None:
    room = Room(90, np.asarray([3, 29, 7, 30, 5, 28, 11, 25, 6, 2]), 0.0)
    batch = np.arange(texts)
    found = [passes(Ranks(CPU, rank, 3, sharded=True), room, batch) for rank in range(3)]
    assert {len(each) for each in found} == {2 if texts == 10 else 1}
    counted = [text for each in found for part, weight in each if weight for text in part]
    assert sorted(counted) == list(batch)
    assert all(len(part) for each in found for part, _ in each)
    alone = [passes(Ranks(CPU, rank, 3), room, batch) for rank in range(3)]
    assert len({len(each) for each in alone}) == (2 if texts != 3 else 1)


def test_one_process_keeps_the_model_whole(
    bert: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_data(tmp_path)
    report = obey(Order(str(tmp_path / "run"), str(bert), (SHARED,)))
    assert "training.shard needs several processes, found one" in caplog.text
    assert report.held == report.kept


def assert_same(run: Path, other: Path) -> None:
    """Check that two runs had the same losses, scores and weights, but for the order of sums."""
    ours, theirs = history(run), history(other)
    assert len(ours) == len(theirs) == 2
    for one, two in zip(ours, theirs, strict=True):
        assert one["loss"] == pytest.approx(two["loss"], abs=1e-4)
        assert one["dev"] == pytest.approx(two["dev"], abs=1e-4)
        assert [one[key] for key in ("best", "steps", "skipped")] == [
            two[key] for key in ("best", "steps", "skipped")
        ]
    weights = load_file(run / "bundle" / "model.safetensors")
    expected = load_file(other / "bundle" / "model.safetensors")
    torch.testing.assert_close(weights, expected, atol=1e-4, rtol=0)


def history(run: Path) -> list[dict[str, Any]]:
    lines = (run / "history.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def write_data(folder: Path) -> None:
    """Write texts of very unlike lengths."""
    for name, rows in (("train", TEXTS), ("dev", 5)):
        lines = ["text,joy,anger,fear"]
        for row in range(rows):
            cells = ",".join(str(int(row % 5 < most)) for most in (2, 3, 4))
            lines.append(f"{name} {'happy day ' * (row * 7 % 19)},{cells}")
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def obey(order: Order) -> Report:
    """Train as ordered, in this process."""
    report, folder = Report(), Path(order.output).parent
    with patched(order, report):
        try:
            train(
                None if order.resume else str(folder / "train.csv"),
                order.output,
                data=None if order.resume else {"dev": str(folder / "dev.csv")},
                encoder=None if order.resume else order.encoder,
                settings=order.settings if order.resume else (*SETTINGS, *order.settings),
                resume=order.resume,
            )
        except (OvertoneError, Interrupted) as error:
            report.error = str(error)
    return report


@contextlib.contextmanager
def patched(order: Order, report: Report) -> Iterator[None]:
    """Let the last process' loss be bad or a signal come, and count what each holds at the end."""
    step, backward, run = Stepper.step, Stepper._backward, loop.Loop.run
    number_of = {"step": -1}

    def last(ranks: Ranks) -> bool:
        return ranks.rank == ranks.size - 1

    def signalled(
        self: Stepper, texts: NDArray[np.int64], number: int, stop: Callable[[], bool]
    ) -> Tensor:
        number_of["step"] = number
        if number == order.stop_at and last(self.ranks):
            signal.raise_signal(signal.SIGTERM)
        return step(self, texts, number, stop)

    def bad(self: Stepper, texts: NDArray[np.int64], count: Any, weight: float = 1.0) -> Tensor:  # noqa: ANN401
        if number_of["step"] == order.nan_at and last(self.ranks):
            weight = float("nan")
        return backward(self, texts, count, weight)

    def counted(self: loop.Loop) -> None:
        run(self)
        for name, tensors in parts(self.state).items():
            report.kept[name] = sum(tensor.numel() for tensor in tensors)
            report.held[name] = sum(elements(tensor) for tensor in tensors)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stepper, "step", signalled)
        patch.setattr(Stepper, "_backward", bad)
        patch.setattr(loop.Loop, "run", counted)
        yield


def elements(tensor: Tensor) -> int:
    """Return how many elements this process has memory for, whatever part of it is looked at."""
    own = tensor.to_local() if isinstance(tensor, DTensor) else tensor
    return own.untyped_storage().nbytes() // own.element_size()


def parts(state: checkpoint.State) -> dict[str, list[Tensor]]:
    """Return what a process has that grows with the model."""
    found: dict[str, list[Tensor]] = {
        "parameters": list(state.model.parameters()),
        "moments": [
            value
            for values in state.optimizer.state.values()
            for name, value in values.items()
            if name != "step"
        ],
    }
    if state.average is not None:
        found["average"] = list(state.average.module.parameters())
    return found


def main() -> None:
    """Follow the orders in a folder, and leave reports there."""
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    orders = json.loads((folder / "orders.json").read_text(encoding="utf-8"))
    reports = [asdict(obey(Order(**each))) for each in orders]
    target = folder / f"reports-{os.environ['RANK']}.json"
    target.write_text(json.dumps(reports), encoding="utf-8")


if __name__ == "__main__":
    main()
