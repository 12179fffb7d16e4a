"""The reference of recipes, from the code: each plugin's `Config`, field by field, and the presets.

A field's docstring, the text under it, is only in the source, so that is what is read.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
import typing
from collections.abc import Iterator
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from overtone.apps.server.settings import Settings
from overtone.config import PRESETS, RECIPES, find_plugin, plugin_names, preset_names
from overtone.experiment import adaptation, also, recipe

INTRODUCTION = """\
A recipe is a TOML file of sections, for `overtone train --config FILE`; `--set section.key=value`
sets one value. A section that stands for a plugin names it: `[loss]` with `name = "focal"`, or
`--set loss.name=focal`. What is not said has the default that stands here, or that the model's
family goes with; a key that does not exist is an error that lists those that do."""

USE = "`--config NAME`; of those below `tune/` and `study/`, the argument of the command so called."

WORDS = {int: "whole number", float: "number", str: "text", bool: "true or false"}


def pages() -> dict[str, str]:
    """Return each page's text by its name, `index` among them."""
    made = {kind: _plugins(kind, f"overtone.{recipe.PACKAGES.get(kind, kind)}")
            for kind in recipe.PLUGINS}  # fmt: skip
    made |= {kind: _section(kind, cls) for kind, cls in recipe.PLAIN.items()}
    made["also"] = _section("also.NAME", also.Config)
    ordered = {kind: made[kind] for kind in recipe.DEFAULTS}
    ordered["masking"] = _section("masking", adaptation.Masking, "overtone adapt")
    ordered["server"] = _section("server", Settings, "overtone serve")
    checks = ("insight.data_check", "overtone data check")
    ordered["data-check"] = _plugins("KIND", f"overtone.{checks[0]}", checks[1])
    ordered["presets"] = _presets()
    return {"index": _index(ordered), **ordered}


def keys() -> dict[str, set[str]]:
    """Return the keys that `--set SECTION.KEY=VALUE` may name, by section, of whatever plugin."""
    packages = {kind: f"overtone.{recipe.PACKAGES.get(kind, kind)}" for kind in recipe.PLUGINS}
    found = {
        kind: {"name"}.union(*(_names(find_plugin(package, name).Config)
                               for name in plugin_names(package)))
        for kind, package in packages.items()
    }  # fmt: skip
    found |= {kind: _names(cls) for kind, cls in recipe.PLAIN.items()}
    # What another dataset may be told is its share and its own options.
    found["also"] = {"share"} | found["data"]
    found |= {"server": _names(Settings), "masking": _names(adaptation.Masking)}
    checks = "overtone.insight.data_check"
    return found | {name: _names(find_plugin(checks, name).Config) for name in plugin_names(checks)}


def _names(cls: type) -> set[str]:
    """Return the names of a dataclass's fields."""
    return {field.name for field in dataclasses.fields(cls)}


def _index(made: dict[str, str]) -> str:
    """Return the page that lists the sections."""
    return "\n".join([
        "# Configuration", "",
        INTRODUCTION, "",
        "```{toctree}", *made, "```", "",
    ])  # fmt: skip


def _plugins(kind: str, package: str, command: str = "") -> str:
    """Return the page of a section that names a plugin, with every plugin's options."""
    title = f"{command}: kinds" if command else f"[{kind}]"
    how = f"`{command} --set {kind}.KEY=VALUE`" if command else f"`--set {kind}.KEY=VALUE`"
    lines = [f"# {title}", "", f"{how}, a plugin of `{package}`:", ""]
    for name in plugin_names(package):
        module = find_plugin(package, name)
        lines += [f"## {name}", "", _prose(module.__doc__), "", *_fields(module.Config)]
    return "\n".join(lines)


def _section(kind: str, cls: type, command: str = "") -> str:
    """Return the page of a section with one set of options."""
    how = f"`{command} --set {kind}.KEY=VALUE`" if command else f"`--set {kind}.KEY=VALUE`"
    return "\n".join([f"# [{kind}]", "", _prose(cls.__doc__), "", f"{how}", "", *_fields(cls)])


def _presets() -> str:
    """Return the page with all presets as they are."""
    lines = ["# Presets", "", USE, ""]  # fmt: skip
    folders = (*RECIPES, *sorted({path.name for path in PRESETS.iterdir()} - {*RECIPES}))
    for name in preset_names(folders):
        text = (PRESETS / f"{name}.toml").read_text(encoding="utf-8")
        lines += [f"## {name}", "", "```toml", text.rstrip(), "```", ""]
    return "\n".join(lines)


def _fields(cls: type) -> Iterator[str]:
    """Yield a definition for each field of a dataclass: its key, type, default and docstring."""
    documented = docstrings(cls)
    hints = typing.get_type_hints(cls, include_extras=True)
    fields = dataclasses.fields(cls)
    if not fields:
        yield from ("No options.", "")
    for field in fields:
        facts = [words(hints[field.name])]
        if field.default is not dataclasses.MISSING:
            facts.append(f"default `{_toml(field.default)}`")
        elif field.default_factory is not dataclasses.MISSING:
            facts.append(f"default `{_toml(field.default_factory())}`")
        else:
            facts.append("required")
        yield from (f"`{field.name}` <small>{'; '.join(facts)}</small>",
                    f": {_prose(documented.get(field.name, ''))}", "")  # fmt: skip


def docstrings(cls: type) -> dict[str, str]:
    """Return the text under each field of a dataclass and of those that it inherits from."""
    found: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        if not dataclasses.is_dataclass(each):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(each))).body[0]
        assert isinstance(body, ast.ClassDef)  # noqa: S101 - it is the source of a class
        for field, below in zip(body.body, body.body[1:], strict=False):
            match field, below:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    found[name] = inspect.cleandoc(text)
    return found


def words(kind: Any) -> str:  # noqa: ANN401 - a type of any kind
    """Return a field's type in words."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return f"{words(arguments[0])}, {', '.join(str(bound) for bound in arguments[1:])}"
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin is tuple:
        return f"list ({words(arguments[0])})"
    if origin is dict:
        return f"table ({words(arguments[1])})"
    if kind in WORDS:
        return WORDS[kind]
    inner = [words(each) for each in arguments if each is not NoneType]
    return " or ".join(inner) if inner else "any value"


def _toml(value: object) -> str:
    """Return a default as it is written in a recipe."""
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _prose(text: str | None) -> str:
    """Return a docstring as Markdown that is all text but for its code."""
    cleaned = inspect.cleandoc(text or "")
    parts = cleaned.split("`")
    for place in range(0, len(parts), 2):
        for sign in "*_[]<":
            parts[place] = parts[place].replace(sign, f"\\{sign}")
    return "`".join(parts)
