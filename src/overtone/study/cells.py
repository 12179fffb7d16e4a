"""The cells of a study's grid: one training each, with its recipe and its place on the disk."""

from __future__ import annotations

import dataclasses
import fnmatch
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overtone import data as datasets
from overtone.config import Table, parse
from overtone.errors import ConfigError, InputError
from overtone.experiment.recipe import PLAIN, PLUGINS, Recipe, compose, section
from overtone.experiment.run import MACHINE
from overtone.study.plan import On, Plan

FOLDER = "cells"
"""The folder of all cells in that of the study."""


@dataclass(frozen=True)
class Change:
    """One setting that a cell has otherwise than its model."""

    key: str
    value: object

    def __str__(self) -> str:
        """Return it as one says it."""
        return f"{self.key}={json.dumps(self.value)}".replace("/", "_").replace('"', "")


@dataclass(frozen=True, eq=False)
class Cell:
    """One training of the study."""

    dataset: str
    """The name of the plan's section."""
    model: str
    fraction: float
    """Share of the train split."""
    seed: int
    change: Change | None
    hold_out: float
    """Share of the train split that is held out and scored; 0 scores the official test split."""
    recipe: Recipe
    data_dir: Path | None

    @property
    def key(self) -> str:
        """Return what the cell is called: its path below `cells`."""
        what = f"{self.fraction:g}" if self.change is None else str(self.change)
        return f"{self.dataset}/{self.model}/{what}/seed-{self.seed}"

    def folder(self, study: Path) -> Path:
        """Return the cell's folder in that of the study."""
        return study / FOLDER / self.key

    def asked(self) -> dict[str, Any]:
        """Return all that decides what the cell is, as JSON values, the same on any machine.

        Options that only fit a run to a machine are left out, and the folder of the data is not
        named.
        """
        recipe = self.recipe.to_json()
        recipe["training"] = {
            key: value for key, value in recipe["training"].items() if key not in MACHINE
        }
        recipe = _without_folder(recipe, _data_folder(self.data_dir))
        return {**recipe, "cell": {"fraction": self.fraction, "hold_out": self.hold_out}}

    def digest(self) -> str:
        """Return the SHA-256 of `asked`, hexadecimal."""
        text = json.dumps(self.asked(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def completed(asked: Table) -> Table:
    """Return what `asked` gave in an older version, with the options and sections come since.

    They are at their defaults, by which training does what it did before.
    """
    found: dict[str, Any] = {**{kind: {} for kind in PLAIN}, **asked}
    for kind in found.keys() - {"data", "also", "cell"}:
        try:
            whole = section(kind, found[kind]).to_json() if kind in PLUGINS else _plain(kind, found)
        except InputError:
            continue  # an option is no more, which is a difference
        found[kind] = {
            key: value for key, value in whole.items() if kind != "training" or key not in MACHINE
        }
    result: Table = json.loads(json.dumps(found))
    return result


def _plain(kind: str, asked: Table) -> Table:
    """Return a section that is no plugin, with all its options."""
    return (
        dataclasses.asdict(parse(PLAIN[kind], asked[kind], kind)) if kind in PLAIN else asked[kind]
    )


def find(plan: Plan, data_dir: Path | None, only: Sequence[str] = ()) -> list[Cell]:
    """Return a plan's cells in the order in which they are done.

    First each model once on each dataset, then under the other seeds, then on fractions of the
    data, then with single settings changed: so a study that is stopped early has the most.

    Args:
        plan: the study's.
        data_dir: where the data are.
        only: patterns of keys, such as `semeval2018-en/spanemo/*`; all where there is none.

    Raises:
        ConfigError: the problems of all recipes.
        InputError: a pattern fits no cell.

    """
    recipes, problems = {}, []
    for dataset, model in plan.pairs():
        try:
            recipes[dataset, model] = _recipe(plan, dataset, model, data_dir)
        except ConfigError as error:
            problems += [f"models.{model} on {dataset}: {problem}" for problem in error.problems]
        except InputError as error:
            problems.append(f"models.{model} on {dataset}: {error}")
    if problems:
        raise ConfigError(problems)
    found = [
        _cell(plan, recipe, dataset, model, fraction, seed, data_dir)
        for fraction in sorted(plan.grid.fractions, reverse=True)
        for seed in _seeds(plan, fraction)
        for (dataset, model), recipe in recipes.items()
        if fraction == plan.grid.most or plan.models[model].fractions
    ]
    found += _changed(plan, recipes, data_dir)
    for pattern in only:
        if not any(fnmatch.fnmatchcase(cell.key, pattern) for cell in found):
            example = f"they are called as {found[0].key}, see --list" if found else "there is none"
            raise InputError(f"--only {pattern}: no cell is called so; {example}")
    return [
        cell
        for cell in found
        if not only or any(fnmatch.fnmatchcase(cell.key, pattern) for pattern in only)
    ]


def _seeds(plan: Plan, fraction: float) -> Sequence[int]:
    few = plan.grid.fraction_seeds if fraction < plan.grid.most else ()
    return few or plan.grid.seeds


def _recipe(
    plan: Plan,
    dataset: str,
    model: str,
    data_dir: Path | None,
    settings: Sequence[str] = (),
    encoder: str | None = None,
) -> Recipe:
    """Return a model's recipe on a dataset, for the seed 0."""
    here, one = plan.datasets[dataset], plan.models[model]
    on = plan.on.get((model, dataset), On())
    folder = _data_folder(data_dir)
    given = [*here.settings, *one.settings, *on.settings, *settings]
    return compose(
        on.config or one.config or None,
        dataset=here.dataset or dataset,
        data=here.options,
        encoder=encoder,
        seed=0,
        settings=[setting.replace("{data}", folder) for setting in given],
    )


def cost_recipe(plan: Plan, dataset: str, model: str, data_dir: Path | None) -> Recipe:
    """Return the recipe by which a model's cost on a dataset is measured.

    Raises:
        InputError: it is none.

    """
    encoder = plan.models[model].cost_encoder or None
    settings = plan.datasets[dataset].cost_settings
    own = _recipe(plan, dataset, model, data_dir)
    if "encoder" not in own.model.options:
        return own
    return _recipe(plan, dataset, model, data_dir, settings, encoder)


def _changed(
    plan: Plan, recipes: dict[tuple[str, str], Recipe], data_dir: Path | None
) -> list[Cell]:
    """Return the cells in which one setting is another one than in the grid."""
    asked, found, problems = plan.sensitivity, [], []
    for key, values in asked.values.items():
        for value in values:
            change = Change(key, value)
            for (dataset, model), recipe in recipes.items():
                if (asked.models and model not in asked.models) or (
                    asked.datasets and dataset not in asked.datasets
                ):
                    continue
                settings = [*asked.needs.get(key, ()), f"{key}={json.dumps(value)}"]
                try:
                    changed = _recipe(plan, dataset, model, data_dir, settings)
                except InputError as error:
                    problems.append(f"sensitivity.values on models.{model}: {error}")
                    continue
                if changed.to_json() == recipe.to_json():
                    continue  # the grid has it
                found += [
                    _cell(plan, changed, dataset, model, plan.grid.most, seed, data_dir, change)
                    for seed in asked.seeds or plan.grid.seeds
                ]
    if problems:
        raise ConfigError(problems)
    return found


def _cell(
    plan: Plan,
    recipe: Recipe,
    dataset: str,
    model: str,
    fraction: float,
    seed: int,
    data_dir: Path | None,
    change: Change | None = None,
) -> Cell:
    training = dataclasses.replace(recipe.training, seed=seed)
    recipe = dataclasses.replace(recipe, training=training)
    hold_out = plan.hold_out(dataset)
    return Cell(dataset, model, fraction, seed, change, hold_out, recipe, data_dir)


def _data_folder(data_dir: Path | None) -> str:
    return str((data_dir or datasets.default_dir()).absolute())


def _without_folder(value: Any, folder: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value whose paths in a folder begin with {data} instead."""
    if isinstance(value, dict):
        return {key: _without_folder(inner, folder) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_folder(inner, folder) for inner in value]
    if isinstance(value, str) and value.startswith(f"{folder}/"):
        return "{data}" + value.removeprefix(folder)
    return value
