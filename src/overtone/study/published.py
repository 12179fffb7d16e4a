"""The figures of a paper that a study sets its own beside: the section `paper` of its plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from overtone import config
from overtone.config import Count, NotNegative, Share, parse
from overtone.errors import ConfigError, InputError

TRAINING, TEST = "training", "test"
"""The two tables of figures."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a table; None where the paper has no such figure."""

    dataset: str
    """The key of one of `datasets`."""
    model: str
    """The key of one of `models`."""
    f1_micro: Share | None = None
    f1_macro: Share | None = None
    jaccard_zero: Share | None = None
    """The paper's Jaccard: it scores an empty prediction on an empty truth 0."""
    seconds_per_epoch: NotNegative | None = None
    epochs: Count | None = None
    seconds: NotNegative | None = None
    """Of all training, or of the test."""


@dataclass(frozen=True, kw_only=True)
class _Names:
    """What the section has besides rows."""

    title: str = "the paper"
    figures: str = ""
    """Another study whose section `paper` stands for this one."""
    datasets: dict[str, str] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Published:
    """A paper's figures."""

    title: str
    datasets: dict[str, str]
    """What its tables call each dataset, by key."""
    models: dict[str, str]
    """What its tables call each model, by key."""
    training: tuple[Row, ...]
    test: tuple[Row, ...]

    def find(self, table: str, dataset: str, model: str) -> Row | None:
        """Return a table's row, None where it has none."""
        rows = self.training if table == TRAINING else self.test
        return next((row for row in rows if (row.dataset, row.model) == (dataset, model)), None)


def read_published(section: Mapping[str, Any]) -> Published | None:
    """Read the section `paper`; None where it is empty.

    Raises:
        ConfigError: every problem of it.

    """
    if not section:
        return None
    plain = {key: value for key, value in section.items() if key not in {TRAINING, TEST}}
    names = parse(_Names, plain, "paper")
    if names.figures:
        if len(section) > 1:
            raise ConfigError(["paper.figures stands for the whole section: leave the rest out"])
        return _of_another_study(names.figures)
    problems: list[str] = []
    tables = {
        name: _rows(section.get(name, []), name, names, problems) for name in (TRAINING, TEST)
    }
    if problems:
        raise ConfigError(problems)
    return Published(names.title, names.datasets, names.models, tables[TRAINING], tables[TEST])


def _of_another_study(reference: str) -> Published | None:
    other = config.read(reference, ("study",), "paper.figures").get("paper", {})
    if not isinstance(other, Mapping) or not other or "figures" in other:
        raise InputError(f"paper.figures: expected a study with figures, found none in {reference}")
    return read_published(other)


def _rows(given: object, name: str, names: _Names, problems: list[str]) -> tuple[Row, ...]:
    """Return a table's rows, checked."""
    if not isinstance(given, list):
        problems.append(f"paper.{name} must be tables such as [[paper.{name}]], found {given!r}")
        return ()
    found = []
    for number, table in enumerate(given, 1):
        where = f"paper.{name} {number}"
        try:
            row = parse(Row, table, where)
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        for kind, key, known in (
            ("dataset", row.dataset, names.datasets),
            ("model", row.model, names.models),
        ):
            if key not in known:
                problems.append(
                    f"{where}: no {kind} of the paper is called {key}; there are: "
                    f"{', '.join(known) or 'none'}"
                )
        found.append(row)
    return tuple(found)
