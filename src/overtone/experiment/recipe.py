"""A recipe: the whole configuration of a training run, each section checked by its own plugin."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import tomli_w

from overtone import config
from overtone import data as datasets
from overtone.config import Table, collect, find_plugin, parse
from overtone.errors import ConfigError, InputError
from overtone.experiment import also as others
from overtone.experiment import distill, recipe_layers, smaller
from overtone.experiment.also import Also
from overtone.training.config import Config as Training

log = logging.getLogger(__name__)

DEFAULTS: Table = {
    "data": {},
    "also": {},
    "text": {},
    "inputs": {},
    "model": {"name": recipe_layers.DEFAULT_FAMILY},
    "loss": {},
    "calibration": {"name": "none"},
    "decision": {"name": "threshold"},
    "training": {},
    "init": {},
    "compress": {},
    "teacher": {},
}
"""What a recipe says where nothing else does; each option's own default stands in its plugin. The
model's family says which text, inputs and loss go with it."""


@dataclass(frozen=True, kw_only=True)
class Init:
    """Which model training starts from, in place of a pretrained encoder."""

    model: str = ""
    """The folder of a run or a bundle; empty where there is none."""
    sha256: str = ""
    """That of its bundle.json."""
    recipe: str = ""
    """In place of a model: a preset, or a TOML file, whose model is trained first, on that one's
    dataset, with this one's encoder and seed. It needs the same family and shape."""


PLAIN = {
    "training": Training, "init": Init, "compress": smaller.Smaller, "teacher": distill.Teacher
}  # fmt: skip
"""The sections that are no plugins."""

PLUGINS = [kind for kind in DEFAULTS if kind not in (*PLAIN, "also")]
"""The sections that each name one."""

PACKAGES = {"loss": "losses", "model": "models"}
"""The plugin package of a section, where it has another name."""


@dataclass(frozen=True)
class Section:
    """A plugin's name and its options, complete and checked."""

    name: str
    options: Table

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Section:
        """Return what `to_json` made a table of."""
        return cls(table["name"], {key: table[key] for key in table if key != "name"})

    def to_json(self) -> Table:
        """Return the section as a table with the key `name`."""
        return {"name": self.name, **self.options}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A checked configuration."""

    data: Section
    also: tuple[Also, ...] = ()
    text: Section
    inputs: Section
    model: Section
    loss: Section
    calibration: Section
    decision: Section
    training: Training
    init: Init
    compress: smaller.Smaller
    teacher: distill.Teacher

    def to_json(self) -> Table:
        """Return the recipe as tables, every default written out."""
        tables = {kind: getattr(self, kind).to_json() for kind in PLUGINS}
        plain = {kind: _table(getattr(self, kind)) for kind in PLAIN}
        return {**tables, **plain, "also": {other.name: other.to_json() for other in self.also}}

    def to_toml(self) -> str:
        """Return the recipe as TOML that `check` takes."""
        return tomli_w.dumps(self.to_json())


def _table(options: Any) -> Table:  # noqa: ANN401 - any dataclass
    """Return a dataclass's values as JSON has them, which knows no tuples."""
    values = dataclasses.asdict(options)
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in values.items()
    }


def compose(
    reference: str | Path | Table | None = None,
    *,
    base: Table | None = None,
    dataset: str | None = None,
    data: Mapping[str, object] | None = None,
    also: Sequence[str] = (),
    model: str | None = None,
    encoder: str | None = None,
    init: str | Path | None = None,
    teachers: Sequence[str | Path] = (),
    teacher_texts: Sequence[str | Path] = (),
    seed: int | None = None,
    settings: Sequence[str] = (),
) -> Recipe:
    """Put a recipe together: defaults, then the preset or file, then the named settings.

    Args:
        reference: a preset's name, a TOML file, or the tables of one.
        base: what holds where nothing else is said, in place of the defaults.
        dataset: stands for `data.name`; the path of a table, for `data.file`.
        data: stands for the other options of `data`.
        also: other datasets that are trained on at the same time, each a section `also.NAME`.
        model: stands for `model.name`.
        encoder: stands for `model.encoder`.
        init: the model to start from, whose text, inputs and model sections hold where nothing else
            is said.
        teachers: stand for `teacher.models`.
        teacher_texts: stand for `teacher.texts`.
        seed: stands for `training.seed`.
        settings: `section.key=value`, the last word.

    Raises:
        InputError: there is no such preset or file, or a setting is not of that form.
        ConfigError: all problems of the configuration.

    """
    for kind, given in (("settings", settings), ("other datasets", also)):
        if isinstance(given, str):
            raise InputError(f"expected a list of {kind}, found one text: pass [{given!r}]")
    if reference is None or isinstance(reference, dict):
        table, name = reference or {}, "the recipe"
    else:
        table, name = config.read(reference), str(reference)
    if not all(isinstance(section, dict) for section in table.values()):
        raise InputError(f"{name}: expected sections such as [training], found loose keys")
    named: Table = {"data": dict(data or {}), "also": {name: {} for name in also}}
    for section, key, value in (
        ("data", "name", dataset),
        ("model", "name", model),
        ("model", "encoder", encoder),
        ("training", "seed", seed),
        ("teacher", "models", list(map(str, teachers)) or None),
        ("teacher", "texts", list(map(str, teacher_texts)) or None),
    ):
        if value is not None:
            named.setdefault(section, {})[key] = value
    result = base or DEFAULTS
    initial: Table = {}
    if init is not None:
        initial = recipe_layers.of_model(init)
        result = config.merge(result, initial)
    # One layer: an encoder that is named stays where a setting names another model.
    asked = config.merge(named, config.override({}, settings))
    for said in (table, asked):
        layer = smaller.resolved(
            distill.resolved(recipe_layers.with_whole_path(recipe_layers.with_own_files(said)))
        )
        result = config.merge(recipe_layers.without_other_plugins(result, layer), layer)
    if initial:
        result = recipe_layers.with_shape_of(initial["model"], result, asked)
    return check(result)


