"""`[search]`: which keys of a recipe are tried, within which bounds, and by which score.

    [search]
    metric = "jaccard"
    training.learning_rate = { low = 1e-5, high = 1e-4, log = true }
    training.batch_size = { choices = [16, 32] }

The rest of the file is an ordinary recipe. What is wrong is said before anything is trained.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

from overtone.config import Count, Range, Table
from overtone.experiment.recipe import Recipe

Scalar = bool | int | float | str
"""A value of a recipe that can be tried."""


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
        return self.compose([setting(name, value) for name, value in values.items()])

    def first(self) -> Recipe:
        """Return a recipe that a trial might have, to check data and model with."""
        return self.recipe({each.name: each.ends[0] for each in self.parameters})

    def to_json(self) -> Table:
        """Return all that makes a trial what it is, as tables."""
        tried = {each.name: asdict(each) for each in self.parameters}
        return {**self.base.to_json(), "search": asdict(self.options), "searched": tried}


def setting(name: str, value: Scalar) -> str:
    """Return a value as `recipe.compose` takes settings: JSON's scalars are TOML's."""
    return f"{name}={json.dumps(value, ensure_ascii=False)}"
