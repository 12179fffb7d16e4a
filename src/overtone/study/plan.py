"""A study's plan: TOML to checked, frozen values; which datasets, models, fractions and seeds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

from overtone import config
from overtone.config import Count, Range, Table, parse
from overtone.errors import ConfigError, InputError
from overtone.study.published import Published, read_published

Seed = Annotated[int, Range(0, 2**63 - 1)]
Part = Annotated[float, Range(0.0001, 1)]
HeldOut = Annotated[float, Range(0, 0.5)]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
"""A name of a dataset or model: a folder is called so."""
BEST = "best"
"""Stands for the model that is best on dev, where the others are compared with one."""
SECTIONS = ("study", "datasets", "models", "sensitivity", "cost", "paper")


@dataclass(frozen=True, kw_only=True)
class Grid:
    """What is common to all cells: the section `study`."""

    name: str
    """What the study is called."""
    seeds: tuple[Seed, ...] = (0,)
    """Of training; each cell is done under each of them."""
    fractions: tuple[Part, ...] = (1.0,)
    """Shares of the train split, drawn stratified over the labels."""
    fraction_seeds: tuple[Seed, ...] = ()
    """The seeds of fractions below 1; all of them where none is named."""
    hold_out: HeldOut = 0.0
    """Share of the train split that is held out and scored in place of the test split; 0 scores the
    official one."""
    against: str = BEST
    """The model that the others are compared with; `best` is the one that is best on dev."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One of the datasets: a section `datasets.NAME`."""

    dataset: str = ""
    """As for `--dataset`; by default the section's own name."""
    title: str = ""
    """How tables call it; by default by its name."""
    options: dict[str, object] = field(default_factory=dict)
    """The dataset's own options, such as `sample = 0.4`."""
    settings: tuple[str, ...] = ()
    """Of every recipe here: `section.key=value`. `{data}` stands for the folder of the data."""
    hold_out: HeldOut | None = None
    """As in the section `study`, for this dataset alone."""
    ranking: bool = True
    """Whether models are compared here; false where the texts are too few to rank any."""
    beside: str = ""
    """What the paper calls it, where it has figures of it."""
    cost_settings: tuple[str, ...] = ()
    """Settings where only cost is measured, such as a cleaner that needs no download."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One of the models: a section `models.NAME`."""

    config: str = ""
    """A preset or a TOML file."""
    title: str = ""
    """How tables call it; by default by its name."""
    settings: tuple[str, ...] = ()
    """`section.key=value`; `{data}` stands for the folder of the data."""
    datasets: tuple[str, ...] = ()
    """The datasets that it is trained on; all where none is named."""
    fractions: bool = True
    """Whether it is trained on fractions of the data, too."""
    beside: str = ""
    """What the paper calls it, or the model of the paper that it stands in for."""
    cost_encoder: str = ""
    """The encoder whose cost is measured in place of its own, such as random/bert-base."""


@dataclass(frozen=True, kw_only=True)
class On:
    """What is else about a model on one dataset: a section `models.NAME.on.DATASET`."""

    config: str = ""
    """In place of the model's."""
    settings: tuple[str, ...] = ()
    """After the model's."""


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """Settings that are changed one at a time: the section `sensitivity`."""

    models: tuple[str, ...] = ()
    """All where none is named."""
    datasets: tuple[str, ...] = ()
    """All where none is named."""
    seeds: tuple[Seed, ...] = ()
    """All where none is named."""
    values: dict[str, tuple[object, ...]] = field(default_factory=dict)
    """The values of each setting, such as "training.batch_size" = [16, 64]."""
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What else a key needs, such as "loss.alpha" = ["loss.name=joint"]."""


@dataclass(frozen=True, kw_only=True)
class CostPlan:
    """How cost alone is measured: the section `cost`."""

    steps: Annotated[int, Range(2)] = 20
    """Steps of the optimiser that are timed."""
    warm_up: Count = 2
    """Steps before them that are not."""


@dataclass(frozen=True)
class Plan:
    """A whole study."""

    grid: Grid
    datasets: dict[str, Dataset]
    models: dict[str, Model]
    on: dict[tuple[str, str], On]
    """By model and dataset."""
    sensitivity: Sensitivity
    cost: CostPlan
    published: Published | None
    """The figures to set ours beside."""

    def dataset_title(self, name: str) -> str:
        """Return how tables call a dataset."""
        return self.datasets[name].title or name

    def model_title(self, name: str) -> str:
        """Return how tables call a model."""
        return self.models[name].title or name

    def pairs(self) -> list[tuple[str, str]]:
        """Return the datasets and the models that are trained on each."""
        return [
            (dataset, name)
            for dataset in self.datasets
            for name, model in self.models.items()
            if not model.datasets or dataset in model.datasets
        ]

    def hold_out(self, dataset: str) -> float:
        """Return the share of a dataset's train split that is held out."""
        own = self.datasets[dataset].hold_out
        return self.grid.hold_out if own is None else own

    def role(self, dataset: str) -> str:
        """Return what the paper calls a dataset, or nothing."""
        return self.datasets[dataset].beside


T = TypeVar("T")


def read(reference: str | Path) -> Plan:
    """Read a study: a preset's name such as study/laptop, or a TOML file.

    Raises:
        InputError: there is no such preset or file, or it is not TOML.
        ConfigError: all problems of it.

    """
    return check(config.read(reference, ("study",), "overtone study"))


