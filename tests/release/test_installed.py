"""The wheel where no sources are: it trains, predicts and serves, and its types are seen."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

TEXT = "What a lovely surprise, thank you!"

USER = """
from typing import assert_type

import numpy as np
from numpy.typing import NDArray

import overtone
from overtone import EmotionClassifier, Labels, Prediction, Predictor

run = overtone.train("sample", "runs/first", config="best/sample", settings=["training.epochs=1"])
model = overtone.load(run.path)
assert_type(model, Predictor)
found = model.predict(["a text", "another"], threshold=0.4)
assert_type(found, list[Prediction])
for prediction in found:
    assert_type(prediction.labels, tuple[str, ...])
    assert_type(prediction.probabilities["joy"], float)
assert_type(model.labels, Labels)
assert_type(model.labels.names, tuple[str, ...])
scores = overtone.evaluate(model, "sample").scores
classifier = EmotionClassifier("tfidf").fit(["good", "bad"], [{"joy"}, {"anger"}])
assert_type(classifier, EmotionClassifier)
assert_type(classifier.predict_proba(["good"]), NDArray[np.float32])
try:
    overtone.load("nowhere")
except overtone.OvertoneError as error:
    assert_type(error.exit_code, int)
"""

MISTAKES = """
import overtone

overtone.load(1)
overtone.train("sample", "runs/first", epoch=3)
overtone.load("runs/first").predict("a text").labels
"""


@pytest.mark.slow
def test_the_wheel_trains_predicts_and_serves(installed: Path, bert: Path, tmp_path: Path) -> None:
    """With this environment's torch and the like; what is imported is the wheel."""
    overtone = [str(installed.parent / "overtone")]
    command(
        *overtone, "train", "--dataset", "sample", "--encoder", str(bert), "--set",
        "training.epochs=1", "--output", "run", folder=tmp_path,
    )  # fmt: skip
    shown = command(*overtone, "predict", "run", "--json", "-", TEXT, folder=tmp_path)
    (predicted,) = map(json.loads, shown.splitlines())
    assert predicted["text"] == TEXT
    with subprocess.Popen(
        [*overtone, "serve", "run", "--port", "0"], cwd=tmp_path, env=environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8",
    ) as process:  # fmt: skip
        try:
            assert process.stderr is not None
            found = (re.search(r"listening on (http://\S+),", line) for line in process.stderr)
            address = next(match.group(1) for match in found if match)
            check_answers(address)
        finally:
            process.terminate()
            process.wait(120)


def check_answers(address: str) -> None:
    """Ask a server for a prediction and its page."""
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{address}/v1/predict",
        data=json.dumps({"text": TEXT}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
        assert answer.status == 200
    with urllib.request.urlopen(f"{address}/", timeout=120) as page:  # noqa: S310
        assert b"<html" in page.read()


@pytest.mark.slow
def test_a_user_s_program_is_checked_by_mypy(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(USER, encoding="utf-8")
    (tmp_path / "mistakes.py").write_text(MISTAKES, encoding="utf-8")
    # What overtone stands on is not the question, and takes minutes to read.
    (tmp_path / "mypy.ini").write_text(
        "[mypy]\nstrict = true\n[mypy-torch.*,transformers.*,peft.*,accelerate.*,sklearn.*]\n"
        "follow_imports = skip\nignore_missing_imports = true\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--python-executable", str(installed), "user.py",
         "mistakes.py"],
        cwd=tmp_path, env=environment(), capture_output=True, encoding="utf-8", timeout=600,
        check=False,
    )  # fmt: skip
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert [line for line in errors if not line.startswith("mistakes.py:")] == []
    assert {int(line.split(":")[1]) for line in errors} == {4, 5, 6}, done.stdout


def command(*words: str, folder: Path) -> str:
    done = subprocess.run(
        words, cwd=folder, env=environment(), capture_output=True, encoding="utf-8", timeout=600,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
