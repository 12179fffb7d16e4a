"""`overtone crossvalidate`, and `overtone decide --out-of-fold`, as a user runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def overtone(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "overtone", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.slow
def test_cross_validation_and_a_decision_on_it(tmp_path: Path) -> None:
    cv, run, new = tmp_path / "cv", tmp_path / "run", tmp_path / "new"
    recipe = ("--dataset", "sample", "--model", "tfidf")
    found = overtone("crossvalidate", *recipe, "--folds", "2", "--output", cv)
    assert found.returncode == 0, found.stderr
    assert "each scored by a model that has not seen it" in " ".join(found.stdout.split())
    assert "fold 1" in found.stdout
    assert f"saved {cv / 'out-of-fold.csv'}" in found.stdout.replace("\n", "")
    again = overtone("crossvalidate", *recipe, "--folds", "2", "--output", cv)
    assert again.returncode == 2
    assert "error: expected a new folder" in again.stderr
    assert overtone("train", *recipe, "--output", run).returncode == 0
    words = ("--dataset", "sample", "--kind", "per_label", "--out-of-fold", cv, "--output", new)
    decided = overtone("decide", run, *words)
    assert decided.returncode == 0, decided.stderr
    assert "cross-fitted" not in decided.stdout
    assert (new / "bundle.json").is_file()


def test_one_fold_is_bad_usage(tmp_path: Path) -> None:
    found = overtone(
        "crossvalidate", "--dataset", "sample", "--folds", "1", "--output", tmp_path / "cv"
    )
    assert found.returncode == 2
    assert "folds" in found.stderr
    assert not (tmp_path / "cv").exists()


@pytest.mark.slow
def test_a_dry_run_writes_nothing_and_anything_else_needs_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    rows = [f"so {word} {n},{n % 2},u{n % 6}" for n in range(12) for word in ("happy", "cold")]
    file.write_text("\n".join(["text,joy,user", *rows]) + "\n", encoding="utf-8")
    words = (
        "crossvalidate", "--dataset", file, "--dev", file, "--labels", "joy", "--text-column",
        "text", "--group-column", "user", "--model", "tfidf", "--folds", "3",
    )  # fmt: skip
    found = overtone(*words, "--dry-run")
    assert found.returncode == 0, found.stderr
    assert found.stdout.endswith("# 3 times, each without one fold of 8, 8, 8 texts\n")
    assert [path.name for path in tmp_path.iterdir()] == ["own.csv"]
    found = overtone(*words)
    assert found.returncode == 2
    assert "crossvalidate needs --output FOLDER" in found.stderr
