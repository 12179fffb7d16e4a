"""The section `also` of a recipe: datasets that are trained on together with the recipe's own.

`[also.goemotions]` names one. The model learns its labels besides; the recipe's own dataset alone
chooses the epoch, and its labels are those that the model predicts unless others are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from overtone import data as datasets
from overtone.config import Range, Table, parse
from overtone.errors import ConfigError, InputError


@dataclass(frozen=True, kw_only=True)
class Config:
    """What can be said of another dataset, besides its own options."""

    share: Annotated[float, Range(0.0001, 1)] = 1.0
    """Share of its train texts that an epoch has, drawn anew for each epoch."""


@dataclass(frozen=True)
class Also:
    """Another dataset, complete and checked."""

    name: str
    """As for `--dataset`; of a table, its whole path."""
    share: float
    options: Table
    """The dataset's own."""

    def to_json(self) -> Table:
        """Return the table that stands under its name."""
        return {"share": self.share, **self.options}


def whole_paths(table: Table) -> Table:
    """Return the section with tables under their whole paths, whatever they were called."""
    return {str(datasets.named(name).get("file", name)): given for name, given in table.items()}


def check(table: Mapping[str, object], own: Mapping[str, object]) -> tuple[Also, ...]:
    """Check the section, and write out the defaults of the datasets' options.

    Args:
        table: the options of each dataset, by its name.
        own: the section data, the recipe's own dataset.

    Raises:
        ConfigError: every problem of it.

    """
    found, problems = [], []
    for name, given in table.items():
        where = f"also.{name}"
        named = datasets.named(name)
        if not isinstance(given, Mapping):
            problems.append(f"{where} must be a table such as [also.goemotions], found {given!r}")
            continue
        if named.items() <= own.items():
            problems.append(f"{where} is the recipe's own dataset: leave it out")
        options = {option: value for option, value in given.items() if option != "share"}
        try:
            share = parse(Config, {key: given[key] for key in given if key == "share"}, where).share
            found.append(Also(name, share, datasets.resolve(name, options)))
        except ConfigError as error:
            problems += [problem.replace("data.", f"{where}.", 1) for problem in error.problems]
        except InputError as error:
            problems.append(f"{where}: {error}")
    if problems:
        raise ConfigError(problems)
    return tuple(found)
