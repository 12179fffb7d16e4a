"""`overtone predict`: where texts come from, where answers go, and texts that mean harm."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import overtone
from overtone.data.semeval2018 import NAMES

Cli = Callable[..., Any]

TEXTS = ["I am so happy!", 'Say "no", twice', "naïve 🙂"]


def test_texts_as_arguments_are_shown_with_their_labels(cli: Cli, run: Path) -> None:
    found = cli("predict", run, *TEXTS)
    assert (found.code, found.err) == (0, "")
    for text in TEXTS:
        assert text in found.out
    best = max(overtone.load(run).predict(TEXTS[:1])[0].probabilities.items(), key=lambda p: p[1])
    assert f"{best[1]:.2f}" in found.out


def test_json_lines_have_labels_and_every_probability(cli: Cli, run: Path) -> None:
    found = cli("predict", run, *TEXTS, "--json", "-")
    assert (found.code, found.err) == (0, "")
    rows = [json.loads(line) for line in found.out.splitlines()]
    expected = overtone.load(run).predict(TEXTS)
    assert [row["text"] for row in rows] == TEXTS
    for row, prediction in zip(rows, expected, strict=True):
        assert list(row) == ["text", "labels", "probabilities"]
        assert list(row["probabilities"]) == list(NAMES)
        assert row["probabilities"] == pytest.approx(prediction.probabilities, abs=1e-6)
        assert row["labels"] == list(prediction.labels)


def test_json_can_go_to_a_file(cli: Cli, run: Path, tmp_path: Path) -> None:
    found = cli("predict", run, *TEXTS, "--json", "answers.jsonl")
    assert (found.code, found.out) == (0, "")
    lines = (tmp_path / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["text"] for line in lines] == TEXTS


def test_lines_of_standard_input_are_texts(cli: Cli, run: Path) -> None:
    found = cli("predict", run, "--json", "-", stdin="one\r\n\n  \nna\u00efve \U0001f642".encode())
    assert found.code == 0
    texts = [json.loads(line)["text"] for line in found.out.splitlines()]
    assert texts == ["one", "", "  ", "naïve 🙂"]  # line by line, so that answers match


def test_empty_standard_input_gives_nothing(cli: Cli, run: Path) -> None:
    found = cli("predict", run, "--json", "-")
    assert (found.code, found.out, found.err) == (0, "", "")


def test_standard_input_that_is_no_utf8_is_refused_with_its_line(cli: Cli, run: Path) -> None:
    found = cli("predict", run, "--json", "-", stdin=b"fine\ncaf\xe9\n")
    found.assert_failed(2)
    assert "line 2" in found.err


def test_an_argument_that_is_no_utf8_is_shown_with_a_mark(cli: Cli, run: Path) -> None:
    found = cli("predict", run, "caf\udce9", "--json", "-")
    assert found.code == 0
    assert json.loads(found.out)["text"] == "caf?"


@pytest.mark.parametrize(
    "text", ["[red]x[/red]", "[link=http://evil]y[/link]", "[/]", "[bold", ":smile:", "\\[x]"]
)
def test_markup_in_a_text_is_shown_as_it_is(cli: Cli, run: Path, text: str) -> None:
    found = cli("predict", run, text)
    assert found.code == 0
    assert text in found.out


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\x08", "\x9b", "\u202e", "\r"])
def test_a_text_cannot_steer_the_terminal(cli: Cli, run: Path, character: str) -> None:
    found = cli("predict", run, f"before{character}[31mafter")
    assert found.code == 0
    assert character not in found.out
    assert "before" in found.out
    assert "after" in found.out


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\x00", "\n", '"', "\\"])
def test_json_keeps_every_character_and_stays_one_line(cli: Cli, run: Path, character: str) -> None:
    found = cli("predict", run, f"a{character}b", "--json", "-")
    assert found.out.count("\n") == 1
    assert json.loads(found.out)["text"] == f"a{character}b"
    assert character in {'"', "\\", "\n"} or character not in found.out


def test_a_text_that_is_too_long_is_warned_about(cli: Cli, run: Path) -> None:
    found = cli("predict", run, "happy " * 500, "short", "--json", "-")
    assert found.code == 0
    assert found.err.startswith("warning: 1 of 2 texts")
    assert len(found.err.splitlines()) == 1
    assert len(found.out.splitlines()) == 2


def test_a_reader_that_leaves_is_no_error(run: Path) -> None:
    with started(run, "--json", "-") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        guard = threading.Timer(120, process.kill)  # bounds every wait below
        guard.start()
        # More answers than a pipe holds, so that the writer must notice.
        process.stdin.write(b"so happy today\n" * 4000)
        process.stdin.close()
        first = process.stdout.readline()
        process.stdout.close()
        message = process.stderr.read()
        code = process.wait(timeout=600)
        guard.cancel()
    assert json.loads(first)["text"] == "so happy today"
    assert message == b""
    assert code == -signal.SIGPIPE  # which a shell shows as 141


def test_closed_standard_input_is_an_error_of_usage(run: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", '"$0" predict "$1" --json - <&-', program(), str(run)],
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "this should not happen" not in done.stderr


def started(run: Path, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [program(), "predict", str(run), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    )


def program() -> str:
    return str(Path(sys.executable).parent / "overtone")


def test_labels_that_the_model_never_saw_can_be_asked_for(cli: Cli, run: Path) -> None:
    found = cli("predict", run, TEXTS[0], "--labels", "zeal, the bus is late", "--json", "-")
    assert found.code == 0
    assert list(json.loads(found.out)["probabilities"]) == ["zeal", "the bus is late"]
    assert "not trained to read labels that it never saw" in found.err
    assert "are experimental; no decision was fitted for them" in found.err
    decided = cli("predict", run, "x", "--labels", "zeal", "--threshold", "zeal=0", "--json", "-")
    assert json.loads(decided.out)["labels"] == ["zeal"]
    assert "no decision" not in decided.err
    known = cli("predict", run, "x", "--labels", "joy,anger")
    assert (known.code, known.err) == (0, "")


def test_labels_asked_for_wrongly_are_refused(cli: Cli, run: Path) -> None:
    for given, message in (
        (("--labels", "joy,,fear"), "found ''"),
        (("--labels", "joy,joy"), "'joy' again"),
        (("--labels", "joy", "--labels-of", "goemotions"), "not both"),
    ):
        found = cli("predict", run, "x", *given)
        found.assert_failed(2)
        assert message in found.err
