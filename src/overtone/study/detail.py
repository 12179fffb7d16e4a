"""The tables behind the headline: significance, intervals, data, settings, labels, failures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from overtone.study.results import Group, Results, Spread
from overtone.study.significance import Compared, intervals
from overtone.study.table import Column, Table, Value

SCORED = ("jaccard", "jaccard_zero", "f1_micro", "f1_macro")
NAMES = {"f1_micro": "micro F1", "f1_macro": "macro F1"}
FEW = (("dev", "jaccard"), *(("test", name) for name in SCORED))
"""The scores of tables with many rows."""
SURE = 0.05
"""A corrected p-value that is not above it holds for all models together."""


def significance(results: Results, found: Sequence[Compared]) -> Table:
    """Return each model less the one that it is compared with, on test."""
    plan = results.plan
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (
            plan.dataset_title(one.dataset),
            plan.model_title(one.model),
            plan.model_title(one.other),
            *(one.scores[name] for name in SCORED),
            one.scores["jaccard"].p_value,
            one.p_holm,
            _verdict(one),
            ", ".join(map(str, one.seeds)),
        )
        for one in found
    )
    columns = (
        Column("dataset", "dataset"),
        Column("model", "model"),
        Column("less", "less"),
        *(Column(name, NAMES.get(name, name), "points") for name in SCORED),
        Column("p", "p (jaccard)", "p"),
        Column("p_holm", "p (Holm)", "p"),
        Column("verdict", "by jaccard"),
        Column("seeds", "seeds"),
    )
    notes = (
        (
            "In points, hundredths of a score, with 95 % intervals: a paired bootstrap over texts "
            "and seeds, 10,000 draws. Holm: corrected for the number of "
            "models compared on the dataset."
        ),
        "Few seeds say little of how far seeds vary.",
        *(
            f"{plan.dataset_title(name)}: too few texts to rank models."
            for name, about in plan.datasets.items()
            if not about.ranking
        ),
    )
    return Table("significance", "Paired differences on test", columns, rows, notes)


def _verdict(one: Compared) -> str:
    difference = one.scores["jaccard"]
    if not difference.sign:
        return "no difference shown"
    word = "better" if difference.sign > 0 else "worse"
    return word if one.p_holm <= SURE else f"{word} (not after Holm)"


def interval_table(results: Results) -> Table:
    """Return each model's mean scores on test with intervals over the texts."""
    rows: list[tuple[Value, ...]] = []
    for dataset in results.plan.datasets:
        for group in results.groups(dataset):
            found = intervals(group)
            rows.append((*_head(results, group), *(found[name] for name in SCORED)))
    columns = (
        Column("dataset", "dataset"),
        Column("model", "model"),
        *(Column(name, NAMES.get(name, name), "score") for name in SCORED),
    )
    notes = (
        (
            "The mean over seeds with 95 % bootstrap intervals, for other texts of the same kind; "
            "other seeds of training are not in them."
        ),
    )
    return Table("intervals", "Scores on test with intervals", columns, tuple(rows), notes)


def fractions(results: Results) -> Table | None:
    """Return the scores of models trained on parts of the data; None where there are none."""
    asked = sorted(results.plan.grid.fractions)
    if len(asked) == 1:
        return None
    rows = []
    for dataset, model in results.plan.pairs():
        for fraction in asked:
            group = results.group(dataset, model, fraction)
            if group is not None:
                texts = group.results[0].saved["texts"]["train"]
                rows.append((*_head(results, group), fraction, texts, *_scored(group)))
    columns = (
        Column("dataset", "dataset"),
        Column("model", "model"),
        Column("fraction", "of train", "share"),
        Column("texts", "texts", "count"),
        *_score_columns(),
    )
    notes = (
        (
            "Parts of train are drawn stratified over the labels, anew under each seed; dev and "
            "test are whole."
        ),
    )
    return Table("fractions", "Scores by amount of data", columns, tuple(rows), notes)


def sensitivity(results: Results) -> Table | None:
    """Return the scores where one setting is another one; None where that isn't planned."""
    asked = results.plan.sensitivity
    if not asked.values:
        return None
    rows: list[tuple[Value, ...]] = []
    for dataset, model in results.plan.pairs():
        for key in asked.values:
            found = [(value, group, False) for value, group in results.changed(dataset, model, key)]
            own = own_value(results, dataset, model, key)
            if found and own is not None:
                found.append((*own, True))
            rows += [
                (
                    *_head(results, group),
                    key,
                    _said(value),
                    "yes" if is_own else "",
                    *_scored(group),
                )
                for value, group, is_own in sorted(found, key=lambda each: _order(each[0]))
            ]
    columns = (
        Column("dataset", "dataset"),
        Column("model", "model"),
        Column("setting", "setting"),
        Column("value", "value"),
        Column("own", "the model's own"),
        *_score_columns(),
    )
    notes = ("One setting is changed at a time; all others are the model's own.",)
    return Table("sensitivity", "Sensitivity to single settings", columns, tuple(rows), notes)


def own_value(results: Results, dataset: str, model: str, key: str) -> tuple[object, Group] | None:
    """Return what a setting is in a model's own recipe, and the cells of the seeds that compare."""
    group = results.group(dataset, model)
    if group is None:
        return None
    section, *path = key.split(".")
    value: Any = group.results[0].cell.recipe.to_json().get(section, {})
    for part in path:
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    seeds = results.plan.sensitivity.seeds or group.seeds
    same = tuple(result for result in group.results if result.cell.seed in seeds)
    return (value, Group(dataset, model, same)) if same else None


def labels(results: Results, dataset: str) -> Table | None:
    """Return each label's F1 on test by each model; None where none is done."""
    groups = results.groups(dataset)
    if not groups:
        return None
    first = groups[0].results[0].test["per_label"]
    rows = tuple(
        (
            name,
            first[name]["support"],
            *(
                Spread(tuple(result.test["per_label"][name]["f1"] for result in group.results))
                for group in groups
            ),
        )
        for name in first
    )
    columns = (
        Column("label", "label"),
        Column("texts", "texts", "count"),
        *(
            Column(f"f1_{group.model}", results.plan.model_title(group.model), "score")
            for group in groups
        ),
    )
    title = f"F1 of each label on test: {results.plan.dataset_title(dataset)}"
    return Table(f"labels-{dataset}", title, columns, rows)


def failures(results: Results) -> Table | None:
    """Return the cells that are not there, and why; None where all are."""
    rows = [(cell.key, "failed", reason) for cell, reason in results.failed]
    rows += [(cell.key, "not done yet", "") for cell in results.missing]
    if not rows:
        return None
    columns = (Column("cell", "cell"), Column("state", "state"), Column("reason", "reason"))
    return Table("not-done", "Cells without a result", columns, tuple(rows))


def _head(results: Results, group: Group) -> tuple[str, str]:
    plan = results.plan
    return plan.dataset_title(group.dataset), plan.model_title(group.model)


def _score_columns() -> tuple[Column, ...]:
    return tuple(
        Column(f"{where}_{name}", f"{where} {NAMES.get(name, name)}", "score")
        for where, name in FEW
    )


def _scored(group: Group) -> tuple[Spread, ...]:
    return tuple(group.of(*score) for score in FEW)


def _said(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _order(value: object) -> tuple[bool, float, str]:
    number = isinstance(value, int | float)
    return (not number, float(value) if number else 0.0, str(value))  # type: ignore[arg-type]
