"""`[search]`: which keys of a recipe are tried, within which bounds, and by which score.

    [search]
    metric = "jaccard"
    training.learning_rate = { low = 1e-5, high = 1e-4, log = true }
    training.batch_size = { choices = [16, 32] }

The rest of the file is an ordinary recipe. What is wrong is said before anything is trained.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from overtone import config
from overtone.config import Count, Range, Table, parse
from overtone.errors import ConfigError, InputError
from overtone.experiment import recipe as recipes
from overtone.experiment.recipe import Recipe

Scalar = bool | int | float | str
"""A value of a recipe that can be tried."""

LEAF = {"low", "high", "log", "step", "choices"}
"""Keys of the table that says what is tried of one key."""

MOST_COMBINATIONS = 64
"""Combinations of plugins that the other keys are checked under."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `[search]` says besides the keys that are tried."""

    metric: Literal["jaccard", "jaccard_zero", "f1_micro", "f1_macro", "loss"] = "jaccard"
    """The score on dev that trials are compared by."""
    direction: Literal["maximize", "minimize"] | None = None
    """Which way is better; follows from the metric."""
    random_trials: Count = 10
    """Trials that are drawn at random, before there is enough to learn from."""
    pruner: Literal["median", "none"] = "median"
    """`median` ends a trial whose best epoch so far is worse than the median of the others' scores
    after as many epochs."""
    pruner_trials: Annotated[int, Range(1)] = 5
    """Trials that must have ended by themselves before one is pruned."""
    pruner_epochs: Count = 2
    """Epochs that every trial has at least."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """What is tried of one key: choices, or a range with both of its ends."""

    name: str
    """`section.key`."""
    choices: tuple[Scalar, ...] = ()
    low: float = 0
    high: float = 0
    log: bool = False
    """Whether equal ratios, not equal distances, are equally likely."""
    step: float | None = None
    whole: bool = False
    """Whether values are whole numbers."""

    @property
    def ends(self) -> tuple[Scalar, ...]:
        """Return the values that are checked for all the others."""
        return self.choices or (self.low, self.high)


@dataclass(frozen=True)
class Search:
    """A checked search."""

    base: Recipe
    """What holds where nothing is tried."""
    options: Options
    parameters: tuple[Parameter, ...]
    compose: Callable[[Sequence[str]], Recipe]
    """Makes a recipe of the file and settings that have the last word."""

    @property
    def maximizes(self) -> bool:
        """Return whether larger is better."""
        return self.options.metric != "loss"

    def recipe(self, values: Mapping[str, Scalar]) -> Recipe:
        """Return a trial's recipe, given each key's value.

        Raises:
            InputError: they don't go together.

        """
        return self.compose([_setting(name, value) for name, value in values.items()])

    def first(self) -> Recipe:
        """Return a recipe that a trial might have, to check data and model with."""
        return self.recipe({each.name: each.ends[0] for each in self.parameters})

    def to_json(self) -> Table:
        """Return all that makes a trial what it is, as tables."""
        tried = {each.name: asdict(each) for each in self.parameters}
        return {**self.base.to_json(), "search": asdict(self.options), "searched": tried}


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
    table = config.read(reference)
    if not isinstance(table.get("search"), dict):
        raise InputError(
            f"expected a section [search] in {reference}, which says what is tried, found none: "
            "see docs/how-to/tune.md, or take --config tune/paper as an example"
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
        _setting(name, leaf["choices"][0])
        for name, leaf in leaves.items()
        if name.endswith(".name") and isinstance(leaf, dict) and leaf.get("choices")
    ]

    def typed(name: str, value: float) -> object:
        """Return a number as the recipe has it under a key: where it says so, a whole one."""
        made = _collect(lambda: compose([*first, _setting(name, value)]), [])
        return _value(made, name)

    parameters = [_parameter(name, leaf, typed, problems) for name, leaf in leaves.items()]
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
    leaves = dict(_leaves({key: found[key] for key in found if key not in plain}))
    problems: list[str] = []
    options = _collect(lambda: parse(Options, plain, "search"), problems)
    base = _collect(compose, problems)
    if not leaves:
        problems.append(
            "[search] names no key to try, such as "
            "training.learning_rate = { low = 1e-5, high = 1e-4, log = true }"
        )
    return options, base, leaves, problems


def _collect(make: Callable[[], Any], problems: list[str]) -> Any:  # noqa: ANN401
    """Return what is made, or None after taking down what is wrong with it."""
    try:
        return make()
    except ConfigError as error:
        problems.extend(error.problems)
    except InputError as error:
        problems.append(str(error))
    return None


def _leaves(table: Table, above: str = "") -> Iterator[tuple[str, Table]]:
    """Yield what is tried by `section.key`, whether TOML has it as quoted keys or as tables."""
    for key, value in table.items():
        name = f"{above}{key}"
        if isinstance(value, dict) and value and not LEAF & value.keys():
            yield from _leaves(value, f"{name}.")
        else:
            yield name, value


def _parameter(
    name: str, leaf: object, typed: Callable[[str, float], object], problems: list[str]
) -> Parameter | None:
    """Return what is tried of a key, or None after taking down what is wrong with it."""
    where = f"search.{name}"
    if "." not in name:
        problems.append(f"{where}: expected section.key, such as training.{name}, found {name}")
        return None
    if not isinstance(leaf, dict) or not ({"low", "high", "choices"} & leaf.keys()):
        problems.append(
            f"{where} must be a table such as {{ low = 1, high = 9 }} or {{ choices = [1, 2] }}, "
            f"found {leaf!r}"
        )
        return None
    if "choices" in leaf:
        wrong = list(_wrong_choices(where, leaf))
        problems += wrong
        return None if wrong else Parameter(name=name, choices=tuple(leaf["choices"]))
    bounds = _collect(lambda: parse(_Bounds, leaf, where), problems)
    if bounds is None:
        return None
    # What the recipe refuses tells no type, and is told of below as it was written.
    taken = (value for end in ("low", "high") if (value := typed(name, leaf[end])) is not None)
    whole = isinstance(next(taken, leaf["low"]), int)
    wrong = list(_wrong_bounds(where, bounds))
    if whole and not all(isinstance(leaf.get(key, 1), int) for key in ("low", "high", "step")):
        wrong.append(f"{where}: {name} is a whole number, and so must low, high and step be")
    problems += wrong
    if wrong:
        return None
    number: type[int | float] = int if whole else float
    step = None if bounds.step is None else number(bounds.step)
    low, high = number(bounds.low), number(bounds.high)
    return Parameter(name=name, low=low, high=high, log=bounds.log, step=step, whole=whole)


@dataclass(frozen=True, kw_only=True)
class _Bounds:
    low: float
    high: float
    log: bool = False
    step: float | None = None


def _wrong_choices(where: str, leaf: Table) -> Iterator[str]:
    choices = leaf["choices"]
    if others := sorted(leaf.keys() - {"choices"}):
        yield f"{where} has choices, which {', '.join(others)} can't go with"
    if not isinstance(choices, list) or len(choices) < 2:  # noqa: PLR2004 - one is no choice
        yield f"{where}.choices must be a list of two values or more, found {choices!r}"
    elif wrong := [each for each in choices if not isinstance(each, bool | int | float | str)]:
        yield f"{where}.choices must be numbers, texts or true and false, found {wrong[0]!r}"
    elif len({json.dumps(each) for each in choices}) < len(choices):
        yield f"{where}.choices must differ from each other, found {choices!r}"


def _wrong_bounds(where: str, bounds: _Bounds) -> Iterator[str]:
    low, high, step = bounds.low, bounds.high, bounds.step
    if low >= high:
        yield f"{where}.low must be below high {high:g}, found {low:g}"
    if bounds.log and low <= 0:
        yield f"{where}.low must be above 0 where log is true, found {low:g}"
    if step is None:
        return
    if bounds.log:
        yield f"{where} has log and step, which can't go together"
    if step <= 0:
        yield f"{where}.step must be above 0, found {step:g}"
    elif low < high and not math.isclose((high - low) / step, round((high - low) / step)):
        yield (
            f"{where}.high must be low and some steps of {step:g} more, such as "
            f"{low + step * max(1, int((high - low) / step)):g}, found {high:g}"
        )


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
    given = {setting.partition("=")[0].strip() for setting in settings}
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
        under = [_setting(one.name, value) for one, value in zip(plugins, chosen, strict=True)]
        found: list[str] = []
        _collect(partial(compose, under), found)
        for each in [] if found else others:
            for value in each.ends:
                _collect(partial(compose, [*under, _setting(each.name, value)]), found)
        problems += [f"{one} (with {', '.join(under)})" if under else one for one in found]
    return problems


def _setting(name: str, value: Scalar) -> str:
    """Return a value as `recipe.compose` takes settings: JSON's scalars are TOML's."""
    return f"{name}={json.dumps(value, ensure_ascii=False)}"
