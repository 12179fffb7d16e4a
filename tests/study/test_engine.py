"""Several processes share a study's folder, and no cell is done twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.study.conftest import Silent, Study, do_all, make

from overtone.config import Table
from overtone.study import engine, states
from overtone.study.cells import Cell
from overtone.study.do import do
from overtone.study.stops import Stops
from overtone.training.stopping import Interrupted

HOLDER = """
import sys
from pathlib import Path
from overtone.study import states
with states.held(Path(sys.argv[1])) as ours:
    print(ours, flush=True)
    sys.stdin.read()
"""

WORKER = """
import json, sys
from pathlib import Path
from overtone.study import cells, engine, reading
from overtone.study.do import do
from overtone.study.stops import Stops
class Watcher:
    def begin(self, cell): pass
    def end(self, cell, became, seconds): print(cell.key, became, seconds > 0, flush=True)
    def wait(self, cells): pass
output = Path(sys.argv[2])
def note(event, arguments):
    if event == "os.rename" and str(arguments[1]).endswith("/cell.json"):
        print("wrote", arguments[1], flush=True)
sys.addaudithook(note)
found = cells.find(reading.check(json.loads(sys.argv[1])), None)
print("ready", flush=True)
sys.stdin.readline()
engine.run(
    found, output, lambda cell, most: do(cell, output, most), Stops(), Watcher(), retry=False
)
"""


@pytest.fixture
def quick(table: Table) -> Table:
    """A plan of four cells that take no time."""
    seeds = {"name": "quick", "seeds": [0, 1, 2, 3], "hold_out": 0.2}
    models = {"tfidf": {"config": "best/tfidf"}}
    return {**table, "study": seeds, "models": models, "sensitivity": {}}


class Releasing(Silent):
    """Ends the other process as soon as its cells are waited for."""

    def __init__(self, other: subprocess.Popen[str]) -> None:
        super().__init__()
        self.other = other

    def wait(self, cells: Sequence[Cell]) -> None:
        """Note it, and let the other go."""
        super().wait(cells)
        assert self.other.stdin is not None
        self.other.stdin.close()


@pytest.mark.slow
def test_a_cell_that_another_process_has_is_left_to_the_end(quick: Table, tmp_path: Path) -> None:
    study = make(quick, tmp_path)
    first = study.cells[0]
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, first.folder(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        assert states.is_held(first.folder(tmp_path))
        assert do(first, tmp_path) == "busy"
        seen = do_all(study, watcher=Releasing(other))
    assert seen.waited == [first.key]
    assert [key for key, _ in seen.ended] == [cell.key for cell in (*study.cells[1:], first)]
    assert {became for _, became in seen.ended} == {"done"}


@pytest.mark.slow
def test_two_processes_share_a_study_and_do_no_cell_twice(quick: Table, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WORKER, json.dumps(quick), str(tmp_path)]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    said = [worker.communicate(timeout=600)[0].splitlines() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    study = make(quick, tmp_path)
    files = sorted(str(cell.folder(tmp_path) / states.CELL) for cell in study.cells)
    wrote = [line.split()[1] for lines in said for line in lines if line.startswith("wrote")]
    assert sorted(wrote) == files  # by one of the two, and once
    for lines in said:  # each process saw all cells end, done by itself or by the other
        ended = [line.split()[:2] for line in lines if not line.startswith("wrote")]
        assert sorted(ended) == sorted([cell.key, "done"] for cell in study.cells)


def test_a_request_to_stop_ends_the_study_between_cells(quick: Table, tmp_path: Path) -> None:
    study, stops, seen = make(quick, tmp_path), Stops(), Silent()

    def then_stop(cell: Cell, most: int) -> str:
        became = do(cell, tmp_path, most)
        stops.received = 15
        return became

    with pytest.raises(Interrupted) as stopped:
        engine.run(study.cells, tmp_path, then_stop, stops, seen, retry=False)
    assert stopped.value.exit_code == 143
    assert [states.state(cell.folder(tmp_path)) for cell in study.cells] == [
        "done", "open", "open", "open",
    ]  # fmt: skip


def test_what_is_done_is_not_done_again(study: Study) -> None:
    before = {path: path.stat().st_mtime_ns for path in study.folder.rglob("*.json")}
    assert do_all(study).ended == []
    assert {path: path.stat().st_mtime_ns for path in study.folder.rglob("*.json")} == before
