"""A study's results in memory: all that tables and a report are drawn from, read off its folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from overtone.errors import InputError
from overtone.study import states
from overtone.study.cells import Cell
from overtone.study.plan import Plan


@dataclass(frozen=True)
class Spread:
    """A figure under several seeds."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Return the mean."""
        return mean(self.values)

    @property
    def sd(self) -> float | None:
        """Return the standard deviation (n - 1); None of a single value."""
        return stdev(self.values) if len(self.values) > 1 else None


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a cell's model says about the texts that it is scored on."""

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    truth: NDArray[np.float32]
    """(n, C); NaN where not annotated."""
    probabilities: NDArray[np.float32]
    """(n, C)."""
    decided: NDArray[np.bool_]
    """(n, C)."""


@dataclass(frozen=True, eq=False)
class Result:
    """A cell that is done."""

    cell: Cell
    folder: Path
    saved: dict[str, Any]
    """What `cell.json` says."""

    @property
    def dev(self) -> dict[str, Any]:
        """Return the scores on dev, as `metrics.Scores.to_json` has them."""
        found: dict[str, Any] = self.saved["dev"]
        return found

    @property
    def test(self) -> dict[str, Any]:
        """Return the scores on test."""
        found: dict[str, Any] = self.saved["test"]
        return found

    @property
    def cost(self) -> dict[str, Any]:
        """Return the cost of training, as `cost.Cost` has it."""
        found: dict[str, Any] = self.saved["cost"]
        return found

    @cached_property
    def predictions(self) -> Predictions:
        """Return what the model says about test.

        Raises:
            InputError: the file is missing or damaged.

        """
        path = self.folder / states.PREDICTIONS
        try:
            with safe_open(path, framework="numpy") as file:
                about = json.loads((file.metadata() or {})["about"])
                return Predictions(
                    tuple(about["ids"]),
                    tuple(about["labels"]),
                    file.get_tensor("truth"),
                    file.get_tensor("probabilities"),
                    file.get_tensor("decided"),
                )
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise InputError(
                f"{path}: expected a cell's predictions, found none ({error}); remove "
                f"{states.CELL} beside it, and they are made again"
            ) from error

    @cached_property
    def history(self) -> list[dict[str, Any]]:
        """Return what training noted of each epoch."""
        lines = (self.folder / "history.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]


@dataclass(frozen=True, eq=False)
class Group:
    """The cells of one model on one dataset that differ in their seeds only, sorted by these."""

    dataset: str
    model: str
    results: tuple[Result, ...]

    @property
    def seeds(self) -> tuple[int, ...]:
        """Return the seeds."""
        return tuple(result.cell.seed for result in self.results)

    def of(self, where: str, name: str) -> Spread:
        """Return a score on `dev` or `test`, or a figure of `cost`, under each seed."""
        return Spread(tuple(float(result.saved[where][name]) for result in self.results))

    def figure(self, name: str) -> Spread:
        """Return a figure that stands by itself in `cell.json`, under each seed."""
        return Spread(tuple(float(result.saved[name]) for result in self.results))

    def decided(self) -> list[NDArray[np.bool_]]:
        """Return the decisions on test, (n, C) a seed."""
        return [result.predictions.decided for result in self.results]


@dataclass(frozen=True, eq=False)
class Results:
    """A study as far as it is done."""

    plan: Plan
    folder: Path
    done: tuple[Result, ...]
    failed: tuple[tuple[Cell, str], ...]
    """With the reason of each."""
    missing: tuple[Cell, ...]
    """Those that are open or begun."""
    cost: tuple[dict[str, Any], ...] = ()
    """What `--cost-only` measured, in the plan's order."""
    _groups: dict[tuple[str, str, float], Group] = field(default_factory=dict)

    def group(self, dataset: str, model: str, fraction: float | None = None) -> Group | None:
        """Return a model's cells on a dataset, by default on the most of it; None where none is."""
        return self._groups.get((dataset, model, fraction or self.plan.grid.most))

    def groups(self, dataset: str) -> list[Group]:
        """Return all models' cells on the most of a dataset, in the plan's order."""
        found = (self.group(dataset, model) for model in self.plan.models)
        return [group for group in found if group is not None]

    def changed(self, dataset: str, model: str, key: str) -> list[tuple[object, Group]]:
        """Return the cells with another value of a setting, with that value, as planned."""
        found = []
        for value in self.plan.sensitivity.values.get(key, ()):
            these = [
                result
                for result in self.done
                if (result.cell.dataset, result.cell.model) == (dataset, model)
                and result.cell.change is not None
                and (result.cell.change.key, result.cell.change.value) == (key, value)
            ]
            if these:
                found.append((value, _group(these)))
        return found

    def of_role(self, dataset_role: str, model_role: str) -> Group | None:
        """Return the cells that stand beside the paper's model on its dataset; None where none."""
        plan = self.plan
        for dataset, model in plan.pairs():
            roles = plan.datasets[dataset].beside, plan.models[model].beside
            if roles == (dataset_role, model_role):
                return self.group(dataset, model)
        return None

    def dataset_of_role(self, role: str) -> str | None:
        """Return the study's dataset that the paper calls so."""
        names = (name for name, one in self.plan.datasets.items() if one.beside == role)
        return next(names, None)

    def machines(self) -> list[dict[str, Any]]:
        """Return the kinds of machines that cells were done on."""
        found: list[dict[str, Any]] = []
        for result in self.done:
            if result.saved["machine"] not in found:
                found.append(result.saved["machine"])
        return found


def load(plan: Plan, cells: Sequence[Cell], study: Path) -> Results:
    """Read a study's folder.

    Raises:
        InputError: a file is damaged, or cells that are done were begun by another plan.

    """
    states.check(cells, study)
    done, failed, missing = [], [], []
    for cell in cells:
        folder = cell.folder(study)
        state = states.state(folder)
        if state == states.DONE:
            done.append(Result(cell, folder, _saved(folder / states.CELL)))
        elif state == states.FAILED and (why := states.failure(folder)):
            failed.append((cell, why.reason))
        else:
            missing.append(cell)
    costs = [study / "cost" / dataset / f"{model}.json" for dataset, model in plan.measured()]
    return Results(
        plan,
        study,
        tuple(done),
        tuple(failed),
        tuple(missing),
        tuple(_saved(path) for path in costs if path.is_file()),
        _grouped(done),
    )


def _saved(path: Path) -> dict[str, Any]:
    try:
        saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}): remove it, and it is made again") from error
    if saved.get("format") != states.FORMAT:
        raise InputError(
            f"{path}: expected format {states.FORMAT}, found {saved.get('format')}: it was made by "
            "another version of overtone; remove it, and it is made again"
        )
    return saved


def _grouped(done: Sequence[Result]) -> dict[tuple[str, str, float], Group]:
    by_key: dict[tuple[str, str, float], list[Result]] = {}
    for result in done:
        cell = result.cell
        if cell.change is None:
            by_key.setdefault((cell.dataset, cell.model, cell.fraction), []).append(result)
    return {key: _group(results) for key, results in by_key.items()}


def _group(results: Sequence[Result]) -> Group:
    first = results[0].cell
    ordered = tuple(sorted(results, key=lambda result: result.cell.seed))
    return Group(first.dataset, first.model, ordered)
