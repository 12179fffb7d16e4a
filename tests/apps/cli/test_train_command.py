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


@pytest.mark.slow
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
        timeout=600,
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


@pytest.mark.slow
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
            _, rest = process.communicate(timeout=600)
        finally:
            guard.cancel()
            process.kill()
    return process.returncode, seen + rest


def environment() -> dict[str, str]:
    return os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}


def spreadsheet(folder: Path, name: str = "sheet.csv") -> Path:
    """Write what a spreadsheet exports: semicolons, a byte-order mark, empty edges, two typos."""
    words = ("happy", "terrible", "sea", "bus", "soup", "friends", "joke", "match")
    lines = [" Comment ;Joy;Anger;Checked on;;"]
    for row in range(60):
        joy, anger = ("TRUE" if row % every == 0 else "FALSE" for every in (2, 3))
        joy, anger = ("TRUR" if row == 7 else joy), ("FLASE" if row == 11 else anger)
        lines.append(f'"so {words[row % 8]}; {words[row // 8]} today";{joy};{anger};1.2.2024;;')
    lines += [";;;;;"] * 4
    path = folder / name
    path.write_bytes(("\ufeff" + "".join(f"{line}\r\n" for line in lines)).encode())
    return path


def test_a_spreadsheet_is_trained_on_in_one_command_then_scored_and_used(
    cli: Cli, bert: Path, tmp_path: Path
) -> None:
    path = spreadsheet(tmp_path)
    found = cli(
        "train", "--dataset", "sheet.csv", "--encoder", bert, "--output", "run",
        "--set", "training.epochs=1", "--set", "training.device=cpu",
    )  # fmt: skip
    assert found.code == 0, found.err
    for message in (
        f"note: {path}: texts from column 'Comment', labels: Joy, Anger; left out: Checked on\n",
        f"warning: {path}, line 9, 'Joy': 'TRUR' counts as not annotated\n",
        f"warning: {path}, line 13, 'Anger': 'FLASE' counts as not annotated\n",
        f"note: {path}: no dev file is given: 54 texts are train and 6 dev, ",
    ):
        assert found.err.count(message) == 1
    saved = tomllib.loads((tmp_path / "run" / "config.toml").read_text(encoding="utf-8"))["data"]
    assert saved["file"] == str(path)
    assert (saved["text_column"], saved["labels"]) == ("Comment", ["Joy", "Anger"])

    scored = cli("evaluate", "run", "--dataset", "sheet.csv", "--split", "dev", "--json", "-")
    assert scored.code == 0, scored.err
    assert json.loads(scored.out)["n"] == 6
    bundle = json.loads((tmp_path / "run" / "bundle" / "bundle.json").read_text(encoding="utf-8"))
    assert json.loads(scored.out)["per_label"] == bundle["metrics"]["dev"]["per_label"]

    used = cli("predict", "run", "--input", path, "--text-column", "Comment", "--output", "out.csv")
    assert used.code == 0, used.err
    lines = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "Comment,Joy,Anger,Checked on,labels,p_Joy,p_Anger"
    assert len(lines) == 61

    again = cli("train", "--dataset", path, "--output", "run", "--resume")
    assert (again.code, "finished already" in again.err) == (0, True)
    other = cli("train", "--dataset", spreadsheet(tmp_path, "b.csv"), "--output", "run", "--resume")
    other.assert_failed_with_notes()
    assert f"data.file was {str(path)!r}" in other.err


