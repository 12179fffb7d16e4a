"""A search whose trials take a second: three epochs of a tiny BERT on a small table."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

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