def check(table: Mapping[str, Any]) -> Plan:
    """Check a study's tables.

    Raises:
        ConfigError: every problem of them.

    """
    problems: list[str] = []

    def collect(make: Callable[[], T]) -> T | None:
        try:
            return make()
        except ConfigError as error:
            problems.extend(error.problems)
        except InputError as error:
            problems.append(str(error))
        return None

    if unknown := sorted(set(table) - set(SECTIONS)):
        problems.append(
            f"no section of a study is called {', '.join(unknown)}; there are: "
            f"{', '.join(SECTIONS)}"
        )
    sections = {name: table.get(name, {}) for name in SECTIONS}
    for name, section in sections.items():
        if not isinstance(section, Mapping):
            problems.append(f"{name} must be a table such as [{name}], found {section!r}")
            sections[name] = {}
    grid = collect(lambda: parse(Grid, sections["study"], "study"))
    datasets = _named(Dataset, sections["datasets"], "datasets", problems)
    on, plain = _apart(sections["models"], problems)
    models = _named(Model, plain, "models", problems)
    sensitivity = collect(lambda: parse(Sensitivity, sections["sensitivity"], "sensitivity"))
    cost = collect(lambda: parse(CostPlan, sections["cost"], "cost"))
    published = collect(lambda: read_published(sections["paper"]))
    if grid is not None and sensitivity is not None:
        known_datasets, known_models = sections["datasets"], sections["models"]
        problems += _unknown(grid, models, on, sensitivity, known_datasets, known_models)
        problems += _repeated(grid, sensitivity)
    if problems or grid is None or sensitivity is None or cost is None:
        raise ConfigError(problems)
    return Plan(grid, datasets, models, on, sensitivity, cost, published)


def _named(cls: type[T], table: Mapping[str, Any], where: str, problems: list[str]) -> dict[str, T]:
    """Return the sections `where.NAME`, checked."""
    if not table:
        problems.append(f"expected at least one section [{where}.NAME], found none")
    found = {}
    for name, section in table.items():
        if not NAME.fullmatch(name):
            problems.append(
                f"{where}.{name}: expected a name of letters, digits and . _ + -, by which a "
                "folder can be called"
            )
        if not isinstance(section, Mapping):
            problems.append(f"{where}.{name} must be a table, found {section!r}")
            continue
        try:
            found[name] = parse(cls, section, f"{where}.{name}")
        except ConfigError as error:
            problems.extend(error.problems)
    return found


def _apart(
    table: Mapping[str, Any], problems: list[str]
) -> tuple[dict[tuple[str, str], On], dict[str, Any]]:
    """Return the sections `models.NAME.on.DATASET`, and the models without them."""
    on: dict[tuple[str, str], On] = {}
    plain: dict[str, Any] = {}
    for name, section in table.items():
        if not isinstance(section, Mapping):
            plain[name] = section
            continue
        plain[name] = {key: value for key, value in section.items() if key != "on"}
        given = section.get("on", {})
        if not isinstance(given, Mapping):
            problems.append(f"models.{name}.on must be a table, found {given!r}")
            continue
        for dataset, said in (
            _named(On, given, f"models.{name}.on", problems).items() if given else ()
        ):
            on[name, dataset] = said
    return on, plain


def _unknown(
    grid: Grid,
    models: Mapping[str, Model],
    on: Mapping[tuple[str, str], On],
    sensitivity: Sensitivity,
    known_datasets: Table,
    known_models: Table,
) -> list[str]:
    """Return the problems of names that name nothing."""
    datasets, others = "section [datasets.NAME]", "section [models.NAME]"
    named = [
        *(
            ("sensitivity.datasets", name, known_datasets, datasets)
            for name in sensitivity.datasets
        ),
        *(("sensitivity.models", name, known_models, others) for name in sensitivity.models),
        *(
            (f"models.{model}.datasets", name, known_datasets, datasets)
            for model, options in models.items()
            for name in options.datasets
        ),
        *((f"models.{model}.on", name, known_datasets, datasets) for model, name in on),
    ]
    if grid.against != BEST:
        named.append(("study.against", grid.against, known_models, others))
    return [
        f"{where}: no {kind} is called {name}; there are: {', '.join(known) or 'none'}"
        for where, name, known, kind in named
        if name not in known
    ]


def _repeated(grid: Grid, sensitivity: Sensitivity) -> list[str]:
    """Return the problems of lists that are empty or have something twice."""
    problems = []
    for name in ("seeds", "fractions"):
        values = getattr(grid, name)
        if not values or len(set(values)) < len(values):
            problems.append(f"study.{name}: expected different values, found {list(values)}")
    for where, seeds in (
        ("study.fraction_seeds", grid.fraction_seeds),
        ("sensitivity.seeds", sensitivity.seeds),
    ):
        if other := sorted(set(seeds) - set(grid.seeds)):
            problems.append(f"{where}: expected some of study.seeds, found {other} besides")
    for key, values in sensitivity.values.items():
        if "." not in key or "=" in key or "/" in key:
            problems.append(f"sensitivity.values: expected keys as loss.alpha, found {key!r}")
        if not values:
            problems.append(f"sensitivity.values: expected values of {key}, found none")
    problems += [
        f"sensitivity.needs: expected keys of sensitivity.values, found {key!r}"
        for key in sensitivity.needs
        if key not in sensitivity.values
    ]
    return problems
