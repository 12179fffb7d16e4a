"""What the tests of studies and of searches share.

A search whose trials take a second (three epochs of a tiny BERT on a small table); a small study
that is done, and cells whose predictions a test chooses.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from overtone.config import Table
from overtone.evaluation import metrics
from overtone.labels import Labels
from overtone.study import cells, engine, reading, states
from overtone.study.cells import Cell
from overtone.study.do import do
from overtone.study.plan import Plan
from overtone.study.stops import Stops

TINY = ["training.epochs=2", "training.device=cpu", "training.head_learning_rate=0.02"]

WORDS = ("happy", "terrible", "sea", "bus", "soup", "friends", "joke", "match")
EPOCHS, STEPS = 3, 4
"""Of every trial; a step has four texts."""

SEARCH = f"""
[model]
dropout = 0.2

[training]
epochs = {EPOCHS}
batch_size = 4
patience = 0
device = "cpu"
metric = "loss"

[search]
metric = "loss"
pruner = "none"
random_trials = 3
training.learning_rate = {{ low = 1e-4, high = 1e-2, log = true }}
training.head_learning_rate = {{ low = 1e-3, high = 1e-1, log = true }}
"""


@dataclass(frozen=True)
class Case:
    """What a search is asked for."""

    config: Path
    dataset: Path
    dev: Path
    encoder: Path

    @property
    def given(self) -> dict[str, object]:
        """Return it as the arguments of `tune`."""
        return {
            "config": self.config,
            "dataset": str(self.dataset),
            "data": {"dev": str(self.dev)},
            "encoder": str(self.encoder),
            "seed": 1,
        }

    def command(self, output: Path, trials: int, *more: str) -> list[str]:
        """Return what to type."""
        return [
            "tune", str(self.config), "--dataset", str(self.dataset),
            "--set", f"data.dev={self.dev}", "--encoder", str(self.encoder), "--seed", "1",
            "--trials", str(trials), "--output", str(output),
            "--set", "training.checkpoint_steps=2", *more,
        ]  # fmt: skip


@pytest.fixture(scope="session")
def case(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A search over two learning rates."""
    folder = tmp_path_factory.mktemp("study")
    for name, rows in (("train", 4 * STEPS), ("dev", 6)):
        lines = ["text,joy,anger,fear"]
        for row in range(rows):
            cells = [str(int(row % 8 < words)) for words in (2, 4, 7)]
            lines.append(",".join([f"{WORDS[row % 8]} {WORDS[row // 8]} {name}", *cells]))
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = folder / "search.toml"
    config.write_text(SEARCH, encoding="utf-8")
    return Case(config, folder / "train.csv", folder / "dev.csv", bert)


@dataclass(frozen=True)
class Ended:
    """How a worker ended."""

    code: int
    """Negative for a signal."""
    messages: str


