"""Runs that are stopped from outside at any moment, and one that nothing stopped."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.training.case import Weights, trained

from overtone.training.checkpoint import KEPT

EPOCHS, STEPS = 3, 4
"""Of the runs below; a step has four texts."""
WORDS = ("happy", "terrible", "sea", "bus", "soup", "friends", "joke", "match")


@pytest.fixture(scope="session")
def unstopped(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """The weights of the case, trained without a stop."""
    return trained(bert, tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="session")
def command(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What to type to train a tiny BERT with momentum, dropout and a moving average."""
    folder = tmp_path_factory.mktemp("data")
    for name, rows in (("train", 4 * STEPS), ("dev", 6)):
        lines = ["text,joy,anger,fear"]
        for row in range(rows):
            cells = [str(int(row % 8 < words)) for words in (2, 4, 7)]
            lines.append(",".join([f"{WORDS[row % 8]} {WORDS[row // 8]} {name}", *cells]))
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = (
        f"training.epochs={EPOCHS}", "training.batch_size=4", "training.patience=0",
        "training.device=cpu", "training.average=0.5", "training.head_learning_rate=0.01",
        "training.metric=loss", "training.checkpoint_steps=2", "model.dropout=0.2",
        "model.encoder_dropout=0.2", "model.attention_dropout=0.2",
    )  # fmt: skip
    files = ["--dataset", str(folder / "train.csv"), "--dev", str(folder / "dev.csv")]
    given = [word for setting in settings for word in ("--set", setting)]
    return ["train", *files, "--encoder", str(bert), *given]


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    """Negative for a signal."""
    messages: str


class Driver:
    """Starts runs in children of a process that has imported everything (kill_driver.py)."""

    def __init__(self, process: subprocess.Popen[str], command: list[str], messages: Path) -> None:
        self.process = process
        self.command = command
        self.messages = messages

    def start(
        self,
        run: Path,
        *arguments: str,
        name: str = "",
        count: int = 0,
        number: signal.Signals = signal.SIGKILL,
        most_bytes: int = 0,
    ) -> int:
        """Begin or resume a run, which gets a signal at the `count`-th event of a name."""
        self.messages.unlink(missing_ok=True)
        resume = ["--resume"] if run.exists() else []
        order = {
            "arguments": [*self.command, *arguments, "--output", str(run), *resume],
            "folder": str(run), "messages": str(self.messages), "name": name, "count": count,
            "signal": number, "most_bytes": most_bytes,
        }  # fmt: skip
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.answer())

    def answer(self) -> str:
        """Wait for a line."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def running(self) -> bool:
        """Return whether the child that was started has not ended, after a moment."""
        assert self.process.stdout is not None
        return not select.select([self.process.stdout], [], [], 0.001)[0]

    def end(self) -> Ended:
        """Wait for the child's end."""
        code = int(self.answer())
        return Ended(code, self.messages.read_text(encoding="utf-8"))

    def kill(self, run: Path, *arguments: str, name: str = "", count: int = 1) -> Ended:
        """Begin or resume a run and kill it at an event."""
        self.start(run, *arguments, name=name, count=count)
        ended = self.end()
        kept = list((run / "checkpoints").glob("step-*"))
        assert len(kept) <= KEPT + 1, "two, and the one that the third replaces"
        return ended

    def finish(self, run: Path, *arguments: str) -> str:
        """Begin or resume a run and leave it alone; what it said."""
        self.start(run, *arguments)
        ended = self.end()
        assert ended.code == 0, ended.messages
        return ended.messages


@pytest.fixture(scope="session")
def driver(command: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("kill_driver.py")), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        # The tokenizers' own threads would not be there after a fork.
        env=os.environ | {"TOKENIZERS_PARALLELISM": "false"},
    ) as process:
        yield Driver(process, command, tmp_path_factory.mktemp("driver") / "messages")
        process.kill()


@dataclass(frozen=True)
class Whole:
    """A run that nothing stopped."""

    weights: bytes
    history: list[dict[str, object]]
    events: int
    """What happened in it that a kill may come before."""

    def assert_same(self, run: Path) -> None:
        """Check that a run ended in the same bits, and left nothing else."""
        assert weights(run) == self.weights
        assert history(run) == self.history
        names = sorted(path.name for path in run.iterdir())
        assert names == ["bundle", "config.toml", "history.jsonl", "lock"]


@pytest.fixture(scope="session")
def whole(driver: Driver, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    run = tmp_path_factory.mktemp("whole") / "run"
    driver.start(run, count=10**9)
    ended = driver.end()
    assert ended.code == 0, ended.messages
    events = int(ended.messages.splitlines()[-1].removesuffix(" events"))
    found = Whole(weights(run), history(run), events)
    assert [entry["best"] for entry in found.history] == EPOCHS * [True]
    return found


def weights(run: Path) -> bytes:
    return (run / "bundle" / "model.safetensors").read_bytes()


def history(run: Path) -> list[dict[str, object]]:
    """Return what a run notes of its epochs, times and memory left out."""
    lines = (run / "history.jsonl").read_text(encoding="utf-8").splitlines()
    kept = ("epoch", "loss", "dev", "best", "steps", "skipped", "precision", "batch_tokens")
    return [{key: json.loads(line)[key] for key in kept} for line in lines]
