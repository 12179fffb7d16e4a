"""Configuration: TOML in, checked and frozen values out; and plugins found by their file's name.

Every config is a frozen dataclass that stands beside the code it configures. This module checks a
plain table against such a class, reports every problem at once, and knows no other package.
"""

from __future__ import annotations

import copy
import dataclasses
import difflib
import importlib
import math
import re
import sys
import tomllib
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from overtone.errors import ConfigError, InputError

Table = dict[str, Any]
"""A TOML table as Python reads it."""

T = TypeVar("T")

PRESETS = Path(__file__).parent / "configs"
RECIPES = ("best", "paper")
"""The folders of presets for training; each other folder is for one command of its own."""


@dataclasses.dataclass(frozen=True)
class Range:
    """Bounds of a number, written as `Annotated[float, Range(0, 1)]`; both ends belong to it."""

    low: float
    high: float = float("inf")

    def __str__(self) -> str:
        """Return the bounds in words."""
        if self.high == float("inf"):
            return f"at least {self.low:g}"
        return f"between {self.low:g} and {self.high:g}"


Share = Annotated[float, Range(0, 1)]
Count = Annotated[int, Range(1)]
NotNegative = Annotated[float, Range(0)]


# --- plugins: files found by their name -------------------------------------------------------


def plugin_names(package: str) -> list[str]:
    """Return the names of a package's plugins: its files that define a `Config`.

    The files are read, not imported, nor is the package: a model's plugin would pull in torch only
    to be listed.
    """
    root, *parts = package.split(".")
    folder = Path(str(importlib.import_module(root).__file__)).parent.joinpath(*parts)
    return sorted(
        file.stem
        for file in folder.glob("[a-z0-9]*.py")
        if re.search(r"^class Config\b", file.read_text(encoding="utf-8"), re.MULTILINE)
    )


def find_plugin(package: str, name: str) -> ModuleType:
    """Import the plugin called `name` from one of overtone's packages.

    Raises:
        InputError: there is no such plugin; the message lists those that exist.

    """
    known = plugin_names(package)
    if name not in known:
        raise InputError(f"no plugin of {package} is called {name!r}{_instead(name, known)}")
    return importlib.import_module(f"{package}.{name}")


# --- checking: a table against a dataclass ----------------------------------------------------


def collect(make: Callable[[], Any], problems: list[str]) -> Any:  # noqa: ANN401
    """Return what is made, or None after taking down what is wrong with it."""
    try:
        return make()
    except ConfigError as error:
        problems.extend(error.problems)
    except InputError as error:
        problems.append(str(error))
    return None


def parse(cls: type[T], table: Mapping[str, object], where: str) -> T:
    """Check a table against a dataclass and return an instance of it.

    Args:
        cls: a dataclass whose fields all have defaults, or are given in the table.
        table: keys and values as TOML gives them.
        where: what the messages call the table, such as `training`.

    Raises:
        ConfigError: unknown keys, wrong types or values out of bounds, all of them listed.

    """
    hints = typing.get_type_hints(cls, include_extras=True)
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    problems = [
        f"{where}.{key} is not an option{_instead(key, fields)}"
        for key in table
        if key not in fields
    ]
    values = {}
    for key, field in fields.items():
        if key in table:
            try:
                values[key] = _convert(hints[key], table[key])
            except ValueError as error:
                problems.append(f"{where}.{key} must be {error}, found {table[key]!r}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            problems.append(f"{where}.{key} is missing")
    if problems:
        raise ConfigError(problems)
    return cls(**values)


def _convert(kind: Any, value: object) -> Any:  # noqa: ANN401, C901 - one case a kind
    """Return `value` as `kind`, or raise ValueError with what was expected."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        number = _convert(arguments[0], value)
        for bound in arguments[1:]:
            if not bound.low <= number <= bound.high:
                raise ValueError(f"{bound}")
        return number
    if origin is Literal:
        if value not in arguments:
            raise ValueError("one of " + ", ".join(map(str, arguments)))
        return value
    if origin in (typing.Union, UnionType):
        return _convert(next(kind for kind in arguments if kind is not NoneType), value)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ValueError("a list")
        return tuple(_convert(arguments[0], item) for item in value)
    if origin is dict:
        if not isinstance(value, dict):
            raise ValueError("a table")
        return {str(key): _convert(arguments[1], item) for key, item in value.items()}
    return _convert_plain(kind, value)


def _convert_plain(kind: type, value: object) -> object:
    """Return a value as int, float, str or bool, or raise ValueError with what was expected."""
    # bool is a subclass of int: `true` must not pass for a number.
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) > sys.float_info.max or math.isnan(value):
            raise ValueError("a finite number")
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        words = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
        raise ValueError(words[kind])
    return value


def _instead(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean …? There are …` for an error message."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    guess = f"; did you mean {close[0]}?" if close else ";"
    return f"{guess} there are: {', '.join(known) or 'none'}"


# --- reading: presets, files and overrides ----------------------------------------------------


def preset_names(folders: Sequence[str] = RECIPES) -> list[str]:
    """Return the names of the presets that ship with overtone, such as best/semeval2018-en."""
    return sorted(
        path.relative_to(PRESETS).with_suffix("").as_posix()
        for folder in folders
        for path in (PRESETS / folder).rglob("*.toml")
    )


def read(reference: str | Path, folders: Sequence[str] = RECIPES, asked: str = "--config") -> Table:
    """Read a preset by its name, or a TOML file by its path.

    Args:
        reference: the name or the path.
        folders: where presets are looked for.
        asked: what the message says the reference was given for.

    Raises:
        InputError: there is neither a file nor a preset of that name, or it is not TOML.

    """
    presets = preset_names(folders)
    path = PRESETS / f"{reference}.toml" if str(reference) in presets else Path(reference)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{asked} takes a TOML file or a preset, found neither at {str(reference)!r}"
            f"{_instead(str(reference), presets)}"
        ) from error
    except ValueError as error:
        raise InputError(f"{path} is not a TOML file: {error}") from error


def override(table: Table, settings: Iterable[str]) -> Table:
    """Return a copy of a table with settings such as `loss.alpha=0.3` put in.

    A value is read as TOML where it is TOML (numbers, true, lists, quoted text), else as text.

    Raises:
        InputError: a setting has no `=` or names no section.

    """
    result = copy.deepcopy(table)
    for setting in settings:
        path, equals, text = setting.partition("=")
        section, dot, key = path.strip().partition(".")
        if not (equals and dot and section and key):
            raise InputError(f"--set takes section.key=value, found {setting!r}")
        try:
            value = tomllib.loads(f"value = {text.strip()}")["value"]
        except ValueError:
            value = text.strip()
        inner = result
        *parents, last = section, *key.split(".")
        for parent in parents:
            inner = inner.setdefault(parent, {})
            if not isinstance(inner, dict):
                raise InputError(f"--set {path.strip()}: {parent} is a value, not a table")
        inner[last] = value
    return result


def merge(base: Mapping[str, Any], above: Mapping[str, Any]) -> Table:
    """Return `base` with the values of `above` put over it, table by table."""
    result = dict(base)
    for key, value in above.items():
        below = result.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        result[key] = merge(below, value) if both else value  # type: ignore[arg-type]
    return result
