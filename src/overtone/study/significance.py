"""Which differences between a study's models the texts and seeds can show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overtone.errors import InputError
from overtone.evaluation import bootstrap
from overtone.evaluation import compare as differences
from overtone.evaluation.bootstrap import LEVEL, SCORES, Interval
from overtone.evaluation.compare import RESAMPLES, Difference, holm
from overtone.study.plan import BEST
from overtone.study.results import Group, Results


@dataclass(frozen=True)
class Compared:
    """One model less another one on the same texts."""

    dataset: str
    model: str
    other: str
    scores: dict[str, Difference]
    """Of each of `bootstrap.SCORES`."""
    p_holm: float
    """The p-value of `jaccard`, corrected for the number of models compared on the dataset."""
    seeds: tuple[int, ...]
    """Those that both have, which are drawn in pairs where there are several."""


def compared(results: Results, resamples: int = RESAMPLES) -> list[Compared]:
    """Compare each dataset's models with the one that the plan names, or the best on dev.

    Datasets whose plan says `ranking = false` are left out.

    Raises:
        InputError: predictions are damaged.

    """
    found: list[Compared] = []
    for dataset, about in results.plan.datasets.items():
        if not about.ranking:
            continue
        groups = results.groups(dataset)
        other = reference(results, dataset)
        if other is None:
            continue
        pairs = [
            (group, each, seeds)
            for group in groups
            if group is not other and (each := pair(group, other, resamples))
            for seeds in [_common(group, other)]
        ]
        corrected = holm([each["jaccard"].p_value for _, each, _ in pairs])
        found += [
            Compared(dataset, group.model, other.model, each, p_value, seeds)
            for (group, each, seeds), p_value in zip(pairs, corrected, strict=True)
        ]
    return found


def reference(results: Results, dataset: str) -> Group | None:
    """Return the model that a dataset's others are compared with; None where it isn't done."""
    groups = results.groups(dataset)
    against = results.plan.grid.against
    if against == BEST:
        # By dev: the best on test would be so by its luck there.
        return max(groups, key=lambda group: group.of("dev", "jaccard").mean, default=None)
    return results.group(dataset, against)


def pair(one: Group, other: Group, resamples: int = RESAMPLES) -> dict[str, Difference]:
    """Return one model's scores less another's, with seeds in pairs; empty where they share none.

    Raises:
        InputError: the two were scored on other texts.

    """
    seeds = _common(one, other)
    if not seeds:
        return {}
    first, second = (
        [result.predictions for result in group.results if result.cell.seed in seeds]
        for group in (one, other)
    )
    for each in (*first, *second):
        if (each.ids, each.labels) != (first[0].ids, first[0].labels):
            raise InputError(
                f"{one.dataset}: expected {one.model} and {other.model} to be scored on the same "
                "texts, found others: the data changed in the midst of the study"
            )
    return differences.compare(
        first[0].truth,
        [each.decided for each in first],
        [each.decided for each in second],
        seeds_paired=len(seeds) > 1,
        resamples=resamples,
    ).scores


def _common(one: Group, other: Group) -> tuple[int, ...]:
    return tuple(seed for seed in one.seeds if seed in other.seeds)


def intervals(group: Group, resamples: int = bootstrap.RESAMPLES) -> dict[str, Interval]:
    """Return intervals of a model's mean scores on test: over texts, with its seeds as they are."""
    found, drawn = bootstrap.draw(
        group.results[0].predictions.truth, group.decided(), resamples=resamples, seed=0
    )
    whole = slice(len(SCORES))
    bounds = bootstrap.bounds(np.asarray(drawn.mean(axis=0)[:, whole]), LEVEL)
    values = found.mean(axis=0)[whole]
    return {
        name: Interval(float(value), *bound)
        for name, value, bound in zip(SCORES, values, bounds, strict=True)
    }
