"""Make a model that ships: from a trained model and its data to a folder of src/overtone/shipped.

    python benchmarks/ship.py tweets-11 --run RUN --data-dir DATA

Compresses the model (a student, as benchmarks/ship.toml says; where it has no `compress`, the model
is one already), exports it to int8, calibrates that on dev and fits the decision anew, scores it
(cross-fitted), and writes the bundle with its card (benchmarks/ship.md). With `unseen` in place of
`calibration`, the decision is a threshold for labels that training never saw (_ship_unseen.py).
What was stopped goes on; student and export are not made again. Run it on a quiet machine: speed is
in the card.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import time
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import _ship_card
import _ship_unseen
import numpy as np

import overtone
from overtone import bundle, data, shipped
from overtone.bundle import ONNX, PARITY, TOKENIZER, Bundle
from overtone.data import Split
from overtone.evaluation import bootstrap, metrics
from overtone.evaluation import calibration as reliability
from overtone.experiment import deciding, evaluate
from overtone.experiment.identity import identity_test
from overtone.inference import predictor
from overtone.inference.predictor import Predictor

RECIPES = Path(__file__).with_name("ship.toml")
MOST_BYTES = 12_000_000
"""Of a model in the repository."""
TERMS = ("title", "licence", "data", "notice", "experimental")
SINGLE = 200
"""Texts that are asked about one by one."""
WORST = 3
"""Names for people that a card lists, those with most false alarms."""
LONG = 25
"""Characters of a text that can't be in a folder by chance."""


def main() -> None:
    """Make the model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("--run", type=Path, required=True, help="the model to compress")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--work", type=Path, default=Path("runs/ship"), help="student and export")
    parser.add_argument("--output", type=Path, default=shipped.HERE, help="the folder of models")
    parser.add_argument("--set", action="append", default=[], help="a setting of the student's")
    asked = parser.parse_args()
    recipes = tomllib.loads(RECIPES.read_text(encoding="utf-8"))
    if asked.name not in recipes:
        parser.error(f"expected one of {', '.join(recipes)}, found {asked.name}")
    recipe, work = recipes[asked.name], asked.work / asked.name
    student = _student(recipe, asked.run, work / "student", asked.data_dir, asked.set)
    export = _export(student, work / "int8", asked.data_dir)
    decided = _decided(export, recipe, work / "decided", asked.data_dir)
    measured = _measure(decided, recipe, asked.data_dir, {"student": student.manifest.metrics})
    if "compress" in recipe:
        measured["teacher"] = _before(asked.run)
    made = _write(decided, measured, asked.name, recipe, asked.output / asked.name)
    _check(made, data.load(recipe["dataset"], "train", asked.data_dir), asked)
    _check(made, data.load(recipe["dataset"], "dev", asked.data_dir), asked)
    size = sum(file.stat().st_size for file in made.path.iterdir())
    print(f"wrote {made.path}, {size / 1e6:.1f} MB; dev {json.dumps(measured['intervals'])}")


def _student(
    recipe: dict[str, Any], run: Path, folder: Path, data_dir: Path | None, settings: list[str]
) -> Bundle:
    """Return the student, trained where it isn't there yet; the model where it is one itself."""
    if "compress" not in recipe:
        return bundle.load(bundle.locate(run))
    if not (folder / "bundle" / bundle.MANIFEST).is_file():
        overtone.compress(
            run,
            folder,
            data_dir=data_dir,
            settings=settings,
            resume=folder.is_dir(),
            **recipe["compress"],
        )
    return bundle.load(bundle.locate(folder))


def _export(student: Bundle, folder: Path, data_dir: Path | None) -> Bundle:
    """Return the student in int8, written anew where it is of another student."""
    if folder.is_dir():
        found = bundle.load(folder)
        if found.manifest.export["digest"] == student.digest:
            return found
        shutil.rmtree(folder)
    return overtone.export(student.path, folder, precision="int8", data_dir=data_dir).bundle


def _decided(export: Bundle, recipe: dict[str, Any], folder: Path, data_dir: Path | None) -> Bundle:
    """Return the export with calibrated probabilities, the same kind of decision fitted on them.

    Where the recipe names `unseen`, with a threshold that was chosen on that dataset's labels.
    """
    if folder.is_dir():
        shutil.rmtree(folder)
    if "unseen" in recipe:
        return _ship_unseen.decided(export, recipe["unseen"], folder, data_dir)
    calibration = {"name": recipe["calibration"]}
    return overtone.decide(
        export.path, recipe["dataset"], folder, calibration=calibration, data_dir=data_dir
    ).bundle


def _before(run: Path) -> dict[str, float]:
    """Return the main scores on dev of the model that the student was made from."""
    return deciding.main(bundle.load(bundle.locate(run)).manifest.metrics["dev"])


