"""`overtone crossvalidate`, and `overtone decide --out-of-fold`, as a user runs them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]


@pytest.mark.slow
def test_cross_validation_and_a_decision_on_it(program: Cli, tmp_path: Path) -> None:
    cv, run, new = tmp_path / "cv", tmp_path / "run", tmp_path / "new"
    recipe = ("--dataset", "sample", "--model", "tfidf")
    found = program("crossvalidate", *recipe, "--folds", "2", "--output", cv)
    assert found.code == 0, found.err
    assert "each scored by a model that has not seen it" in " ".join(found.out.split())
    assert "fold 1" in found.out
    assert f"saved {cv / 'out-of-fold.csv'}" in found.out.replace("\n", "")
    again = program("crossvalidate", *recipe, "--folds", "2", "--output", cv)
    assert again.code == 2
    assert "error: expected a new folder" in again.err
    assert program("train", *recipe, "--output", run).code == 0
    words = ("--dataset", "sample", "--kind", "per_label", "--out-of-fold", cv, "--output", new)
    decided = program("decide", run, *words)
    assert decided.code == 0, decided.err
    assert "cross-fitted" not in decided.out
    assert (new / "bundle.json").is_file()


def test_one_fold_is_bad_usage(cli: Cli, tmp_path: Path) -> None:
    found = cli("crossvalidate", "--dataset", "sample", "--folds", "1", "--output", tmp_path / "cv")
    assert found.code == 2
    assert "folds" in found.err
    assert not (tmp_path / "cv").exists()


def test_a_dry_run_writes_nothing_and_anything_else_needs_a_folder(
    cli: Cli, tmp_path: Path
) -> None:
    file = tmp_path / "own.csv"
    rows = [f"so {word} {n},{n % 2},u{n % 6}" for n in range(12) for word in ("happy", "cold")]
    file.write_text("\n".join(["text,joy,user", *rows]) + "\n", encoding="utf-8")
    words = (
        "crossvalidate", "--dataset", file, "--dev", file, "--labels", "joy", "--text-column",
        "text", "--group-column", "user", "--model", "tfidf", "--folds", "3",
    )  # fmt: skip
    found = cli(*words, "--dry-run")
    assert found.code == 0, found.err
    assert found.out.endswith("# 3 times, each without one fold of 8, 8, 8 texts\n")
    assert [path.name for path in tmp_path.iterdir()] == ["own.csv"]
    found = cli(*words)
    assert found.code == 2
    assert "crossvalidate needs --output FOLDER" in found.err
