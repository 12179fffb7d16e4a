"""`overtone train`: dry runs, refusals, and runs that signals stop and the printed command ends."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import overtone
from overtone.errors import InputError

Cli = Callable[..., Any]

EPOCHS = 4
"""Enough for a signal after the first of them to come in time."""

PROGRAM = str(Path(sys.executable).parent / "overtone")
SETTINGS = (f"training.epochs={EPOCHS}", "training.patience=0", "training.device=cpu")


def test_a_dry_run_prints_the_recipe_and_writes_nothing(
    cli: Cli, bert: Path, tmp_path: Path
) -> None:
    found = cli(
        "train", "--dataset", "sample", "--encoder", bert, "--seed", "4", "--output", "new",
        "--set", "loss.alpha=0.3", "--dry-run",
    )  # fmt: skip
    assert (found.code, list(tmp_path.iterdir())) == (0, [])
    table = tomllib.loads(found.out)
    assert table["data"]["name"] == "sample"
    assert table["model"]["encoder"] == str(bert)
    assert table["training"]["seed"] == 4
    assert table["loss"]["alpha"] == 0.3
    assert "407 texts to train on, 92 to choose by" in found.out


def test_a_dry_run_finds_what_training_would(cli: Cli, tmp_path: Path) -> None:
    found = cli(
        "train",
        "--dataset",
        "sample",
        "--encoder",
        "no/such-encoder",
        "--dry-run",
        "--output",
        "new",
    )
    found.assert_failed(2)
    assert "no/such-encoder" in found.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "no-such-data"], "sample"),
        (["--config", "best/no-such"], "best/semeval2018-en"),
        (["--set", "training.epochs=0", "--set", "loss.alpha=9"], "loss.alpha"),
        (["--set", "training.metric=accuracy"], "jaccard"),
        (["--set", "nonsense"], "nonsense"),
        (["--resume"], "config.toml"),
        (["--dataset", "semeval2018-en"], "2018-E-c-En-train.txt"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_two_lines(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = cli("train", "--output", "new", *arguments)
    found.assert_failed(2)
    assert message in found.err
    assert not (tmp_path / "new").exists()


def test_a_folder_with_files_is_refused(cli: Cli, run: Path) -> None:
    found = cli("train", "--dataset", "sample", "--output", run)
    found.assert_failed(2)
    assert "--resume" in found.err


def test_a_finished_run_says_so(cli: Cli, run: Path) -> None:
    found = cli("train", "--output", run, "--resume")
    assert found.code == 0
    assert "finished already" in found.err
    assert found.out.startswith(f"saved {run / 'bundle'}: dev jaccard 0.")


def test_a_finished_run_is_not_another_one(cli: Cli, run: Path) -> None:
    found = cli("train", "--output", run, "--resume", "--seed", "1", "--set", "loss.alpha=0.5")
    found.assert_failed(2)
    assert "training.seed was 0, now 1" in found.err
    assert "loss.alpha was 0.2, now 0.5" in found.err


@pytest.fixture(scope="module")
def unbroken(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The weights of a run that nothing stopped."""
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    found = overtone.train("sample", folder, encoder=str(bert), settings=SETTINGS)
    return (found.path / "bundle" / "model.safetensors").read_bytes()


def test_ctrl_c_prints_the_command_that_goes_on_bit_for_bit(
    bert: Path, tmp_path: Path, unbroken: bytes
) -> None:
    output = tmp_path / "a run's folder"  # what is printed must be quoted for the shell
    code, message = stopped(bert, output, signal.SIGINT)
    assert code == 130
    assert "Traceback" not in message
    last = message.splitlines()[-1]
    assert "is saved; go on with: overtone train" in last
    with pytest.raises(InputError, match="no finished model yet"):
        overtone.load(output)

    words = shlex.split(last.partition("go on with: ")[2])
    assert words[0] == "overtone"
    assert words[-1] == "--resume"
    done = subprocess.run(
        [PROGRAM, *words[1:]],
        capture_output=True,
        encoding="utf-8",
        env=environment(),
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"saved {output / 'bundle'}")
    assert (output / "bundle" / "model.safetensors").read_bytes() == unbroken
    lines = (output / "history.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == list(range(1, EPOCHS + 1))
    assert {path.name for path in output.iterdir()} - {"lock"} == {
        "bundle", "config.toml", "history.jsonl",
    }  # fmt: skip


def test_sigterm_stops_cleanly_and_a_run_has_one_process_only(
    bert: Path, tmp_path: Path, unbroken: bytes
) -> None:
    output = tmp_path / "run"

    def refused() -> None:
        with pytest.raises(InputError, match="another process is training into"):
            overtone.train(None, output, resume=True)

    code, message = stopped(bert, output, signal.SIGTERM, meanwhile=refused)
    assert code == 143
    assert "Traceback" not in message
    assert "--resume" in message.splitlines()[-1]
    overtone.train(None, output, resume=True)
    assert (output / "bundle" / "model.safetensors").read_bytes() == unbroken


def stopped(
    encoder: Path,
    output: Path,
    number: signal.Signals,
    meanwhile: Callable[[], None] = lambda: None,
) -> tuple[int, str]:
    """Train in a process of its own, stop it after its first epoch; its exit code and messages."""
    command = [PROGRAM, "train", "--dataset", "sample", "--encoder", encoder, "--output", output]
    with subprocess.Popen(
        [*map(str, command), *(word for setting in SETTINGS for word in ("--set", setting))],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
    ) as process:
        assert process.stderr is not None
        guard = threading.Timer(120, process.kill)  # bounds the wait for the first epoch
        guard.start()
        try:
            seen = ""
            for line in process.stderr:
                seen += line
                if line.startswith("epoch 1/"):
                    break
            process.send_signal(signal.SIGSTOP)
            meanwhile()
            process.send_signal(number)
            process.send_signal(signal.SIGCONT)
            _, rest = process.communicate(timeout=120)
        finally:
            guard.cancel()
            process.kill()
    return process.returncode, seen + rest


def environment() -> dict[str, str]:
    return os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
