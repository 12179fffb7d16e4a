"""Reads a recipe with a section `[search]`, and says all that is wrong with it at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from overtone import config
from overtone.config import Table, collect, parse
from overtone.errors import ConfigError, InputError
from overtone.experiment import recipe as recipes
from overtone.experiment.recipe import Recipe
from overtone.study.search.parse import leaves_of, parameter
from overtone.study.search.space import Options, Parameter, Search, setting

MOST_COMBINATIONS = 64
"""Combinations of plugins that the other keys are checked under."""


def read(
    reference: str | Path,
    *,
    dataset: str | None = None,
    data: Mapping[str, object] | None = None,
    encoder: str | None = None,
    seed: int | None = None,
    settings: Sequence[str] = (),
) -> Search:
    """Read a recipe with a section `[search]`; the arguments are those of `recipe.compose`.

    Raises:
        InputError: there is no such preset or file, or a setting is not of its form.
        ConfigError: all problems of the recipe, of the section, and of the values that it allows.

    """
    table = config.read(reference, ("tune", *config.RECIPES))
    if not isinstance(table.get("search"), dict):
        raise InputError(
            f"expected a section [search] in {reference}, which says what is tried, found none: "
            "docs/how-to/tune.md has examples, and tune/paper is one"
        )
    found = dict(table.pop("search"))

    def compose(tried: Sequence[str]) -> Recipe:
        return recipes.compose(
            table,
            dataset=dataset,
            data=data,
            encoder=encoder,
            seed=seed,
            settings=[*settings, *tried],
        )

    options, base, leaves, problems = _parsed(found, partial(compose, ()))
    if base is not None:  # a table's columns are looked for once
        tables = base.to_json()
        table, dataset, data = {**table, "data": tables["data"], "also": tables["also"]}, None, None
    first = [
        setting(name, leaf["choices"][0])
        for name, leaf in leaves.items()
        if name.endswith(".name") and isinstance(leaf, dict) and leaf.get("choices")
    ]

    def typed(name: str, value: float) -> object:
        """Return a number as the recipe has it under a key: where it says so, a whole one."""
        made = collect(lambda: compose([*first, setting(name, value)]), [])
        return _value(made, name)

    parameters = [parameter(name, leaf, typed, problems) for name, leaf in leaves.items()]
    known = tuple(each for each in parameters if each is not None)
    problems += _misfits(options, leaves, settings)
    if base is not None:  # what is wrong with the recipe itself would be said of every value
        problems += _refused(known, compose)
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    assert options is not None, "else there are problems"  # noqa: S101
    assert base is not None, "else there are problems"  # noqa: S101
    return Search(base, options, known, compose)


def _parsed(
    found: Table, compose: Callable[[], Recipe]
) -> tuple[Options | None, Recipe | None, dict[str, Table], list[str]]:
    """Return the options, the recipe without what is tried, and that, where they are right."""
    plain = {key: value for key, value in found.items() if not isinstance(value, dict)}
    leaves = dict(leaves_of({key: found[key] for key in found if key not in plain}))
    problems: list[str] = []
    options = collect(lambda: parse(Options, plain, "search"), problems)
    base = collect(compose, problems)
    if not leaves:
        problems.append(
            "[search] names no key to try, such as "
            "training.learning_rate = { low = 1e-5, high = 1e-4, log = true }"
        )
    return options, base, leaves, problems


def _value(made: Recipe | None, name: str) -> object:
    """Return what a recipe has under a key; None where it has nothing."""
    value: Any = made.to_json() if made is not None else None
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _misfits(
    options: Options | None, leaves: Mapping[str, object], settings: Sequence[str]
) -> Iterator[str]:
    """Yield what can't be searched, or not by this score."""
    given = {each.partition("=")[0].strip() for each in settings}
    for name in leaves:
        if name in given:
            yield f"{name} is searched and set by --set: leave one of the two out"
        if name == "training.seed":
            yield "search.training.seed: the best of several seeds is luck; leave it out"
        if name.startswith("data."):
            yield f"search.{name}: trials must be scored on the same texts; leave it out"
    if options is None:
        return
    right = "minimize" if options.metric == "loss" else "maximize"
    if options.direction not in {None, right}:
        yield f"search.direction must be {right} for {options.metric}, found {options.direction!r}"
    losses = [name for name in leaves if name.startswith("loss.") or name == "model.name"]
    if options.metric == "loss" and losses:
        yield f"search.metric must be a score where {losses[0]} is tried: each has its own loss"


def _refused(
    parameters: Sequence[Parameter], compose: Callable[[Sequence[str]], Recipe]
) -> list[str]:
    """Return what the recipe refuses of the values, under every combination of plugins."""
    plugins = [each for each in parameters if each.name.endswith(".name") and each.choices]
    others = [each for each in parameters if each not in plugins]
    problems: list[str] = []
    combinations = itertools.product(*(each.choices for each in plugins))
    for chosen in itertools.islice(combinations, MOST_COMBINATIONS):
        under = [setting(one.name, value) for one, value in zip(plugins, chosen, strict=True)]
        found: list[str] = []
        collect(partial(compose, under), found)
        for each in [] if found else others:
            for value in each.ends:
                collect(partial(compose, [*under, setting(each.name, value)]), found)
        problems += [f"{one} (with {', '.join(under)})" if under else one for one in found]
    return problems
