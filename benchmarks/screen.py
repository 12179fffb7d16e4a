"""Which recipes are worth their cost: each trained on folds of the train split, beside a baseline.

    python benchmarks/screen.py benchmarks/screen.toml --data-dir DATA --output runs/screen

The TOML file says what is screened (screen.toml explains itself). Every trial trains on the other
folds and is scored on its own, which also chooses the epoch, so the dev and test splits are never
looked at; the folds are fixed and stratified, with equal texts together. Each trial's fold is an
ordinary run folder under --output: what is there isn't trained again, even where the plan says
something else by now, and a run that was stopped goes on.

Prints each trial less the baseline in points (hundredths), under a threshold of 0.5 and under the
preset's own decision (cross-fitted), with 95 % intervals of a paired bootstrap over texts and,
where there are several, seeds.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overtone import bundle, data
from overtone.data import Split
from overtone.errors import OvertoneError
from overtone.evaluation import compare, metrics
from overtone.experiment import deciding, folds
from overtone.experiment.deciding import Way
from overtone.experiment.fit import fit_and_save
from overtone.experiment.parts import prepare_splits
from overtone.experiment.recipe import Recipe, compose
from overtone.inference import predictor
from overtone.labels import Labels

FOLDS = 5
SCORES = ("jaccard", "f1_micro", "f1_macro")
Floats = NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Found:
    """One trial on one fold under one seed."""

    truth: Floats
    raw: Floats
    half: NDArray[np.bool_]
    decided: NDArray[np.bool_]
    labels: Labels
    seconds: float


def main() -> None:
    """Train what isn't trained yet, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("plan", type=Path, help="the TOML file")
    parser.add_argument("--output", type=Path, required=True, help="where the runs go")
    parser.add_argument("--data-dir", type=Path, help="where the data is; else OVERTONE_DATA_DIR")
    parser.add_argument("--only", nargs="*", help="these trials, and the baseline")
    parser.add_argument("--folds", type=int, nargs="*", default=[0], help="which of 0 to 4 (0)")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0], help="of training (0)")
    asked = parser.parse_args()
    plan = tomllib.loads(asked.plan.read_text(encoding="utf-8"))
    names = list(plan["trials"])
    if unknown := sorted(set(asked.only or ()) - set(names)):
        parser.error(f"{asked.plan} has no trial {', '.join(unknown)}; it has {', '.join(names)}")
    chosen = names if asked.only is None else [names[0], *asked.only]
    try:
        _screen(plan, list(dict.fromkeys(chosen)), asked)
    except OvertoneError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


def _screen(plan: Mapping[str, Any], names: Sequence[str], asked: argparse.Namespace) -> None:
    whole = data.load(plan["dataset"], "train", asked.data_dir)
    parts = folds.divide(whole, FOLDS, 0)
    found: dict[str, list[Found]] = {}
    print(
        f"{plan['dataset']}, folds {asked.folds} of train, seeds {asked.seeds}: "
        f"less {names[0]}, in points\n"
    )
    heads = [f"{score} at 0.5" for score in SCORES] + [f"{score}, decided" for score in SCORES]
    print(f"| trial | {' | '.join(heads)} | seconds |\n{'|---' * (len(heads) + 2)}|")
    for name in names:
        found[name] = [
            _trial(plan, name, whole, parts, fold, seed, asked)
            for fold in asked.folds
            for seed in asked.seeds
        ]
        print(_row(name, found[name], found[names[0]], len(asked.seeds)), flush=True)


def _trial(
    plan: Mapping[str, Any],
    name: str,
    whole: Split,
    parts: NDArray[np.int64],
    fold: int,
    seed: int,
    asked: argparse.Namespace,
) -> Found:
    """Return what a trial's model says of a fold, trained on the others where it isn't yet."""
    held_out = dataclasses.replace(whole.part(np.flatnonzero(parts == fold)), name="dev")
    rest = whole.part(np.flatnonzero(parts != fold))
    folder = asked.output / name / f"fold-{fold}-seed-{seed}"
    recipe = _recipe(plan, name, fold, seed, asked.output)
    if not (folder / "bundle").is_dir():
        start = time.perf_counter()
        folder.mkdir(parents=True, exist_ok=True)
        others = [
            data.load(also.name, "train", asked.data_dir, also.options) for also in recipe.also
        ]
        made = prepare_splits(recipe, rest, held_out, others=others, data_dir=asked.data_dir)
        fit_and_save(made, folder, quiet=True)
        seconds = time.perf_counter() - start
        (folder / "seconds").write_text(f"{seconds:.1f}", encoding="utf-8")
    model = predictor.load(folder)
    truth = data.truth(held_out)
    kept = folder / "probabilities.npy"
    if not kept.is_file():
        np.save(kept, model.uncalibrated(held_out.texts))
    raw = np.load(kept)
    way = Way.of(bundle.load(folder / "bundle").manifest)
    _, decided = deciding.cross_fit(way, raw, truth, held_out.labels)
    seconds = float((folder / "seconds").read_text(encoding="utf-8"))
    return Found(truth, raw, raw > deciding.HALF, decided, held_out.labels, seconds)


def _recipe(plan: Mapping[str, Any], name: str, fold: int, seed: int, output: Path) -> Recipe:
    """Return a trial's recipe; `{fold}` and `{runs}` in it stand for the fold and --output."""
    trial: dict[str, Any] = dict(plan["trials"][name])
    filled: dict[str, Any] = {
        key: [word.format(fold=fold, runs=output) for word in value]
        if isinstance(value, list)
        else str(value).format(fold=fold, runs=output)
        for key, value in trial.items()
    }
    settings = [*plan.get("settings", []), *filled.pop("set", [])]
    config = filled.pop("config", plan["config"])
    return compose(config, dataset=plan["dataset"], settings=settings, seed=seed, **filled)


def _row(name: str, one: Sequence[Found], base: Sequence[Found], seeds: int) -> str:
    """Return a trial's row: its scores where it is the baseline, else its differences."""
    seconds = sum(found.seconds for found in one) / len(one)
    cells = []
    for way in ("half", "decided"):
        if one is base:
            scored = [
                metrics.score(found.truth, getattr(found, way), found.raw, found.labels)
                for found in one
            ]
            cells += [
                f"{np.mean([getattr(each, score) for each in scored]):.4f}" for score in SCORES
            ]
            continue
        # All folds are one set of texts; seeds are the runs over it.
        truth = np.concatenate([found.truth for found in one[::seeds]])
        sides = [
            [
                np.concatenate([getattr(found, way) for found in side[seed::seeds]])
                for seed in range(seeds)
            ]
            for side in (one, base)
        ]
        differences = compare.compare(truth, *sides, seeds_paired=seeds > 1, resamples=2000)
        cells += [
            f"{100 * each.value:+.2f} ({100 * each.low:+.2f} to {100 * each.high:+.2f})"
            for each in (differences.scores[score] for score in SCORES)
        ]
    return f"| {name} | {' | '.join(cells)} | {seconds:.0f} |"


if __name__ == "__main__":
    main()