TABLE = "text,joy,anger\na b,1,0\nc d,0,1\ne f,0,0\n"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (None, [], "mine.csv: can't be read (No such file or directory)"),
        ("", [], "expected a table, found an empty file"),
        ("text,joy\n", [], "expected rows below the header, found none"),
        (TABLE, ["--text-column", "txt"], "did you mean 'text'? name the right one with --text-"),
        (TABLE, ["--labels", "joy,angr"], "did you mean 'anger'? name the right one with --labels"),
        (TABLE, ["--label-column", "tags"], "expected the column 'tags'"),
        (TABLE, ["--labels", "joy", "--label-column", "joy"], "found both: give one"),
        (TABLE, ["--labels", " , "], "--labels takes names with commas between, found ' , '"),
        (TABLE, ["--set", "data.lables=1"], "data.lables is not an option; did you mean labels?"),
        (TABLE, ["--dev", "gone.csv"], "gone.csv: can't be read"),
        (TABLE, ["--dev", "dev.csv"], "dev.csv: expected the column 'anger'"),
        (TABLE, ["--group-column", "athor"], "'athor', found 'text', 'joy', 'anger'; name the"),
        (TABLE, ["--id-column", "joy"], "line 4: expected a new id under 'joy'"),
        (TABLE + "x y,1\n", [], "line 5: expected 3 cells as in the header, found 2"),
        (TABLE + "x \xff,1,0\n", [], "line 5: expected UTF-8, found the byte 0xff"),
        (TABLE.replace("joy", "anger"), [], "line 1: the column 'anger' stands twice"),
        (TABLE + "x y,0.5,0\n", [], "line 5: expected 0 or 1 under 'joy', found '0.5'"),
        ("text,joy\na b,x\nc d,y\ne f,z\ng h,w\n", ["--labels", "joy"], "more than typos: line 2"),
        ("text,joy\na b,1\n", [], "expected rows for a train and a dev part, found 1"),
        ("a,b,joy\nx y,z w,1\nk l,m n,0\n", [], "--text-column 'a' or --text-column 'b'"),
    ],
)
def test_an_own_file_that_cannot_be_used_is_refused(
    cli: Cli, bert: Path, tmp_path: Path, content: str | None, options: list[str], message: str
) -> None:
    (tmp_path / "dev.csv").write_text("text,joy\na b,1\n")
    if content is not None:
        (tmp_path / "mine.csv").write_bytes(content.encode("latin-1"))
    found = cli("train", "--dataset", "mine.csv", "--encoder", bert, "--output", "new", *options)
    found.assert_failed_with_notes()
    assert message in found.err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--dataset", "mine.xlsx"], "a file of your own that ends in .csv, .tsv"),
        (["--dataset", "there.xlsx"], "there.xlsx: expected a name that ends in .csv"),
        (["--dataset", "sample", "--text-column", "Text"], "for --text-column, found the dataset"),
        (["--dataset", "sample", "--soft-labels", "--dev", "a.csv"], "for --dev, --soft-labels,"),
        (["--dataset", "sampel", "--text-column", "x"], "no dataset is called 'sampel'"),
    ],
)
def test_what_is_no_own_file_is_refused(
    cli: Cli, tmp_path: Path, options: list[str], message: str
) -> None:
    (tmp_path / "there.xlsx").write_bytes(b"PK")
    found = cli("train", *options, "--output", "new")
    found.assert_failed(2)
    assert message in found.err


def test_every_option_of_an_own_file_reaches_the_recipe(
    cli: Cli, bert: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.jsonl").write_text(
        '{"key": 7, "x": "so happy", "y": ["joy", "calm"], "who": "a"}\n'
        '{"key": 8, "x": "a bus", "y": [], "who": "b"}\n'
    )
    (tmp_path / "dev.csv").write_text("x,y,key,who\nthe sea,calm,1,a\n")
    found = cli(
        "train", "--dataset", "mine.jsonl", "--dev", "dev.csv", "--text-column", "x", "--encoder",
        bert, "--label-column", "y", "--separator", "/", "--group-column", "who", "--id-column",
        "key", "--soft-labels", "--set", "data.split_seed=3", "--dry-run",
    )  # fmt: skip
    assert found.code == 0, found.err
    assert tomllib.loads(found.out)["data"] == {
        "name": "table", "file": str(tmp_path / "mine.jsonl"), "dev": str(tmp_path / "dev.csv"),
        "text_column": "x", "labels": ["calm", "joy"], "label_column": "y", "separator": "/",
        "soft_labels": True, "id_column": "key", "group_column": "who", "language": "en",
        "dev_share": 0.1, "split_seed": 3,
    }  # fmt: skip
    assert "2 texts to train on, 1 to choose by" in found.out


def test_a_preset_s_dataset_gives_way_to_a_file(cli: Cli, bert: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        f"[data]\nname = 'jigsaw'\nsample = 0.4\n[model]\nencoder = '{bert}'\n"
    )
    (tmp_path / "mine.csv").write_text(TABLE)
    found = cli("train", "--dataset", "mine.csv", "--config", "mine.toml", "--dry-run")
    assert found.code == 0, found.err
    assert tomllib.loads(found.out)["data"]["labels"] == ["joy", "anger"]
    (tmp_path / "mine.toml").write_text(
        f"[data]\nname = 'mine.csv'\nlabels = ['anger']\n[model]\nencoder = '{bert}'\n"
    )
    found = cli("train", "--config", "mine.toml", "--dry-run")
    assert tomllib.loads(found.out)["data"]["labels"] == ["anger"]
    assert tomllib.loads(found.out)["data"]["file"] == str(tmp_path / "mine.csv")
