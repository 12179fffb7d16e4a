"""The table of what `--cost-only` measured, with ratios beside the paper's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from overtone.study.plan import Plan
from overtone.study.table import MILLION, Column, Table, Value, machine_name

BASE = "bert-base"
"""The model of the paper whose epoch the others are set against."""

COLUMNS = (
    Column("dataset", "dataset"),
    Column("model", "model"),
    Column("encoder", "encoder"),
    Column("parameters_m", "M parameters", "number"),
    Column("tokens", "tokens a text", "number"),
    Column("steps", "steps timed", "count"),
    Column("seconds_per_step", "s/step", "seconds"),
    Column("texts_per_second", "texts/s", "seconds"),
    Column("train_texts", "texts an epoch", "count"),
    Column("seconds_per_epoch", "s/epoch, extrapolated", "seconds"),
    Column("ratio", "of BERT base's epoch", "score"),
    Column("paper_ratio", "paper", "score", paper=True),
    Column("memory_mb", "peak MB", "count"),
)


def table(measured: Sequence[dict[str, Any]], plan: Plan) -> Table | None:
    """Return what was measured; None where nothing was."""
    if not measured:
        return None
    # One of BERT base's real size is it, rather than another model that stands in for it.
    real_last = sorted(measured, key=lambda one: bool(plan.models[one["model"]].cost_encoder))
    base = {
        one["dataset"]: one["seconds_per_epoch"]
        for one in real_last
        if plan.models[one["model"]].beside == BASE and "failed" not in one
    }
    rows = tuple(_row(one, base.get(one["dataset"]), plan) for one in measured)
    machines = sorted({machine_name(one["machine"]) for one in measured if "machine" in one})
    notes = (
        (
            "Weights are random, which changes neither seconds nor memory. So many steps of the "
            "real trainer were timed on the data's own lengths after a warm-up; the epoch is "
            "extrapolated from them, not run."
        ),
        *(f"Machine: {one}." for one in machines),
        *(
            f"{plan.dataset_title(name)}: there are fewer texts than the steps take, so some were "
            "taken again."
            for name in dict.fromkeys(
                one["dataset"] for one in measured if one.get("texts_repeated")
            )
        ),
        *(
            f"{one['dataset']}/{one['model']} could not be measured: {one['failed']}."
            for one in measured
            if "failed" in one
        ),
    )
    return Table("cost", "Cost alone, extrapolated", COLUMNS, rows, notes)


def _row(one: dict[str, Any], base: float | None, plan: Plan) -> tuple[Value, ...]:
    head = (plan.dataset_title(one["dataset"]), plan.model_title(one["model"]), one["encoder"])
    if "failed" in one:
        return (*head, *(None,) * (len(COLUMNS) - len(head)))
    return (
        *head,
        one["parameters"] / MILLION,
        one["tokens_mean"],
        one["steps"],
        one["seconds_per_step"],
        one["texts_per_second"],
        one["train_texts"],
        one["seconds_per_epoch"],
        one["seconds_per_epoch"] / base if base else None,
        _paper_ratio(plan, one["dataset"], one["model"]),
        one["gpu_memory_mb"] or one["peak_memory_mb"],
    )


def _paper_ratio(plan: Plan, dataset: str, model: str) -> float | None:
    """Return the paper's ratio of an epoch to one of BERT base; None where it has none."""
    paper, role, own = plan.published, plan.datasets[dataset].beside, plan.models[model]
    # What is here at its real size is the paper's, not another model that stands in for it.
    real = {each.beside for each in plan.models.values() if each.cost_encoder}
    if paper is None or (own.beside in real and not own.cost_encoder):
        return None
    rows = [paper.find("training", role, each) for each in (own.beside, BASE)]
    one, base = (row and row.seconds_per_epoch for row in rows)
    return one / base if one and base else None
