"""Reads a study's plan: TOML in, all its problems together or a `Plan` out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from overtone import config
from overtone.config import Table, collect, parse
from overtone.errors import ConfigError
from overtone.study.plan import BEST, CostPlan, Dataset, Grid, Model, On, Plan, Sensitivity
from overtone.study.published import read_published

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
"""A name of a dataset or model: a folder is called so."""
SECTIONS = ("study", "datasets", "models", "sensitivity", "cost", "paper")


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
    grid = collect(lambda: parse(Grid, sections["study"], "study"), problems)
    datasets = _named(Dataset, sections["datasets"], "datasets", problems)
    on, plain = _apart(sections["models"], problems)
    models = _named(Model, plain, "models", problems)
    sensitivity = collect(
        lambda: parse(Sensitivity, sections["sensitivity"], "sensitivity"), problems
    )
    cost = collect(lambda: parse(CostPlan, sections["cost"], "cost"), problems)
    published = collect(lambda: read_published(sections["paper"]), problems)
    if grid is not None and sensitivity is not None:
        problems += _unknown(grid, models, on, sensitivity, sections["datasets"])
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
) -> list[str]:
    """Return the problems of names that name nothing."""
    datasets, others = "section [datasets.NAME]", "section [models.NAME] that is trained"
    known_models = {name: None for name, model in models.items() if not model.cost_only}
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