class Driver:
    """Starts workers in children of a process that has imported much (training/kill_driver.py)."""

    def __init__(self, process: subprocess.Popen[str], case: Case, messages: Path) -> None:
        self.process = process
        self.case = case
        self.messages = messages

    def work(
        self,
        output: Path,
        trials: int,
        *,
        trial: int = 0,
        name: str = "",
        number: signal.Signals = signal.SIGKILL,
        count: int = 0,
    ) -> Ended:
        """Work at a search, and get a signal at the `count`-th event of a name in one trial."""
        self.messages.unlink(missing_ok=True)
        order = {
            "arguments": self.case.command(output, trials), "messages": str(self.messages),
            "folder": str(output / f"trial-{trial:04d}"), "name": name, "count": count,
            "signal": number, "most_bytes": 0,
        }  # fmt: skip
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        self.process.stdout.readline()  # the child's id
        code = int(self.process.stdout.readline())
        return Ended(code, self.messages.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def driver(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    script = Path(__file__).parents[1] / "training" / "kill_driver.py"
    # What children need besides, so that it isn't imported by each of them.
    start = (
        "import runpy; import overtone.apps.cli.show_tuning, overtone.study.tune; "
        f"runpy.run_path({str(script)!r}, run_name='__main__')"
    )
    prepared = [
        "train", "--dataset", str(case.dataset), "--dev", str(case.dev),
        "--encoder", str(case.encoder),
    ]  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", start, *prepared],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        # The tokenizers' own threads would not be there after a fork.
        env=os.environ | {"TOKENIZERS_PARALLELISM": "false"},
    ) as process:
        yield Driver(process, case, tmp_path_factory.mktemp("driver") / "messages")
        process.kill()


class Silent:
    """Notes what the engine tells."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, str]] = []
        self.waited: list[str] = []

    def begin(self, cell: Cell) -> None:
        """Take it in."""

    def end(self, cell: Cell, became: str, seconds: float) -> None:  # noqa: ARG002
        """Note it."""
        self.ended.append((cell.key, became))

    def wait(self, cells: Sequence[Cell]) -> None:
        """Note it."""
        self.waited = [cell.key for cell in cells]


@dataclass(frozen=True)
class Study:
    """A study and its folder."""

    plan: Plan
    cells: list[Cell]
    folder: Path


def make(table: Table, folder: Path, data_dir: Path | None = None) -> Study:
    """Return a study of a plan's tables."""
    plan = reading.check(table)
    return Study(plan, cells.find(plan, data_dir), folder)


def do_all(study: Study, *, retry: bool = False, watcher: Silent | None = None) -> Silent:
    """Do all cells in this process."""
    seen = watcher or Silent()
    engine.run(
        study.cells, study.folder, lambda cell, most: do(cell, study.folder, most), Stops(), seen,
        retry=retry,
    )  # fmt: skip
    return seen


@pytest.fixture(scope="session")
def table(bert: Path) -> Table:
    """A plan: the sample, TF-IDF and a tiny SpanEmo, two seeds, a half of the data, one setting."""
    return {
        "study": {
            "name": "small", "seeds": [0, 1], "fractions": [1.0, 0.5], "fraction_seeds": [0],
            "hold_out": 0.2,
        },
        "datasets": {"sample": {"beside": "twitter"}},
        "models": {
            "tfidf": {"config": "best/tfidf", "beside": "cnn"},
            "tiny": {"settings": [f"model.encoder={bert}", *TINY], "beside": "bert-base"},
        },
        "sensitivity": {
            "models": ["tiny"], "seeds": [0], "values": {"training.epochs": [1, 2]},
        },
        "paper": {"figures": "study/paper"},
    }  # fmt: skip


@pytest.fixture(scope="session")
def study(table: Table, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """That study, done; tests only read it."""
    made = make(table, tmp_path_factory.mktemp("study"))
    seen = do_all(made)
    assert {became for _, became in seen.ended} == {"done"}
    return made


Chosen = Callable[..., None]


@pytest.fixture
def choose() -> Chosen:
    """Return a function that writes a cell as if it had been done, with chosen decisions."""

    def write(
        cell: Cell,
        study: Path,
        truth: NDArray[np.float32],
        decided: NDArray[np.bool_],
        *,
        cost: Mapping[str, float] | None = None,
        best_epoch: int = 1,
    ) -> None:
        folder = cell.folder(study)
        folder.mkdir(parents=True, exist_ok=True)
        labels = Labels.of(*(f"label {number}" for number in range(truth.shape[1])))
        probabilities = np.where(decided, np.float32(0.9), np.float32(0.1))
        scores: dict[str, Any] = metrics.score(truth, decided, probabilities, labels).to_json()
        ids = [f"id-{row}" for row in range(len(truth))]
        save_file(
            {"probabilities": probabilities, "decided": decided, "truth": truth},
            folder / states.PREDICTIONS,
            {"about": json.dumps({"ids": ids, "labels": labels.names})},
        )
        (folder / states.ASKED).write_text(json.dumps(cell.asked()), encoding="utf-8")
        saved = {
            "format": states.FORMAT, "dataset": cell.dataset, "model": cell.model,
            "texts": {"train": 100, "dev": 20, "test": len(truth)}, "test_is": "held out",
            "dev": scores, "test": scores, "test_seconds": 2.0, "test_texts_per_second": 50.0,
            "best_epoch": best_epoch, "parameters": 2_500_000, "gpu_memory_mb": None,
            "wall_seconds": 9.0,
            "cost": {
                "seconds_per_epoch": 10.0, "epochs": 3, "seconds": 40.0, "texts_per_second": 7.0,
                "peak_memory_mb": 600.0, **(cost or {}),
            },
            "machine": {
                "device": "cpu", "processor": "x", "cores": 2, "threads": 1, "torch": "2",
            },
        }  # fmt: skip
        (folder / states.CELL).write_text(json.dumps(saved), encoding="utf-8")

    return write
