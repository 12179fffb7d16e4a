"""A cell is an ordinary run, scored, or a recorded failure; a killed one goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.study.conftest import TINY, Study, do_all, make

from overtone import config, data
from overtone.config import Table
from overtone.errors import InputError
from overtone.inference import predictor
from overtone.study import results, splits, states
from overtone.study.do import do, reason

KILLED = """
import os, signal, sys
from pathlib import Path
from overtone.study import cells, reading
from overtone.study.do import do
plan, output, at = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
(cell,) = cells.find(reading.read(plan), None)
seen = 0
def kill(event, arguments):
    global seen
    if event == "os.rename" and "/checkpoints/" in str(arguments[1]):
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(kill)
do(cell, output)
"""


def test_a_cell_is_an_ordinary_run_and_its_scores_are_those_of_its_model(study: Study) -> None:
    for result in results.load(study.plan, study.cells, study.folder).done:
        model = predictor.load(result.folder, device="cpu")
        test = splits.test(result.cell)
        found = result.predictions
        assert found.ids == test.ids
        assert found.labels == model.labels.names
        assert np.array_equal(found.truth, data.truth(test))
        assert np.array_equal(found.probabilities, model.probabilities(test.texts))
        assert np.array_equal(found.decided, found.probabilities > 0.5)
        assert result.dev == model.bundle.manifest.metrics["dev"]
        assert result.saved["texts"] == {
            name: len(getattr(splits.load(result.cell), name)) for name in ("train", "dev", "test")
        }
        assert result.saved["parameters"] > 0
        assert 1 <= result.saved["best_epoch"] <= 2


def test_no_text_is_written_besides_the_model(study: Study) -> None:
    texts = data.load("sample", "train").texts
    for path in (study.folder / "cells").rglob("*"):
        if path.is_file() and path.parent.name != "bundle":
            content = path.read_bytes()
            assert not any(text.encode() in content for text in texts)


def test_a_failing_cell_is_recorded_and_the_rest_goes_on(table: Table, tmp_path: Path) -> None:
    table = {**table, "sensitivity": {}, "study": {"name": "x", "hold_out": 0.2}}
    table["models"] = {
        "lost": {"settings": [f"model.encoder={tmp_path / 'nowhere'}"]},
        "tfidf": {"config": "best/tfidf"},
    }
    study = make(table, tmp_path / "study")
    assert do_all(study).ended == [
        ("sample/lost/1/seed-0", "failed"),
        ("sample/tfidf/1/seed-0", "done"),
    ]
    folder = study.cells[0].folder(study.folder)
    failure = states.failure(folder)
    assert failure is not None
    assert "no such folder" in failure.reason
    assert failure.attempts == 1
    assert do_all(study).ended == []  # it isn't tried again
    assert do_all(study, retry=True).ended == [("sample/lost/1/seed-0", "failed")]
    again = states.failure(folder)
    assert again is not None
    assert again.attempts == 2
    found = results.load(study.plan, study.cells, study.folder)
    assert [(cell.key, why) for cell, why in found.failed] == [
        ("sample/lost/1/seed-0", failure.reason)
    ]
    # What mends the plan mends the cell, without being asked to.
    table["models"]["lost"] = {"config": "best/tfidf"}
    mended = make(table, study.folder)
    assert do_all(mended).ended == [("sample/lost/1/seed-0", "done")]
    assert not (folder / states.FAILURE).exists()


def test_another_plan_for_cells_that_are_there_is_refused(study: Study, table: Table) -> None:
    models = {**table["models"]}
    models["tiny"] = {**models["tiny"], "settings": [*models["tiny"]["settings"], "loss.alpha=0.9"]}
    other = make({**table, "models": models}, study.folder)
    with pytest.raises(InputError) as caught:
        do_all(other)
    said = str(caught.value)
    assert "sample/tiny/1/seed-0 and 3 more cells: loss.alpha was 0.2, now 0.9" in said
    assert "tfidf" not in said
    with pytest.raises(InputError, match="begun by another plan"):
        results.load(other.plan, other.cells, other.folder)


def test_a_cell_of_an_older_version_has_options_that_came_later_at_their_defaults(
    table: Table, tmp_path: Path
) -> None:
    study = make(table, tmp_path)
    cell = study.cells[1]
    folder = cell.folder(tmp_path)
    folder.mkdir(parents=True)
    older = cell.asked()
    del older["training"]["rdrop"], older["loss"]["smoothing"]
    (folder / states.ASKED).write_text(json.dumps(older), encoding="utf-8")
    states.check(study.cells, tmp_path)
    del older["training"]["epochs"]  # the plan's is not the default
    (folder / states.ASKED).write_text(json.dumps(older), encoding="utf-8")
    with pytest.raises(InputError, match=r"training.epochs was 5, now 2"):
        states.check(study.cells, tmp_path)


def test_more_cells_may_be_added_to_a_study(study: Study, table: Table) -> None:
    more = make({**table, "study": {**table["study"], "seeds": [0, 1, 2]}}, study.folder)
    found = results.load(more.plan, more.cells, more.folder)
    assert [cell.key for cell in found.missing] == ["sample/tfidf/1/seed-2", "sample/tiny/1/seed-2"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (InputError("expected x, found y"), "expected x, found y"),
        (MemoryError(), "out of memory (MemoryError)"),
        (torch.OutOfMemoryError("CUDA out of memory"), "out of memory (OutOfMemoryError: CUDA"),
        (OSError(28, "No space left on device"), "OSError: [Errno 28] No space left on device"),
    ],
)
def test_a_reason_says_what_happened(error: Exception, expected: str) -> None:
    assert reason(error).startswith(expected)


def test_a_reason_repeats_no_text() -> None:
    try:
        float("a text of somebody")
    except ValueError as error:
        said = reason(error)
    assert said.startswith("ValueError in test_do.py, line ")
    assert "somebody" not in said


@pytest.mark.slow
def test_a_killed_cell_goes_on_to_the_same_bits(bert: Path, tmp_path: Path) -> None:
    settings = [f"model.encoder={bert}", *TINY, "training.checkpoint_steps=2"]
    plan = tmp_path / "plan.toml"
    plan.write_text(
        f'[study]\nname = "x"\nhold_out = 0.2\n[datasets.sample]\n[models.tiny]\n'
        f"settings = {json.dumps(settings)}\n",
        encoding="utf-8",
    )
    table = config.read(plan)
    whole, killed = (make(table, tmp_path / name) for name in ("whole", "killed"))
    do_all(whole)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, plan, killed.folder, "12"], check=False, timeout=600
    )
    assert done.returncode == -signal.SIGKILL
    (cell,) = killed.cells
    folder = cell.folder(killed.folder)
    assert states.state(folder) == states.BEGUN
    assert list((folder / "checkpoints").glob("step-*"))
    assert do(cell, killed.folder) == "done"
    other = cell.folder(whole.folder)
    for name in ("bundle/model.safetensors", states.PREDICTIONS):
        assert (folder / name).read_bytes() == (other / name).read_bytes()
