"""`overtone models`, and a shipped model's name where a command takes MODEL."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from overtone import bundle, shipped

Cli = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remember what was said in a folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_the_list_has_the_figures_and_terms_of_the_bundles(cli: Cli) -> None:
    found = cli("models", "list", "--json", "-")
    assert (found.code, found.err) == (0, "")
    rows = {row["name"]: row for row in json.loads(found.out)}
    assert sorted(rows) == shipped.names()
    for name, row in rows.items():
        manifest = bundle.load(shipped.HERE / name).manifest
        for score in ("jaccard", "jaccard_zero", "f1_micro", "f1_macro"):
            assert row["scores"][score]["value"] == pytest.approx(manifest.metrics["dev"][score])
        assert row["labels"] == list(manifest.labels.names)
        assert row["licence"] == manifest.terms["licence"]
        size = sum(file.stat().st_size for file in (shipped.HERE / name).iterdir())
        assert row["megabytes"] == pytest.approx(size / 1e6, abs=0.06)


def test_the_list_is_a_table_with_both_jaccards_and_the_terms(cli: Cli) -> None:
    found = cli("models", "list")
    assert (found.code, found.err) == (0, "")
    for name in shipped.names():
        manifest = bundle.load(shipped.HERE / name).manifest
        assert f"{manifest.metrics['dev']['jaccard']:.4f}" in found.out
        assert manifest.terms["licence"] in found.out
    assert "jaccard_zero scores it 0" in " ".join(found.out.split())
    assert "of the labels that a model was trained on" in " ".join(found.out.split())
    assert found.out.count("EXPERIMENTAL: zero-shot") == 1


def test_a_card_is_shown_of_any_model(cli: Cli, run: Path) -> None:
    found = cli("models", "show", "tweets-11")
    assert (found.code, found.err) == (0, "")
    assert found.out == (shipped.HERE / "tweets-11" / "README.md").read_text("utf-8")
    assert cli("models", "show", run).out.startswith("# sample by spanemo\n")
    cli("models", "show", "tweets-12").assert_failed(2)


def test_the_terms_are_said_on_standard_error_the_first_time(cli: Cli) -> None:
    asked = ("predict", "tweets-11", "What a lovely surprise!", "--json", "-")
    first, second = cli(*asked), cli(*asked)
    assert (first.code, second.code) == (0, 0)
    assert "commercially is unclear" in first.err
    assert "commercially" not in second.err
    assert first.out == second.out
    assert "joy" in json.loads(first.out)["labels"]


def test_the_experimental_one_answers_any_labels_and_says_so_first(cli: Cli) -> None:
    asked = ("predict", "zero-shot", "What a lovely surprise, thank you!", "--json", "-")
    found = cli(*asked, "--labels", "complaint, praise")
    assert found.code == 0
    assert "EXPERIMENTAL: zero-shot" in found.err.splitlines()[0]
    assert "no decision was fitted" not in found.err  # it says so itself
    assert json.loads(found.out)["labels"] == ["praise"]
    assert "EXPERIMENTAL" not in cli("predict", "goemotions-28", "x").err


def test_other_commands_take_the_name_too(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\nso happy today\nso sad\n", encoding="utf-8")
    done = cli("evaluate", "tweets-11", "--dataset", "sample", "--json", "-")
    assert done.code == 0
    assert json.loads(done.out)["n"] > 0
    done = cli("score", "tweets-11", "--input", "in.csv", "--format", "csv", "--output", "scored")
    assert done.code == 0
    done = cli("explain", "tweets-11", "so happy today")
    assert (done.code, "happy" in done.out) == (0, True)
    assert cli("identity", "tweets-11", "--label", "anger", "--json", "-").code == 0
