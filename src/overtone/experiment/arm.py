"""One of the sides of a comparison: a recipe that was trained once, or under several seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overtone import bundle
from overtone.bundle import Manifest
from overtone.errors import InputError
from overtone.experiment.run import MACHINE
from overtone.inference.predictor import Predictor

Model = str | Path | Predictor

SEED = ("training", "seed")
MAY_DIFFER = {
    SEED, ("data", "split_seed"), ("init", "model"), ("init", "sha256"),
    *(("training", key) for key in MACHINE),
}  # fmt: skip
"""What may differ between the runs of one recipe: seeds, models that seeds started from, and what
is about the machine."""


@dataclass(frozen=True)
class Run:
    """One trained model of an arm."""

    name: str
    model: Path | Predictor
    manifest: Manifest

    @property
    def seed(self) -> int | None:
        """Return the seed that it was trained with, where the recipe says it."""
        seed = _flat(self.manifest).get(SEED)
        return seed if isinstance(seed, int) else None


@dataclass(frozen=True)
class Arm:
    """A recipe's runs, sorted by seed where there are several."""

    name: str
    runs: tuple[Run, ...]

    @property
    def seeds(self) -> tuple[int | None, ...]:
        """Return the runs' seeds."""
        return tuple(run.seed for run in self.runs)


def find(model: Model | Sequence[Model]) -> Arm:
    """Return the arm that MODEL stands for.

    Args:
        model: the folder of a run or a bundle, or one that holds several runs; a loaded model; or a
            list of these.

    Raises:
        InputError: there is no model, one isn't finished, or they are not one recipe's under
            several seeds.
        BundleError: a file of one is missing, changed or additional.

    """
    if isinstance(model, str | Path | Predictor):
        name, members = _name(model), _members(model)
    else:
        name, members = (
            ", ".join(map(_name, model)),
            [one for each in model for one in _members(each)],
        )
    if not members:
        raise InputError("expected a model or several, found an empty list")
    runs = [_run(member) for member in members]
    for run in runs[1:]:
        _check_recipe(runs[0], run)
    if len(runs) > 1:
        _check_seeds(runs)
        runs.sort(key=lambda run: run.seed or 0)
    return Arm(name, tuple(runs))


def _members(model: Model) -> list[Path | Predictor]:
    """Return the model itself, or the runs in a folder of runs."""
    if isinstance(model, Predictor):
        return [model]
    path = Path(model)
    if path.is_dir() and not _is_model(path):
        found: list[Path | Predictor] = [
            folder for folder in sorted(path.iterdir()) if _is_model(folder)
        ]
        if found:
            return found
    return [path]


def _is_model(folder: Path) -> bool:
    """Return whether a folder is a bundle or a run, finished or not."""
    marks = (bundle.MANIFEST, f"bundle/{bundle.MANIFEST}", "config.toml")
    return any((folder / mark).is_file() for mark in marks)


def _run(member: Path | Predictor) -> Run:
    if isinstance(member, Predictor):
        return Run(_name(member), member, member.bundle.manifest)
    return Run(str(member), member, bundle.load(bundle.locate(member)).manifest)


def _name(model: Model) -> str:
    return str(model.bundle.path if isinstance(model, Predictor) else model)


def _flat(manifest: Manifest) -> dict[tuple[str, str], Any]:
    """Return a recipe's options by section and key."""
    sections = ((name, table) for name, table in manifest.config.items() if isinstance(table, dict))
    return {(name, key): value for name, table in sections for key, value in table.items()}


def _check_recipe(first: Run, run: Run) -> None:
    """Refuse runs of several recipes, of which a mean would say nothing."""
    one, other = _flat(first.manifest), _flat(run.manifest)
    differ = [
        ".".join(key)
        for key in one.keys() & other.keys()  # an older version may lack some
        if key not in MAY_DIFFER and one[key] != other[key]
    ]
    if set(first.manifest.labels.names) != set(run.manifest.labels.names):
        differ.append("labels")
    if differ:
        raise InputError(
            f"expected runs of one recipe under several seeds, found {first.name} and {run.name}, "
            f"which differ in {', '.join(sorted(differ))}: give each recipe a folder of its own"
        )


def _check_seeds(runs: Sequence[Run]) -> None:
    """Refuse a seed that stands twice: the same model again would pass for another one."""
    by_seed: dict[int | None, str] = {}
    for run in runs:
        if run.seed in by_seed:
            raise InputError(
                f"expected runs under several seeds, found the seed {run.seed} in "
                f"{by_seed[run.seed]} and {run.name}: take one of them away, or name one run"
            )
        by_seed[run.seed] = run.name
