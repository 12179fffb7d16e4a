"""What `[search]` says of each key, from TOML's tables to checked ranges and choices."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from overtone.config import Table, collect, parse
from overtone.study.search.space import Parameter

LEAF = {"low", "high", "log", "step", "choices"}
"""Keys of the table that says what is tried of one key."""


def leaves_of(table: Table, above: str = "") -> Iterator[tuple[str, Table]]:
    """Yield what is tried by `section.key`, whether TOML has it as quoted keys or as tables."""
    for key, value in table.items():
        name = f"{above}{key}"
        if isinstance(value, dict) and value and not LEAF & value.keys():
            yield from leaves_of(value, f"{name}.")
        else:
            yield name, value


def parameter(
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
    bounds = collect(lambda: parse(_Bounds, leaf, where), problems)
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
