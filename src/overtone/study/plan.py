"""A study's plan: which datasets, models, fractions and seeds, as checked, frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from overtone.config import Count, Range
from overtone.study.published import Published

Seed = Annotated[int, Range(0, 2**63 - 1)]
Part = Annotated[float, Range(0.0001, 1)]
HeldOut = Annotated[float, Range(0, 0.5)]

BEST = "best"
"""Stands for the model that is best on dev, where the others are compared with one."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """What is common to all cells: the section `study`."""

    name: str
    """What the study is called."""
    seeds: tuple[Seed, ...] = (0,)
    """Of training; each cell is done under each of them."""
    fractions: tuple[Part, ...] = (1.0,)
    """Shares of the train split, drawn stratified over the labels."""
    fraction_seeds: tuple[Seed, ...] = ()
    """The seeds of fractions below the largest; all of them where none is named."""
    hold_out: HeldOut = 0.0
    """Share of the train split that is held out and scored in place of the test split; 0 scores the
    official one."""
    against: str = BEST
    """The model that the others are compared with; `best` is the one that is best on dev."""

    @property
    def most(self) -> float:
        """Return the largest fraction: models are compared, and settings changed, on this."""
        return max(self.fractions)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One of the datasets: a section `datasets.NAME`."""

    dataset: str = ""
    """As for `--dataset`; by default the section's own name."""
    title: str = ""
    """How tables call it; by default by its name."""
    options: dict[str, object] = field(default_factory=dict)
    """The dataset's own options, such as `language = "es"`."""
    settings: tuple[str, ...] = ()
    """Of every recipe here: `section.key=value`. `{data}` stands for the folder of the data."""
    hold_out: HeldOut | None = None
    """As in the section `study`, for this dataset alone."""
    ranking: bool = True
    """Whether models are compared here; false where the texts are too few to rank any."""
    beside: str = ""
    """What the paper calls it, where it has figures of it."""
    cost_settings: tuple[str, ...] = ()
    """Settings where only cost is measured, such as a cleaner that needs no download."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One of the models: a section `models.NAME`."""

    config: str = ""
    """A preset or a TOML file."""
    title: str = ""
    """How tables call it; by default by its name."""
    settings: tuple[str, ...] = ()
    """`section.key=value`; `{data}` stands for the folder of the data."""
    datasets: tuple[str, ...] = ()
    """The datasets that it is trained on; all where none is named."""
    fractions: bool = True
    """Whether it is trained on fractions of the data, too."""
    beside: str = ""
    """What the paper calls it, or the model of the paper that it stands in for."""
    cost_encoder: str = ""
    """The encoder whose cost is measured in place of its own, such as random/bert-base."""
    cost_only: bool = False
    """Whether it is never trained, only measured by `--cost-only`."""


@dataclass(frozen=True, kw_only=True)
class On:
    """What is else about a model on one dataset: a section `models.NAME.on.DATASET`."""

    config: str = ""
    """In place of the model's."""
    settings: tuple[str, ...] = ()
    """After the model's."""


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """Settings that are changed one at a time: the section `sensitivity`."""

    models: tuple[str, ...] = ()
    """All where none is named."""
    datasets: tuple[str, ...] = ()
    """All where none is named."""
    seeds: tuple[Seed, ...] = ()
    """All where none is named."""
    values: dict[str, tuple[object, ...]] = field(default_factory=dict)
    """The values of each setting, such as "training.batch_size" = [16, 64]."""
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What else a key needs, such as "loss.alpha" = ["loss.name=joint"]."""


@dataclass(frozen=True, kw_only=True)
class CostPlan:
    """How cost alone is measured: the section `cost`."""

    steps: Annotated[int, Range(2)] = 20
    """Steps of the optimiser that are timed."""
    warm_up: Count = 2
    """Steps before them that are not."""


@dataclass(frozen=True)
class Plan:
    """A whole study."""

    grid: Grid
    datasets: dict[str, Dataset]
    models: dict[str, Model]
    on: dict[tuple[str, str], On]
    """By model and dataset."""
    sensitivity: Sensitivity
    cost: CostPlan
    published: Published | None
    """The figures to set ours beside."""

    def dataset_title(self, name: str) -> str:
        """Return how tables call a dataset."""
        return self.datasets[name].title or name

    def model_title(self, name: str) -> str:
        """Return how tables call a model."""
        return self.models[name].title or name

    def pairs(self) -> list[tuple[str, str]]:
        """Return the datasets and the models that are trained on each."""
        return [pair for pair in self.measured() if not self.models[pair[1]].cost_only]

    def measured(self) -> list[tuple[str, str]]:
        """Return the datasets and the models whose cost may be measured on each."""
        return [
            (dataset, name)
            for dataset in self.datasets
            for name, model in self.models.items()
            if not model.datasets or dataset in model.datasets
        ]

    def hold_out(self, dataset: str) -> float:
        """Return the share of a dataset's train split that is held out."""
        own = self.datasets[dataset].hold_out
        return self.grid.hold_out if own is None else own

    def role(self, dataset: str) -> str:
        """Return what the paper calls a dataset, or nothing."""
        return self.datasets[dataset].beside
