"""A recipe: the whole configuration of a training run, each section checked by its own plugin."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import tomli_w

from overtone import config, data
from overtone.config import Table, find_plugin, parse
from overtone.errors import ConfigError, InputError
from overtone.training import trainer

DEFAULTS: Table = {
    "data": {},
    "text": {"name": "tweet"},
    "inputs": {"name": "label_prefix"},
    "model": {"name": "spanemo"},
    "loss": {"name": "joint"},
    "decision": {"name": "threshold"},
    "training": {},
}
"""What a recipe says where nothing else does; each option's own default stands in its plugin."""

PACKAGES = {"loss": "losses", "model": "models"}
"""The plugin package of a section, where it has another name."""


@dataclass(frozen=True)
class Section:
    """A plugin's name and its options, complete and checked."""

    name: str
    options: Table

    def to_json(self) -> Table:
        """Return the section as a table with the key `name`."""
        return {"name": self.name, **self.options}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A checked configuration."""

    data: Section
    text: Section
    inputs: Section
    model: Section
    loss: Section
    decision: Section
    training: trainer.Config

    def to_json(self) -> Table:
        """Return the recipe as tables, every default written out."""
        plugins = ("data", "text", "inputs", "model", "loss", "decision")
        tables = {kind: getattr(self, kind).to_json() for kind in plugins}
        return {**tables, "training": dataclasses.asdict(self.training)}

    def to_toml(self) -> str:
        """Return the recipe as TOML that `check` takes."""
        return tomli_w.dumps(self.to_json())


def compose(
    reference: str | Path | None = None,
    *,
    base: Table | None = None,
    dataset: str | None = None,
    encoder: str | None = None,
    seed: int | None = None,
    settings: Sequence[str] = (),
) -> Recipe:
    """Put a recipe together: defaults, then the preset or file, then the named settings.

    Args:
        reference: a preset's name or a TOML file.
        base: what holds where nothing else is said, in place of the defaults.
        dataset: stands for `data.name`.
        encoder: stands for `model.encoder`.
        seed: stands for `training.seed`.
        settings: `section.key=value`, the last word.

    Raises:
        InputError: there is no such preset or file, or a setting is not of that form.
        ConfigError: all problems of the configuration.

    """
    if isinstance(settings, str):
        raise InputError(f"expected a list of settings, found one text: pass [{settings!r}]")
    table = config.read(reference) if reference is not None else {}
    if not all(isinstance(section, dict) for section in table.values()):
        raise InputError(f"{reference}: expected sections such as [training], found loose keys")
    named: Table = {}
    for section, key, value in (
        ("data", "name", dataset),
        ("model", "encoder", encoder),
        ("training", "seed", seed),
    ):
        if value is not None:
            named[section] = {key: value}
    result = base or DEFAULTS
    for layer in (table, named, config.override({}, settings)):
        result = config.merge(_without_other_plugins(result, layer), layer)
    return check(result)


def _without_other_plugins(table: Table, above: Table) -> Table:
    """Return a table without the options of plugins that the table above it replaces."""
    return {
        section: {} if _names_another(options, above.get(section)) else options
        for section, options in table.items()
    }


def _names_another(options: Table, above: object) -> bool:
    return isinstance(above, dict) and above.get("name", options.get("name")) != options.get("name")


def check(table: Mapping[str, Any]) -> Recipe:
    """Check a table as a whole.

    Raises:
        ConfigError: every problem of every section.

    """
    problems: list[str] = []
    if unknown := sorted(set(table) - set(DEFAULTS)):
        problems.append(
            f"no section is called {', '.join(unknown)}; there are: {', '.join(DEFAULTS)}"
        )

    def collect(make: Callable[[], Any]) -> Any:  # noqa: ANN401
        try:
            return make()
        except ConfigError as error:
            problems.extend(error.problems)
        except InputError as error:
            problems.append(str(error))

    plugins = [kind for kind in DEFAULTS if kind != "training"]
    sections = {
        kind: collect(partial(_section, kind, dict(table.get(kind, {})))) for kind in plugins
    }
    training = collect(partial(parse, trainer.Config, table.get("training", {}), "training"))
    if problems:
        raise ConfigError(problems)
    return Recipe(**sections, training=training)


def _section(kind: str, table: Table) -> Section:
    """Check a plugin's section and write out its defaults."""
    name = table.pop("name", None)
    if kind == "data" and name is None:
        raise InputError(
            f"no dataset is named: use --dataset NAME or a config with data.name; there are: "
            f"{', '.join(data.names())}"
        )
    if not isinstance(name, str):
        raise InputError(f"{kind}.name must be a text, found {name!r}")
    if kind == "data":
        data.check(name, table)
        return Section(name, table)
    package = PACKAGES.get(kind, kind)
    options = parse(find_plugin(f"overtone.{package}", name).Config, table, where=kind)
    return Section(name, dataclasses.asdict(options))
