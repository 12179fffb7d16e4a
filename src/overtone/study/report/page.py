"""Joins a study's findings into one HTML page that needs nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from overtone import __version__, atomic
from overtone.study import significance
from overtone.study.report import labels, mistakes, models, settings
from overtone.study.report.charts import Chart, swatches
from overtone.study.results import Results
from overtone.study.table import Table, Value, shown
from overtone.study.tables import Findings

FOLDER = Path(__file__).parent


def write(findings: Findings, path: Path, *, texts: bool = True) -> None:
    """Write the report.

    Args:
        findings: the study's.
        path: the file.
        texts: whether the worst mistakes are shown, with texts of the data.

    Raises:
        InputError: a cell's predictions are damaged.

    """
    page = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    ).get_template("page.html")  # fmt: skip
    atomic.write_text(path, page.render(**_content(findings, texts=texts)))


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
        "version": __version__,
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


def _rows(table: Table) -> dict[str, Any]:
    """Return a table as the page shows it.

    The paper's figures stand below ours, in one cell, and a dataset above its rows.
    """
    heads = [
        {"head": column.head, "number": column.kind != "text"}
        for column in table.columns
        if not column.paper
    ]
    rows = []
    for row in table.rows:
        cells: list[dict[str, Any]] = []
        for value, column in zip(row, table.columns, strict=True):
            if column.paper:
                cells[-1]["paper"] = _paper(value, shown(value, column.kind))
            else:
                middle, _, around = shown(value, column.kind).partition(" ± ")
                cells.append({"value": middle, "around": around, "paper": ""})
        rows.append(cells)
    groups: list[tuple[str, list[list[dict[str, Any]]]]] = [("", rows)]
    if table.columns[0].key == "dataset":
        heads = heads[1:]
        groups = [
            (name, [cells[1:] for cells in those])
            for name, those in itertools.groupby(rows, key=lambda cells: cells[0]["value"])
        ]
    return {"title": table.title, "heads": heads, "groups": groups, "notes": table.notes}


def _paper(value: Value, text: str) -> str:
    return "" if value is None else text
