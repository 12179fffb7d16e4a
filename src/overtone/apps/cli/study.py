"""`overtone study`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overtone.apps.cli.options import DataDir, needs, quieten_libraries, says_how_to_go_on
from overtone.config import preset_names
from overtone.errors import InputError

if TYPE_CHECKING:
    from overtone.study.cells import Cell
    from overtone.study.plan import Plan


def study(
    plan: Annotated[
        str,
        typer.Argument(
            metavar="STUDY", help=f"A TOML file or a preset: {', '.join(preset_names(['study']))}."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", help="The study's folder; what is done there stays.", file_okay=False
        ),
    ],
    data_dir: DataDir = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="PATTERN", help="Such as 'semeval2018-en/spanemo/*'; repeatable."
        ),
    ] = None,
    list_cells: Annotated[
        bool, typer.Option("--list", help="Print the cells and their states; do nothing.")
    ] = False,
    tables: Annotated[
        bool, typer.Option("--tables", help="Only write tables and report anew from what is done.")
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Try cells that failed once more.")
    ] = False,
    cost_only: Annotated[
        bool,
        typer.Option(
            "--cost-only",
            help="Train nothing: time the encoders at their real sizes and measure their memory.",
        ),
    ] = False,
    no_texts: Annotated[
        bool, typer.Option("--no-texts", help="Leave texts of the data out of the report.")
    ] = False,
    cell: Annotated[str | None, typer.Option("--cell", hidden=True)] = None,
    attempts: Annotated[int, typer.Option("--attempts", hidden=True)] = 1,
    measure: Annotated[str | None, typer.Option("--measure", hidden=True)] = None,
) -> None:
    """Train a grid of datasets, models, data fractions and seeds, and write its tables."""
    with needs("train", "study"):
        from overtone.study import cells as grid
        from overtone.study import reading

        quieten_libraries()
    read = reading.read(plan)
    if measure is not None:
        _measure_one(read, measure, output, data_dir)
        return
    # What is only measured is no cell, and has patterns of its own.
    found = grid.find(read, data_dir, () if cost_only else only or ())
    if cell is not None:
        _do_one(found, cell, output, attempts)
    elif list_cells:
        from overtone.apps.cli.show_study import show_list

        typer.echo("\n".join(show_list(found, output)))
    else:
        again = [
            plan,
            "--output",
            str(output),
            *(["--data-dir", str(data_dir)] if data_dir else []),
        ]
        if cost_only:
            _measure_all(read, output, data_dir, again, only or [])
        elif not tables:
            _do_all(found, output, again, retry=retry)
        failed = _write(read, grid.find(read, data_dir), output, texts=not no_texts)
        if not (tables or cost_only) and failed & {each.key for each in found}:
            raise typer.Exit(1)  # so that a script sees it; all that could be done is


def _do_all(cells: list[Cell], output: Path, again: list[str], *, retry: bool) -> None:
    """Do all cells, each in a process of its own."""
    from overtone.apps.cli.show_study import Shown
    from overtone.study import engine
    from overtone.study.own_process import OwnProcess, Program
    from overtone.study.stops import Stops

    output.mkdir(parents=True, exist_ok=True)
    stops = Stops()
    do = OwnProcess(Program(again, stops), output, stops)
    with says_how_to_go_on(""), stops.listening(), Shown(cells, output) as shown:
        engine.run(cells, output, do, stops, shown, retry=retry)


def _do_one(cells: list[Cell], key: str, output: Path, attempts: int) -> None:
    """Do one cell in this process, which another one started for that."""
    from overtone.study.do import BUSY, FAILED, do
    from overtone.study.own_process import BUSY_CODE, end_with_parent

    end_with_parent()
    (cell,) = (each for each in cells if each.key == key)
    with says_how_to_go_on(""):
        became = do(cell, output, attempts)
    raise typer.Exit({BUSY: BUSY_CODE, FAILED: 1}.get(became, 0))


def _measure_all(
    plan: Plan, output: Path, data_dir: Path | None, again: list[str], only: list[str]
) -> None:
    """Measure cost alone."""
    import fnmatch

    from overtone.study import cost_only
    from overtone.study.measure import measure_all
    from overtone.study.own_process import Program
    from overtone.study.stops import Stops

    asked = [
        one
        for one in cost_only.find(plan, data_dir)
        if not only or any(fnmatch.fnmatchcase(f"{one.key}/", pattern) for pattern in only)
    ]
    if not asked:
        raise InputError(
            "expected encoders to measure, found none: --only takes patterns as "
            "'semeval2018-en/*', and models without an encoder are not measured"
        )
    stops = Stops()
    with says_how_to_go_on(""), stops.listening():
        measure_all(
            asked, output, Program(again, stops), stops,
            lambda one: typer.echo(f"measuring {one.key}", err=True),
        )  # fmt: skip


def _measure_one(plan: Plan, key: str, output: Path, data_dir: Path | None) -> None:
    """Measure one encoder in this process, which another one started for that."""
    from overtone.study import cost_only
    from overtone.study.own_process import end_with_parent

    end_with_parent()
    (one,) = (each for each in cost_only.find(plan, data_dir) if each.key == key)
    with says_how_to_go_on(""):
        cost_only.measure(one, output)


def _write(plan: Plan, cells: list[Cell], output: Path, *, texts: bool) -> set[str]:
    """Write the tables and the report of all that is done, say so, and return what failed."""
    from overtone.study import render, results
    from overtone.study import tables as findings

    found = results.load(plan, cells, output)
    if not found.done and not found.cost:
        reasons = {reason for _, reason in found.failed}
        why = f": {min(reasons)}" if reasons else ""
        raise InputError(f"no cell in {output} is done, so there is nothing to write{why}")
    drawn = findings.draw(found)
    written = render.write(drawn.tables, output, f"Study {plan.grid.name}")
    with needs("train", "study"):
        from overtone.study.report import page
    report = output / "report.html"
    page.write(drawn, report, texts=texts)
    names = ", ".join(str(path) for path in written if path.suffix != ".csv")
    typer.echo(
        f"{len(found.done)} of {len(cells)} cells are done, {len(found.failed)} failed, "
        f"{len(found.missing)} are open; wrote {report}, {names} and {output / 'tables'}/*.csv"
    )
    if found.failed:
        key, reason = found.failed[0][0].key, found.failed[0][1]
        typer.echo(f"{key} failed: {reason}; all are in --list, --retry tries them again", err=True)
    return {each.key for each, _ in found.failed}
