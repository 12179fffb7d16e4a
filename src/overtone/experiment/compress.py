"""Compress a model: a student with some of its layers and pieces learns to say what it says.

The student starts from the model, so it needs little training to say the same; it is trained as any
other is, the model its teacher. What it keeps is its recipe's section `compress`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from safetensors import safe_open

from overtone import bundle, models
from overtone.bundle import WEIGHTS, Bundle
from overtone.config import Table, merge
from overtone.errors import InputError
from overtone.experiment import run
from overtone.experiment import train as training
from overtone.experiment.fit import Run
from overtone.experiment.recipe import Recipe, check, compose
from overtone.models import smaller

log = logging.getLogger(__name__)

OWN = ("data", "text", "inputs", "model", "loss", "calibration", "decision")
"""The sections that a student takes over from its model, where nothing else is said."""

STUDENT: Table = {
    "training": {"epochs": 10, "learning_rate": 3e-4, "average": 0.99, "average_warmup": True},
    "teacher": {"weight": 0.9},
}
"""What holds for a student where nothing else is said; docs/how-to/compress.md says why."""


def compress(
    model: str | Path,
    output: str | Path,
    *,
    dataset: str | None = None,
    data_dir: str | Path | None = None,
    data: Mapping[str, object] | None = None,
    layers: int | None = None,
    keep_layers: Sequence[int] = (),
    vocabulary_from: Sequence[str | Path] = (),
    min_count: int | None = None,
    vocabulary_size: int | None = None,
    teachers: Sequence[str | Path] = (),
    texts: Sequence[str | Path] = (),
    epochs: int | None = None,
    seed: int | None = None,
    settings: Sequence[str] = (),
    resume: bool = False,
    track: str | None = None,
) -> Run:
    """Train a smaller model to say what a model says, and save it.

    Args:
        model: the folder of a run or a bundle, of a family with an encoder.
        output: the run's folder, made here.
        dataset: whose train split the student learns from and whose dev split chooses its epoch;
            by default what the model was trained on.
        data_dir: where the dataset's files are.
        data: the dataset's options.
        layers: how many of the encoder's layers are kept, the first ones.
        keep_layers: which are kept instead, the first is 0.
        vocabulary_from: whose word pieces are kept: datasets, or tables as FILE or `FILE:COLUMN`;
            without any, the vocabulary stays whole.
        min_count: how often a piece must occur to be kept; by default once.
        vocabulary_size: most pieces that are kept, the most frequent ones.
        teachers: whom the student learns from, runs or bundles; by default the model itself.
        texts: texts that only they label: datasets, or tables as FILE or `FILE:COLUMN`.
        epochs: most epochs.
        seed: of everything random.
        settings: `section.key=value`, the last word.
        resume: go on with a run that was stopped.
        track: tensorboard, mlflow or wandb, where losses and scores go besides.

    Raises:
        InputError: something given can't be used; nothing was written.
        Interrupted: the user stopped the run, which `resume=True` continues.
        OvertoneError: as for training.

    """
    folder = Path(output)
    asked = partial(
        recipe, model, dataset=dataset, data=data, layers=layers, keep_layers=keep_layers,
        vocabulary_from=vocabulary_from, min_count=min_count, vocabulary_size=vocabulary_size,
        teachers=teachers, texts=texts, epochs=epochs, seed=seed, settings=settings,
    )  # fmt: skip
    found = run.recipe(folder, check, asked, resume=resume)
    return training.by_recipe(found, folder, data_dir=data_dir, resume=resume, track=track)


def recipe(
    model: str | Path,
    *,
    base: Table | None = None,
    layers: int | None = None,
    keep_layers: Sequence[int] = (),
    vocabulary_from: Sequence[str | Path] = (),
    min_count: int | None = None,
    vocabulary_size: int | None = None,
    texts: Sequence[str | Path] = (),
    epochs: int | None = None,
    **composed: Any,  # noqa: ANN401 - what `compose` takes, and checks
) -> Recipe:
    """Return the student's recipe; the arguments are `compress`'s, and otherwise `compose`'s.

    Raises:
        InputError: there is no such model, it has fewer layers, or the run was begun with another.
        ConfigError: all problems of the configuration.

    """
    start = bundle.trainable(model)
    if layers is not None and keep_layers:
        raise InputError(
            f"expected a number of layers or which ones, found both, {layers} and "
            f"{', '.join(map(str, keep_layers))}: leave one out"
        )
    if layers is not None:
        keep_layers = smaller.first(layers, depth(start))
    said: Table = {
        "compress": {
            key: value
            for key, value in {
                "layers": list(keep_layers) or None,
                "vocabulary_from": list(map(str, vocabulary_from)) or None,
                "min_count": min_count,
                "vocabulary_size": vocabulary_size,
            }.items()
            if value is not None
        },
        "training": {} if epochs is None else {"epochs": epochs},
    }
    if base is None:
        said = merge(_beginning(start, model), said)
    elif base["init"]["sha256"] != start.digest:
        raise InputError(
            f"expected the model that the run was begun with, {base['init']['model']}, found "
            f"another one in {model}: name that one, or choose another --output"
        )
    return compose(said, base=base, teacher_texts=texts, **composed)


def depth(start: Bundle) -> int:
    """Return how many layers a model has.

    Raises:
        InputError: it has none, or they share their weights.

    """
    options = dict(start.manifest.config["model"])
    return smaller.depth(models.restore(options.pop("name"), options, start.manifest.architecture))


def size(found: Bundle) -> tuple[int, int]:
    """Return how many parameters a model has, and the bytes of its bundle."""
    parameters = 0
    with safe_open(found.file(WEIGHTS), "numpy") as weights:
        for key in weights.keys():  # noqa: SIM118 - the file is no mapping
            count = 1
            for length in weights.get_slice(key).get_shape():
                count *= length
            parameters += count
    return parameters, sum(file.stat().st_size for file in found.path.iterdir())


def _beginning(start: Bundle, model: str | Path) -> Table:
    """Return what a student's recipe says where the user says nothing."""
    config = start.manifest.config
    if start.manifest.also:
        log.warning(
            "%s learned other label sets too, %s, which its student does not",
            model,
            ", ".join(start.manifest.also),
        )
    # A whole path: the run may be resumed from another folder.
    place = {"init": {"model": bundle.absolute(model), "sha256": start.digest}}
    taught = {"teacher": {"models": [str(model)]}}
    # One that reads any labels has a student that does.
    reads = {"training": {"random_labels": config["training"].get("random_labels", 0)}}
    student = merge(merge({kind: config[kind] for kind in OWN}, STUDENT), reads)
    return merge(student, place | taught)
