"""Joins a study's findings into one HTML page that needs nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from overtone.report import frame
from overtone.report.charts import Chart, swatches
from overtone.study import significance
from overtone.study.report import labels, mistakes, models, settings
from overtone.study.results import Results
from overtone.study.table import Table, shown
from overtone.study.tables import Findings


def write(findings: Findings, path: Path, *, texts: bool = True) -> None:
    """Write the report.

    Args:
        findings: the study's.
        path: the file.
        texts: whether the worst mistakes are shown, with texts of the data.

    Raises:
        InputError: a cell's predictions are damaged.

    """
    template = Path(__file__).with_suffix(".html")
    frame.write(template, path, **_content(findings, texts=texts))


def _content(findings: Findings, *, texts: bool) -> dict[str, Any]:
    """Return all that the page shows, by the template's names."""
    results = findings.results
    plan = results.plan
    datasets = [name for name in plan.datasets if results.groups(name)]
    references = [
        group for name in datasets if (group := significance.reference(results, name)) is not None
    ]
    tables = {table.name: _rows(table) for table in findings.tables}
    places = [place for place, name in enumerate(plan.models) if _is_done(results, name)]
    return {
        "title": f"Study {plan.grid.name}",
        "paper": plan.published.title if plan.published else "",
        "done": len(results.done),
        "failed": len(results.failed),
        "open": len(results.missing),
        "seeds": ", ".join(map(str, plan.grid.seeds)),
        "summary": [_summary(results, name) for name in datasets],
        "tables": tables,
        "labels": [tables[f"labels-{name}"] for name in datasets],
        "claims": findings.claims,
        "legend": swatches(
            [plan.model_title(list(plan.models)[place]) for place in places], places
        ),
        "pareto": _drawn([models.pareto(results, name) for name in datasets]),
        "epochs": _drawn([models.epochs(results, name) for name in datasets]),
        "fractions": _drawn([models.fractions(results, name) for name in datasets]),
        "sensitivity": [
            (f"{plan.model_title(model)} on {plan.dataset_title(dataset)}", drawn)
            for dataset, model in plan.pairs()
            if (drawn := settings.charts(results, dataset, model))
        ],
        "settings_legend": settings.legend(),
        "bars": _drawn([labels.bars(results, name) for name in datasets]),
        "curves": _drawn(
            [
                draw(results, name)
                for name in datasets
                for draw in (labels.precision_recall, labels.reliability)
            ]
        ),
        "together": [
            (plan.dataset_title(group.dataset), labels.together(results, group))
            for group in references
        ],
        "mistakes": [
            (
                f"{plan.model_title(group.model)} on {plan.dataset_title(group.dataset)}",
                mistakes.worst(group),
            )
            for group in references
        ]
        if texts
        else None,
    }


def _is_done(results: Results, model: str) -> bool:
    return any(result.cell.model == model for result in results.done)


def _drawn(charts: Sequence[Chart | None]) -> list[Chart]:
    return [chart for chart in charts if chart is not None]


def _summary(results: Results, dataset: str) -> dict[str, str]:
    """Return a dataset's model that is best on dev, and how it does on test."""
    groups = results.groups(dataset)
    best = max(groups, key=lambda group: group.of("dev", "jaccard").mean)
    found = significance.intervals(best)
    return {
        "dataset": results.plan.dataset_title(dataset),
        "model": results.plan.model_title(best.model),
        "jaccard": shown(found["jaccard"], "score"),
        "f1_micro": shown(found["f1_micro"], "score"),
        "f1_macro": shown(found["f1_macro"], "score"),
        "ranked": "" if results.plan.datasets[dataset].ranking else "too few texts to rank models",
    }


def _rows(table: Table) -> frame.Table:
    """Return a table as the page shows it.

    The paper's figures stand below ours, in one cell, and a dataset above its rows.
    """
    words = "prose" if table.name == "not-done" else ""
    heads = [
        (column.head, words if column.kind == "text" else "number")
        for column in table.columns
        if not column.paper
    ]
    rows: list[list[list[str]]] = []
    for row in table.rows:
        cells: list[list[str]] = []
        for value, column in zip(row, table.columns, strict=True):
            said = shown(value, column.kind)
            if not column.paper:
                middle, _, around = said.partition(" ± ")
                cells.append([middle, f"± {around}" if around else ""])
            elif value is not None:
                cells[-1].append(f"paper {said}")
        rows.append(cells)
    groups = [("", rows)]
    if table.columns[0].key == "dataset":
        heads = heads[1:]
        groups = [
            (name, [cells[1:] for cells in those])
            for name, those in itertools.groupby(rows, key=lambda cells: cells[0][0])
        ]
    return frame.Table(table.title, heads, groups, table.notes)