def _measure(
    export: Bundle, recipe: dict[str, Any], data_dir: Path | None, before: dict[str, Any]
) -> dict[str, Any]:
    """Return the metrics of a bundle that ships: the export's own, on dev."""
    model = predictor.load(export.path)
    found = evaluate.predictions(model, recipe["dataset"], split="dev", data_dir=data_dir)
    scores = metrics.score(found.truth, found.decided, found.probabilities, found.labels)
    raw = model.uncalibrated(found.texts)
    half = metrics.score(found.truth, raw > deciding.HALF, raw, found.labels)
    intervals = bootstrap.intervals(found.truth, found.decided)
    kept = reliability.measure(found.truth, found.probabilities, found.labels)
    before_it = reliability.measure(found.truth, raw, found.labels)
    tests = [identity_test(model, label) for label in recipe["identity"]]
    return {
        "dev": scores.to_json(),
        "cross_fitted": found.cross_fitted,
        "at_half": deciding.main(half.to_json()),
        "cost": before["student"]["cost"],
        "student": deciding.main(before["student"]["dev"]),
        "intervals": {
            "level": bootstrap.LEVEL,
            "resamples": bootstrap.RESAMPLES,
            **{name: one.to_json() for name, one in intervals.items()},
        },
        "calibration": {
            "bins": kept.bins,
            "ece_mean": kept.ece_mean,
            "ece": kept.pooled.ece,
            "brier": kept.pooled.brier,
        },
        "uncalibrated": {"ece_mean": before_it.ece_mean, "brier": before_it.pooled.brier},
        "identity": [replace(test, terms=test.terms[:WORST]).to_json() for test in tests],
        "speed": _speed(model, found.texts),
    }


def _speed(model: Predictor, texts: tuple[str, ...]) -> dict[str, float]:
    """Return how fast the model answers, in bulk and one by one, cleaning and deciding included."""
    model.predict(texts[:SINGLE])
    bulk, single = [], []
    for _ in range(3):
        start = time.perf_counter()
        model.predict(texts)
        bulk.append(len(texts) / (time.perf_counter() - start))
    for text in texts[:SINGLE]:
        start = time.perf_counter()
        model.predict([text])
        single.append(1000 * (time.perf_counter() - start))
    return {
        "texts_per_second": round(statistics.median(bulk)),
        "p50_ms": round(float(np.median(single)), 1),
        "cores": len(os.sched_getaffinity(0)),
    }


def _write(
    export: Bundle, measured: dict[str, Any], name: str, recipe: dict[str, Any], path: Path
) -> Bundle:
    """Write the bundle that ships, in place of one that was there."""
    parity = json.loads(export.file(PARITY).read_text(encoding="utf-8"))
    manifest = replace(
        export.manifest,
        config=_without_folders(export.manifest.config, recipe["recipe"]),
        metrics=measured,
        terms={key: recipe[key] for key in TERMS if key in recipe},
    )

    def copy(weights: Path) -> None:
        shutil.copyfile(export.file(ONNX), weights)
        shutil.copyfile(export.file(PARITY), weights.with_name(PARITY))

    if path.is_dir():
        shutil.rmtree(path)
    return bundle.save(
        path,
        manifest,
        copy,
        export.file(TOKENIZER).read_text(encoding="utf-8"),
        _ship_card.write(name, manifest, recipe, parity),
        ONNX,
    )


def _without_folders(config: dict[str, Any], recipe: str) -> dict[str, Any]:
    """Return a recipe that names by their own recipe the models that were folders here."""
    teacher = {**config["teacher"], "models": [recipe] * len(config["teacher"]["models"])}
    return {**config, "init": {**config["init"], "model": recipe}, "teacher": teacher}


def _check(made: Bundle, split: Split, asked: argparse.Namespace) -> None:
    """Refuse to ship a text of the data, a folder of this machine, or too much."""
    written = "".join(
        file.read_text(encoding="utf-8") for file in made.path.iterdir() if file.name != ONNX
    )
    for number, text in zip(split.ids, split.texts, strict=True):
        if len(text) >= LONG and text in written:
            raise SystemExit(f"{made.path} holds the text {number} of {split.dataset}")
    for folder in (asked.run, asked.work, asked.data_dir, Path.cwd(), Path.home()):
        if folder is None:
            continue
        whole = str(folder.resolve())
        if any(whole.encode() in file.read_bytes() for file in made.path.iterdir()):
            raise SystemExit(f"{made.path} names a folder of this machine, {whole}")
    if sum(file.stat().st_size for file in made.path.iterdir()) > MOST_BYTES:
        raise SystemExit(f"{made.path} has more than {MOST_BYTES / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
