"""Tables 1 and 2 of the paper, with our figures beside the paper's."""

from __future__ import annotations

from collections.abc import Iterator

from overtone.study.published import TEST, TRAINING, Row
from overtone.study.results import Group, Results
from overtone.study.splits import OFFICIAL
from overtone.study.table import MILLION, Column, Table, Value, machine_name

CONVENTION = (
    "jaccard scores an empty prediction on an empty truth 1, jaccard_zero scores it 0, as the "
    "paper's Jaccard does: that stands beside jaccard_zero."
)
SPREAD = "Mean ± standard deviation over the seeds."
TIMES = "Times compare within one study on one machine only, never with the paper's."

SCORES = (
    Column("f1_micro", "micro F1", "score"),
    Column("paper_f1_micro", "paper", "score", paper=True),
    Column("f1_macro", "macro F1", "score"),
    Column("paper_f1_macro", "paper", "score", paper=True),
    Column("jaccard", "jaccard", "score"),
    Column("jaccard_zero", "jaccard_zero", "score"),
    Column("paper_jaccard_zero", "paper", "score", paper=True),
)
HEAD = (Column("dataset", "dataset"), Column("model", "model"))
TRAINED = (
    Column("seconds_per_epoch", "s/epoch", "seconds"),
    Column("paper_seconds_per_epoch", "paper", "seconds", paper=True),
    Column("epochs", "epochs", "count"),
    Column("paper_epochs", "paper", "count", paper=True),
    Column("seconds", "total", "clock"),
    Column("paper_seconds", "paper", "clock", paper=True),
    Column("parameters_m", "M parameters", "number"),
    Column("peak_memory_mb", "peak MB", "count"),
    Column("texts_per_second", "texts/s", "seconds"),
    Column("seeds", "seeds"),
)
TESTED = (
    Column("seconds", "test s", "seconds"),
    Column("paper_seconds", "paper", "seconds", paper=True),
    Column("texts_per_second", "texts/s", "seconds"),
    Column("texts", "texts", "count"),
    Column("test_is", "test is"),
    Column("seeds", "seeds"),
)


def table_1(results: Results) -> Table:
    """Return the scores on dev and the cost of training."""
    rows = []
    for dataset, title, group, paper in _rows(results, TRAINING):
        cost: tuple[Value, ...] = (None,) * 7
        if group is not None:
            cost = (
                group.of("cost", "seconds_per_epoch"),
                group.of("cost", "epochs"),
                group.of("cost", "seconds").mean,
                group.figure("parameters").mean / MILLION,
                _memory(group),
                group.of("cost", "texts_per_second").mean,
                _seeds(results, group),
            )
        theirs = _figures(paper, "seconds_per_epoch", "epochs", "seconds")
        beside = [value for pair in zip(cost, theirs, strict=False) for value in pair]
        rows.append((dataset, title, *_scores(group, paper, "dev"), *beside, *cost[3:]))
    notes = (
        (
            "Scores on dev, which chose the epoch; the paper's are headed training results and are "
            "most likely its validation split's."
        ),
        f"{SPREAD} {CONVENTION}",
        *_part(results),
        (
            f"{TIMES} An epoch leaves validation out, total has it; peak MB is the most memory of "
            "the process, on a GPU that of the GPU."
        ),
        *_machines(results),
        *_stand_ins(results),
    )
    return Table("table-1", "Table 1: training", (*HEAD, *SCORES, *TRAINED), tuple(rows), notes)


def table_2(results: Results) -> Table:
    """Return the scores on test and what testing took."""
    rows = []
    for dataset, title, group, paper in _rows(results, TEST):
        cost: tuple[Value, ...] = (None,) * 5
        if group is not None:
            first = group.results[0].saved
            cost = (
                group.figure("test_seconds"),
                group.figure("test_texts_per_second").mean,
                first["texts"]["test"],
                _which(first["test_is"], results.plan.hold_out(group.dataset)),
                _seeds(results, group),
            )
        seconds = (cost[0], *_figures(paper, "seconds"))
        rows.append((dataset, title, *_scores(group, paper, "test"), *seconds, *cost[1:]))
    notes = (
        f"{SPREAD} {CONVENTION}",
        "Test is the official test split, or a part of train that was held out.",
        *_part(results),
        TIMES,
        *_stand_ins(results),
    )
    return Table("table-2", "Table 2: test", (*HEAD, *SCORES, *TESTED), tuple(rows), notes)


def _rows(results: Results, table: str) -> Iterator[tuple[str, str, Group | None, Row | None]]:
    """Yield dataset, model, our cells and the paper's row, whichever there are."""
    plan = results.plan
    paper = plan.published
    for dataset, about in plan.datasets.items():
        used = set()
        for pair in plan.pairs():
            if pair[0] != dataset:
                continue
            role = plan.models[pair[1]].beside
            row = paper.find(table, about.beside, role) if paper and role else None
            used.add(role)
            yield plan.dataset_title(dataset), plan.model_title(pair[1]), results.group(*pair), row
        for row in getattr(paper, table) if paper else ():
            if row.dataset == about.beside and row.model not in used and paper:
                title = f"{paper.models[row.model]} (the paper's only)"
                yield plan.dataset_title(dataset), title, None, row


def _scores(group: Group | None, paper: Row | None, where: str) -> tuple[Value, ...]:
    names = ("f1_micro", "f1_macro", "jaccard", "jaccard_zero")
    ours = [group.of(where, name) if group else None for name in names]
    micro, macro, zero = _figures(paper, "f1_micro", "f1_macro", "jaccard_zero")
    return (ours[0], micro, ours[1], macro, ours[2], ours[3], zero)


def _figures(paper: Row | None, *names: str) -> list[Value]:
    return [getattr(paper, name) if paper else None for name in names]


def _memory(group: Group) -> float:
    """Return the most memory that a cell took, in MB: of the GPU where there was one."""
    return max(
        float(result.saved["gpu_memory_mb"] or result.cost["peak_memory_mb"])
        for result in group.results
    )


def _seeds(results: Results, group: Group) -> str:
    wanted, have = len(results.plan.grid.seeds), len(group.results)
    return str(have) if have == wanted else f"{have} of {wanted}"


def _which(kind: str, share: float) -> str:
    return "official" if kind == OFFICIAL else f"{100 * share:g} % of train"


def _part(results: Results) -> tuple[str, ...]:
    """Return on how much of train all were trained, where that isn't all."""
    most = results.plan.grid.most
    return () if most == 1 else (f"Trained on {100 * most:g} % of the train split.",)


def _machines(results: Results) -> tuple[str, ...]:
    machines = results.machines()
    if not machines:
        return ()
    said = "; ".join(machine_name(one) for one in machines)
    several = ": cells were done on several kinds, whose times don't compare" * (len(machines) > 1)
    return (f"Machine: {said}{several}.",)


def _stand_ins(results: Results) -> tuple[str, ...]:
    """Return which models stand beside one of the paper's that they are not."""
    paper, plan = results.plan.published, results.plan
    if paper is None:
        return ()
    pairs = [
        f"{plan.model_title(name)} beside {paper.models[model.beside]}"
        for name, model in plan.models.items()
        if not model.cost_only
        and model.beside in paper.models
        and plan.model_title(name) != paper.models[model.beside]
    ]
    return (f"Stands in for a model of the paper: {', '.join(pairs)}.",) if pairs else ()
