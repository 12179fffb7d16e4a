"""Making a model that ships: from a trained model to a folder with its card; what is refused."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

import overtone
from overtone import bundle, data
from overtone.bundle import Bundle

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RECIPE = """
[tiny]
dataset = "sample"
start = "overtone train --dataset sample --output RUN"
recipe = "best/sample"
calibration = "platt"
identity = ["anger"]
title = "a few emotions"
licence = "Apache-2.0"
data = "the sample"
notice = ""
terms = "- none"
purpose = "For tests."
limits = "- It is tiny."

[tiny.compress]
layers = 1
vocabulary_from = ["sample"]
epochs = 1
"""


@pytest.fixture(scope="module")
def start(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny trained model."""
    settings = ["training.epochs=1", "training.device=cpu", "decision.name=expected_jaccard"]
    found = overtone.train(
        "sample",
        tmp_path_factory.mktemp("ship") / "run",
        encoder=str(bert),
        settings=settings,
    )
    return found.path


@pytest.fixture
def ship(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the script, with a recipe of the test's own."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module("ship")
    (tmp_path / "recipes.toml").write_text(RECIPE, encoding="utf-8")
    monkeypatch.setattr(module, "RECIPES", tmp_path / "recipes.toml")
    return module


def run(ship: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Bundle:
    monkeypatch.setattr(sys, "argv", ["ship.py", "tiny", *arguments])
    ship.main()
    return bundle.load(Path("shipped/tiny"))


@pytest.mark.slow
def test_one_command_makes_a_bundle_with_its_card_and_terms(
    ship: ModuleType, start: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("--run", str(start), "--work", "work", "--output", "shipped")
    made = run(ship, monkeypatch, *asked, "--set", "training.device=cpu")
    manifest = made.manifest
    assert manifest.export["precision"] == "int8"
    assert manifest.calibration["name"] == "platt"
    assert manifest.terms["licence"] == "Apache-2.0"
    assert manifest.config["init"]["model"] == "best/sample"
    assert manifest.config["teacher"]["models"] == ["best/sample"]
    assert manifest.metrics["cross_fitted"]
    card = made.file(bundle.CARD).read_text(encoding="utf-8")
    assert card.startswith("# tiny: a few emotions\n")
    assert f"| jaccard | **{manifest.metrics['dev']['jaccard']:.4f}** |" in card
    assert "{{" not in card
    assert len(overtone.load(made.path).predict(["so happy today"])) == 1

    before = Path("work/tiny/student/bundle/bundle.json").stat().st_mtime_ns
    again = run(ship, monkeypatch, *asked)
    assert Path("work/tiny/student/bundle/bundle.json").stat().st_mtime_ns == before
    assert again.files["model.onnx"] == made.files["model.onnx"]

    text = next(text for text in data.load("sample", "dev").texts if len(text) > ship.LONG)
    recipes = Path("recipes.toml")
    recipes.write_text(
        recipes.read_text(encoding="utf-8").replace("For tests.", text.replace('"', "'")), "utf-8"
    )
    with pytest.raises(SystemExit, match="holds the text"):
        run(ship, monkeypatch, *asked)
    recipes.write_text(RECIPE.replace("For tests.", str(Path.cwd())), encoding="utf-8")
    with pytest.raises(SystemExit, match="names a folder of this machine"):
        run(ship, monkeypatch, *asked)


@pytest.mark.slow
def test_a_model_for_other_labels_ships_as_it_is_with_one_threshold(
    ship: ModuleType, start: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = RECIPE.partition("[tiny.compress]")[0].replace(
        'calibration = "platt"', 'unseen = "sample"\ncard = "ship-zero-shot.md"'
    )
    Path("recipes.toml").write_text(recipe + 'experimental = "it is"\n', encoding="utf-8")
    made = run(ship, monkeypatch, "--run", str(start), "--work", "work", "--output", "shipped")
    manifest = made.manifest
    assert manifest.architecture == bundle.load(start / "bundle").manifest.architecture
    assert manifest.decision["name"] == "threshold"
    both = len(data.load("sample", "train")) + len(data.load("sample", "dev"))
    assert manifest.fitted_on["texts"] == both
    assert manifest.terms["experimental"] == "it is"
    card = made.file(bundle.CARD).read_text(encoding="utf-8")
    assert f"**The threshold**, {manifest.decision['threshold']:.3f}," in card
