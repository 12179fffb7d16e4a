"""Does one cell: train its model, score it on dev and test, and write what tables are made of."""

from __future__ import annotations

import json
import os
import platform
import shutil
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

from overtone import __version__, atomic, bundle, data
from overtone.data import Split
from overtone.errors import OvertoneError
from overtone.evaluation import metrics
from overtone.experiment import first, fit
from overtone.experiment.fit import Run
from overtone.experiment.parts import Parts, prepare_splits
from overtone.inference import predictor
from overtone.study import splits, states
from overtone.study.cells import Cell
from overtone.study.splits import Splits
from overtone.training import ranks
from overtone.training.stopping import Interrupted

DONE, BUSY, FAILED = "done", "busy", "failed"
"""What became of a cell."""

SPOKEN = (OvertoneError, OSError, MemoryError, RuntimeError)
"""Errors whose messages hold no text of the data."""


def do(cell: Cell, study: Path, most_attempts: int = 1) -> str:
    """Do a cell in this process, or go on with it, and return what became of it.

    Args:
        cell: the cell.
        study: the study's folder.
        most_attempts: a cell that failed so often is left alone.

    Raises:
        Interrupted: the user stopped it; the same call goes on.

    """
    folder = cell.folder(study)
    with states.held(folder) as ours:
        if not ours:
            return BUSY
        if states.state(folder) == states.DONE:
            return DONE
        before = states.failure(folder)
        if before is not None and before.attempts >= most_attempts:
            return FAILED
        _begin(cell, folder)
        try:
            _train_and_score(cell, folder)
        except Interrupted:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other cells go on
            states.fail(folder, reason(error))
            return FAILED
        (folder / states.FAILURE).unlink(missing_ok=True)
    return DONE


def reason(error: Exception) -> str:
    """Return what to record of an error: its message, unless that could repeat a text."""
    if isinstance(error, OvertoneError):
        return str(error)
    kind = type(error).__name__
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return f"out of memory ({kind}: {error})" if str(error) else f"out of memory ({kind})"
    if isinstance(error, SPOKEN):
        return f"{kind}: {error}"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{kind} in {Path(frame.filename).name}, line {frame.lineno}"


def _begin(cell: Cell, folder: Path) -> None:
    """Write what the cell is to be; where it failed as something else, begin anew."""
    if (folder / states.ASKED).is_file() and states.is_other(folder, cell):
        for path in folder.iterdir():
            if path.name not in {states.LOCK, states.LOG, states.FAILURE}:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    atomic.write_text(folder / states.ASKED, json.dumps(cell.asked(), indent=2) + "\n")


def _train_and_score(cell: Cell, folder: Path) -> None:
    start = time.perf_counter()
    loaded = splits.load(cell)
    recipe, data_dir = cell.recipe, cell.data_dir
    team = ranks.join(cpu=recipe.training.device == "cpu")

    def parts() -> Parts:
        before = folder / "checkpoints" / first.FOLDER
        return prepare_splits(
            recipe,
            loaded.train,
            loaded.dev,
            others=[data.load(also.name, "train", data_dir, also.options) for also in recipe.also],
            data_dir=data_dir,
            start=first.model(recipe, data_dir, before, team),
        )

    run = fit.in_folder(parts, folder, team=team)
    found = _scored(cell, run, loaded, folder)
    found["wall_seconds"] = round(time.perf_counter() - start, 2)
    text = json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)
    atomic.write_text(folder / states.CELL, text + "\n")


def _scored(cell: Cell, run: Run, loaded: Splits, folder: Path) -> dict[str, Any]:
    """Score the model on test, write its predictions there, and return all that is to be known."""
    device = "cpu" if cell.recipe.training.device == "cpu" else "auto"
    model = predictor.load(run.path, device=device)
    test = loaded.test
    start = time.perf_counter()
    probabilities = model.calibrate(model.uncalibrated(test.texts))
    decided = model.decide(probabilities)
    seconds = time.perf_counter() - start
    truth = data.truth(test)
    scores = metrics.score(truth, decided, probabilities, model.labels)
    with atomic.file(folder / states.PREDICTIONS) as beside:
        save_file(
            {"probabilities": probabilities, "decided": decided, "truth": truth},
            beside,
            # One entry: safetensors writes several in another order every time.
            {"about": json.dumps({"ids": test.ids, "labels": model.labels.names})},
        )
    history = _history(folder)
    # Of several trainings whose weights are averaged, the first one's.
    best = [entry["epoch"] for entry in history if entry["best"] and entry.get("training", 1) == 1]
    gpu = [entry["gpu_memory_mb"] for entry in history if "gpu_memory_mb" in entry]
    return {
        "format": states.FORMAT,
        "dataset": cell.dataset,
        "model": cell.model,
        "fraction": cell.fraction,
        "seed": cell.seed,
        "change": vars(cell.change) if cell.change else None,
        "sha256": cell.digest(),
        "texts": {"train": len(loaded.train), "dev": len(loaded.dev), "test": len(test)},
        "test_is": loaded.kind,
        "label_shares": _label_shares(test),
        "dev": run.metrics["dev"],
        "test": scores.to_json(),
        "cross_fitted": bool(run.metrics.get("cross_fitted")),
        "test_seconds": round(seconds, 3),
        "test_texts_per_second": round(len(test) / seconds, 1),
        "best_epoch": max(best, default=1),
        "cost": run.metrics["cost"],
        "gpu_memory_mb": max(gpu) if gpu else None,
        "parameters": _parameters(run.path / "bundle" / bundle.WEIGHTS),
        "machine": machine(device),
        "overtone": __version__,
    }


def _history(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _label_shares(split: Split) -> dict[str, float]:
    """Return which shares of the texts carry no label, one, and several."""
    count = (np.nan_to_num(data.truth(split)) > 0.5).sum(axis=1)  # noqa: PLR2004
    shares = {"none": count == 0, "one": count == 1, "several": count > 1}
    return {name: float(rows.mean()) for name, rows in shares.items()}


def _parameters(weights: Path) -> int:
    """Return the numbers that a model has learnt or was given, from its file's header."""
    with safe_open(weights, framework="numpy") as file:
        shapes = [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118
    return int(sum(np.prod(shape, dtype=np.int64) for shape in shapes))


def machine(device: str) -> dict[str, Any]:
    """Return on what kind of machine times were taken: they compare within one only."""
    on_gpu = device != "cpu" and torch.cuda.is_available()
    return {
        "device": torch.cuda.get_device_name() if on_gpu else "cpu",
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