def check(table: Mapping[str, Any]) -> Recipe:
    """Check a table as a whole.

    Raises:
        ConfigError: every problem of every section.

    """
    problems = list(_unknown(table))

    tables = {kind: dict(table.get(kind, {})) for kind in DEFAULTS}
    # An unknown family is reported below; the other sections are checked all the same.
    family = recipe_layers.family(tables["model"].get("name"))
    tables["text"].setdefault("name", family.TEXT)
    tables["inputs"].setdefault("name", family.INPUTS)
    tables["loss"].setdefault("name", family.LOSS)
    if tables["inputs"]["name"] != family.INPUTS:
        problems.append(
            f"the model {tables['model'].get('name')} takes inputs.name {family.INPUTS}, found "
            f"{tables['inputs']['name']!r}"
        )
    solver = getattr(family, "SOLVER", False)
    if solver and _names_a_loss(family, tables["loss"]):
        problems.append(
            f"the model {tables['model']['name']} is fitted by a solver, which no loss changes: "
            "leave the section loss out; model.balance weighs present labels"
        )
    also = collect(partial(others.check, tables["also"], dict(tables["data"])), problems)
    sections = {kind: collect(partial(section, kind, tables[kind]), problems) for kind in PLUGINS}
    plain = {
        kind: collect(partial(parse, PLAIN[kind], tables[kind], kind), problems) for kind in PLAIN
    }
    if tables["init"].get("model") and not tables["init"].get("sha256"):
        problems.append("init.model is no setting: name the model to start from with --init")
    problems += _problems_of_first(plain["init"], sections["model"])
    if (training := plain["training"]) is not None and training.learn_dev and training.soup == 1:
        problems.append(
            "training.learn_dev divides dev among a soup's trainings: set training.soup to 2 or "
            "more, or training.learn_dev=false"
        )
    if plain["compress"] is not None:
        starts = bool(tables["init"].get("model"))
        problems += smaller.problems(plain["compress"], starts=starts)
    if plain["teacher"] is not None:
        problems += distill.problems(plain["teacher"], solver=solver)
    if problems:
        raise ConfigError(problems)
    return Recipe(**sections, **plain, also=also)


def _problems_of_first(init: Init | None, model: Section | None) -> list[str]:
    """Return what is wrong with the recipe whose model is trained first."""
    if init is None or not init.recipe:
        return []
    if init.model:
        return ['a run starts from one model: leave out --init, or --set init.recipe=""']
    try:
        before = config.read(init.recipe).get("init")
        if isinstance(before, dict) and before.get("recipe"):
            return [f"init.recipe: {init.recipe} wants a model before it too; train that one apart"]
        first = compose(init.recipe).model
    except ConfigError as error:
        return [f"init.recipe: {problem}" for problem in error.problems]
    except InputError as error:
        return [f"init.recipe: {error}"]
    shapes = [
        {
            "name": each.name,
            **{key: each.options[key] for key in each.options.keys() - recipe_layers.MAY_CHANGE},
        }
        for each in (first, model)
        if each is not None
    ]
    return [
        f"init.recipe: expected a model of the same shape, found {key} {shapes[0].get(key)!r} "
        f"there and {value!r} here"
        for key, value in shapes[-1].items()
        if key not in recipe_layers.FROM and shapes[0].get(key) != value
    ]


def _unknown(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the names of sections."""
    if "search" in table:
        yield "the section search is for overtone tune: leave it out"
    if unknown := sorted(set(table) - set(DEFAULTS) - {"search"}):
        yield f"no section is called {', '.join(unknown)}; there are: {', '.join(DEFAULTS)}"


def _names_a_loss(family: ModuleType, table: Table) -> bool:
    """Return whether a section loss says anything but the default."""
    default = find_plugin("overtone.losses", family.LOSS).Config()
    options = {**dataclasses.asdict(default), "name": family.LOSS}
    return any(options.get(key) != value for key, value in table.items())


def section(kind: str, table: Mapping[str, Any]) -> Section:
    """Check a plugin's section and write out its defaults.

    Raises:
        InputError: it names no plugin that exists.
        ConfigError: an option is none of the plugin's.

    """
    table = dict(table)
    name = table.pop("name", None)
    if kind == "data" and name is None:
        raise InputError(
            f"no dataset is named: use --dataset NAME or a config with data.name; there are: "
            f"{', '.join(datasets.names())}"
        )
    if not isinstance(name, str):
        raise InputError(f"{kind}.name must be a text, found {name!r}")
    if kind == "data":
        return Section(name, datasets.resolve(name, table))
    package = PACKAGES.get(kind, kind)
    options = parse(find_plugin(f"overtone.{package}", name).Config, table, where=kind)
    return Section(name, dataclasses.asdict(options))
