"""Cross-validate a recipe: what models say of each train text that they were not trained on.

For scores on all of the train split, which say more than those on a small dev split, and for
fitting a decision on more texts than dev has (`overtone decide --out-of-fold`).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overtone import atomic
from overtone import data as datasets
from overtone.bundle import sha256
from overtone.data import Split, tables
from overtone.errors import InputError
from overtone.evaluation import metrics
from overtone.experiment import deciding, fingerprint, first, fit, folds, run
from overtone.experiment import train as training
from overtone.experiment.deciding import Way
from overtone.experiment.folds import OutOfFold
from overtone.experiment.recipe import Recipe, check, compose
from overtone.training import ranks

PROBABILITIES = "out-of-fold.csv"
SCORES = "scores.json"
AGAIN = "the same overtone crossvalidate with --resume writes it anew"


@dataclass(frozen=True)
class CrossValidation:
    """A finished cross-validation."""

    path: Path
    texts: int
    """Those with truth."""
    scores: dict[str, Any]
    """The whole train split's, cross-fitted by the recipe's calibration and decision; as
    `metrics.Scores.to_json`."""
    at_half: dict[str, float]
    """The main scores at a threshold of 0.5."""
    by_fold: tuple[dict[str, float], ...]
    """The same in each fold."""


def crossvalidate(
    dataset: str | None,
    output: str | Path,
    *,
    folds: int = 5,
    data_dir: str | Path | None = None,
    data: Mapping[str, object] | None = None,
    config: str | Path | None = None,
    model: str | None = None,
    encoder: str | None = None,
    init: str | Path | None = None,
    seed: int | None = None,
    settings: Sequence[str] = (),
    resume: bool = False,
) -> CrossValidation:
    """Train a model for each fold of a dataset's train split, and score each on its own fold.

    The dataset's dev split chooses each model's epoch, as it does in a training on the whole; the
    fold that is scored chooses nothing.

    Args:
        dataset: a name as `overtone data list` shows them, or a table; None where `config` names
            it.
        output: the folder, made here: a run for each fold, `out-of-fold.csv` (ids and
            probabilities, no texts) and `scores.json`.
        folds: how many.
        data_dir: where the dataset's files are.
        data: the dataset's options.
        config: a preset's name, or a TOML file.
        model: the family.
        encoder: `minilm`, a folder, or a name on the Hugging Face hub.
        init: a model to start from.
        seed: of everything random, and of the folds.
        settings: `section.key=value`, the last word.
        resume: go on with one that was stopped.

    Raises:
        InputError: something given can't be used.
        Interrupted: the user stopped it, which `resume=True` continues.
        OvertoneError: training diverged, or there is no room on the disk or in memory.

    """
    folder = Path(output)
    asked = partial(
        compose, config, dataset=dataset, data=data, model=model, encoder=encoder, init=init,
        seed=seed, settings=settings,
    )  # fmt: skip
    recipe = run.recipe(folder, check, asked, resume=resume)
    if not resume:
        run.check_new(folder)
    where = Path(data_dir) if data_dir else None
    train, dev = (
        datasets.load(recipe.data.name, name, where, recipe.data.options)
        for name in ("train", "dev")
    )
    others = [datasets.load(also.name, "train", where, also.options) for also in recipe.also]
    return _in_folder(recipe, (train, dev, *others), where, folder, folds)


def dry_run(recipe: Recipe, data_dir: Path | None, count: int) -> str:
    """Check data, folds and model as `crossvalidate` would, and say what would be trained.

    Raises:
        InputError: something given can't be used.

    """
    train = datasets.load(recipe.data.name, "train", data_dir, recipe.data.options)
    sizes = np.bincount(_check(recipe, train, count) + 1)[1:]  # the first are those of no fold
    whole = training.dry_run(recipe, data_dir)
    return f"{whole}\n# {count} times, each without one fold of {', '.join(map(str, sizes))} texts"


def _check(recipe: Recipe, train: Split, count: int) -> NDArray[np.int64]:
    """Return the folds of the train split's texts, unless something is found that can't be."""
    found = folds.divide(train, count, recipe.training.seed)
    if taken := {"id", "fold"}.intersection(train.labels.names):
        raise InputError(
            f"expected labels that are not called id or fold, which {PROBABILITIES} has columns "
            f"for, found {', '.join(sorted(taken))}: rename them"
        )
    if recipe.teacher.models or recipe.teacher.folds:
        raise InputError("folds are trained without teachers: leave out the section teacher")
    return found


def _in_folder(
    recipe: Recipe, splits: Sequence[Split], data_dir: Path | None, folder: Path, count: int
) -> CrossValidation:
    """Do what is left to do in a folder."""
    _check(recipe, splits[0], count)
    team = ranks.join(cpu=recipe.training.device == "cpu")
    if team.size > 1:
        raise InputError(f"folds are trained by one process, found {team.size}")
    folder.mkdir(parents=True, exist_ok=True)
    with run.alone(folder, team), run.room(folder):
        run.tidy(folder)
        atomic.write_text(folder / "config.toml", recipe.to_toml())
        _check_count(folder, count)
        # A fold that is finished would be asked about other texts than those it has not seen.
        names = ("train", "dev", *(f"{also.name} train" for also in recipe.also))
        known = dict(zip(names, splits, strict=True))
        fingerprint.check(folder / "data.json", known, folder)

        def trained(make: folds.Make, fold: Path) -> Path:
            return fit.in_folder(make, fold, team=team).path

        start = first.model(recipe, data_dir, folder / first.FOLDER, team)
        found = folds.probabilities(
            recipe, splits, folder, count, trained, start=start, device=team.device.type
        )
        return _save(recipe, splits[0], found, folder)


def _check_count(folder: Path, count: int) -> None:
    """Keep the number of folds, and refuse another one in the same folder."""
    path = folder / "folds.json"
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        if before != count:
            raise InputError(
                f"the cross-validation in {folder} was started with {before} folds, found {count}: "
                "go on with as many, or choose another --output"
            )
    atomic.write_text(path, f"{count}\n")


def _save(recipe: Recipe, train: Split, found: OutOfFold, folder: Path) -> CrossValidation:
    """Score what was found, and write it."""
    known = np.flatnonzero(found.folds != folds.EVERY)
    raw, truth = found.probabilities[known], datasets.truth(train)[known]
    way = Way(recipe.calibration, recipe.decision)
    probabilities, decided = deciding.cross_fit(way, raw, truth, train.labels)
    score = partial(metrics.score, labels=train.labels)
    half = raw > deciding.HALF
    result = CrossValidation(
        folder,
        len(known),
        score(truth, decided, probabilities).to_json(),
        deciding.main(score(truth, half, raw).to_json()),
        tuple(
            deciding.main(score(truth[rows], decided[rows], probabilities[rows]).to_json())
            for rows in (found.folds[known] == fold for fold in range(found.folds.max() + 1))
        ),
    )
    with atomic.file(folder / PROBABILITIES) as beside, tables.write(beside, ".csv") as append:
        for identifier, fold, row in zip(train.ids, found.folds, found.probabilities, strict=True):
            cells = map(str, row)  # as few digits as tell a float32 from its neighbours
            append(
                {
                    "id": identifier,
                    "fold": str(fold),
                    **dict(zip(train.labels.names, cells, strict=True)),
                }
            )
    told = {
        "dataset": train.dataset,
        "split": train.name,
        "texts": result.texts,
        "texts_sha256": fingerprint.of_texts(train.texts),
        "probabilities_sha256": sha256(folder / PROBABILITIES),
        "labels": list(train.labels.names),
        "scores": result.scores,
        "at_half": result.at_half,
        "by_fold": list(result.by_fold),
    }
    atomic.write_text(folder / SCORES, json.dumps(told, indent=2) + "\n")
    return result


def load(folder: Path, split: Split, labels: Sequence[str]) -> NDArray[np.float32]:
    """Return the probabilities that were kept for a train split, (n, C), uncalibrated.

    Args:
        folder: that of a finished cross-validation.
        split: the same train split.
        labels: the order of the columns.

    Raises:
        InputError: there is none, it is damaged, or it is of other texts or labels.

    """
    path = folder / SCORES
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        names = [str(name) for name in told["labels"]]
        texts, content = told["texts_sha256"], told["probabilities_sha256"]
    except OSError as error:
        raise InputError(
            f"expected a finished cross-validation in {folder}, found no {SCORES}: overtone "
            "crossvalidate makes one"
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path} is damaged ({error!r}): {AGAIN}") from error
    file = folder / PROBABILITIES
    if not file.is_file() or sha256(file) != content:
        raise InputError(f"{file} was changed or is missing: {AGAIN}")
    if fingerprint.of_texts(split.texts) != texts or set(names) != set(labels):
        raise InputError(
            f"the cross-validation in {folder} is of {told.get('dataset')} {told.get('split')}, "
            f"found other texts or labels in {split.dataset} {split.name}: name the dataset, and "
            "its options, that it was made with"
        )
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))[1:]
    found = np.asarray([row[2:] for row in rows], dtype=np.float32)
    return found[:, [names.index(label) for label in labels]]
