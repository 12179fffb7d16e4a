"""Distillation: a model learns from other models' probabilities as well as from the truth.

Source: Hinton, Vinyals & Dean, Distilling the Knowledge in a Neural Network (2015), sections 2 and
3. Labels don't compete here, so each is a distribution of its own. Binary cross-entropy is linear
in its target: the weighted sum of two, with the truth and with the teachers, is that with the
weighted mean of both. So a target is all that the teachers change, and every loss takes it.

Teachers are too sure of texts that they were trained on. Out-of-fold ones (`folds`) are as unsure
as they are of new texts: that a model gains from one like itself was shown by Furlanello et al.,
Born-Again Neural Networks (ICML 2018).

Several teachers count by the arithmetic mean of their probabilities, the target whose mean
divergence from theirs is the least, and what an ensemble predicts. The mean of their logits would
follow whoever is surest, and of texts that they were trained on, teachers are too sure.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from overtone import atomic, bundle, data
from overtone.config import Range, Share, Table
from overtone.data import Split, unlabelled
from overtone.errors import InputError
from overtone.inference import predictor
from overtone.inference.predictor import Predictor
from overtone.labels import Labels
from overtone.training.ranks import Ranks

log = logging.getLogger(__name__)

FILE = "teachers.safetensors"
Floats = NDArray[np.float32] | NDArray[np.float64]
BLOCK = 1024
"""Texts that a teacher is given at a time."""


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """Whom a model learns from, besides the truth."""

    models: tuple[str, ...] = ()
    """Folders of runs or bundles, of any family, with the dataset's labels; empty is off."""
    sha256: tuple[str, ...] = ()
    """Those of their bundle.json; found where not given."""
    folds: Annotated[int, Range(0, 100)] = 0
    """In place of `models`: so many teachers are trained first, with the same recipe, each on all
    but one fold of the train split. A text's target comes from the teacher that has not seen it,
    that of `texts` from all. Takes about as long as so many more trainings; 0 is off."""
    weight: Share = 0.5
    """What the teachers' mean probability counts in a target; the truth counts the rest. Where
    there is no truth, the teachers count alone."""
    temperature: Annotated[float, Range(0.1, 100)] = 1.0
    """The teachers' logits are divided by it. Above 1 makes up for teachers that are too sure, as
    of the texts that they were trained on (Guo et al., On Calibration of Modern Neural Networks,
    ICML 2017, section 4.2). The student's own logits aren't divided, unlike in Hinton et al.: its
    probabilities are used as they are."""
    texts: tuple[str, ...] = ()
    """Texts without labels to learn from besides: datasets (their train split), or tables, FILE or
    FILE:COLUMN. Those that stand in train or dev are left out."""
    most_texts: Annotated[int, Range(0)] = 0
    """Most of those texts, drawn by training.seed; 0 takes all."""


def resolved(layer: Table) -> Table:
    """Return a layer of a recipe in which the teachers have whole paths and their hashes.

    Raises:
        InputError: there is no such model or text.

    """
    section = layer.get("teacher")
    if not isinstance(section, dict):
        return layer
    section = dict(section)
    if _are_texts(section.get("models")):
        models = list(map(bundle.absolute, section["models"]))
        found = (bundle.load(bundle.locate(path)).digest for path in models)
        # Those of a config.toml hold, and what is there is compared with them.
        section["sha256"] = section.get("sha256") or list(found)
        section["models"] = models
    if _are_texts(section.get("texts")):
        section["texts"] = [unlabelled.resolve(name) for name in section["texts"]]
    return {**layer, "teacher": section}


def bundles(teacher: Teacher) -> list[bundle.Bundle]:
    """Return the bundles of the models that are named.

    Raises:
        InputError: one is not there, or another one by now.

    """
    return [_opened(teacher, place) for place in range(len(teacher.models))]


def problems(teacher: Teacher, *, solver: bool) -> list[str]:
    """Return what is wrong with teachers, given whether the student is fitted by a solver."""
    found = []
    if teacher.texts and not (teacher.models or teacher.folds):
        found.append(
            "teacher.texts are labelled by teachers: name some with --teacher, or set teacher.folds"
        )
    if teacher.models and teacher.folds:
        found.append("teachers are either named or trained on teacher.folds: leave one out")
    if teacher.folds == 1:
        found.append("teacher.folds needs two folds at least, 5 say; 0 is off")
    if len(teacher.models) != len(teacher.sha256):
        found.append("teacher.sha256 is found by itself: leave it out")
    if (teacher.models or teacher.folds) and solver:
        found.append(
            "a model that is fitted by a solver takes no soft labels: train it without teachers, "
            "or choose another --model"
        )
    return found


def with_texts(
    teacher: Teacher, train: Split, dev: Split, seed: int, data_dir: Path | None
) -> Split:
    """Return the train split with the texts that only the teachers label, not annotated as yet.

    Raises:
        InputError: a teacher is not there, another one by now, or has other labels; or a text's
            source can't be used.

    """
    for name, found in zip(teacher.models, bundles(teacher), strict=True):
        _columns(found.manifest.labels, train.labels, name)
    if not teacher.texts:
        return train
    ids, texts = unlabelled.load(teacher.texts, data_dir, (*train.texts, *dev.texts))
    if teacher.most_texts and len(texts) > teacher.most_texts:
        drawn = np.random.default_rng(seed).permutation(len(texts))[: teacher.most_texts]
        ids, texts = ([given[place] for place in sorted(drawn)] for given in (ids, texts))
    gaps = np.full((len(texts), len(train.labels)), np.nan, dtype=np.float32)
    return dataclasses.replace(
        train,
        ids=(*train.ids, *ids),
        texts=(*train.texts, *texts),
        targets=np.concatenate([data.truth(train), gaps]),
        groups=None if train.groups is None else (*train.groups, *ids),
    )


def targets(
    teacher: Teacher,
    train: Split,
    folder: Path,
    team: Ranks,
    *,
    by_folds: Callable[[], NDArray[np.float64]] | None = None,
    quiet: bool = False,
) -> NDArray[np.float32]:
    """Return what to train for, (n, C): the truth, or its mean with the teachers.

    What the teachers say is kept in a file, so that a run that is resumed goes on with the same.

    Args:
        teacher: whom to ask.
        train: what `with_texts` returned.
        folder: where the file goes.
        team: the processes that train together, of which the first one asks.
        by_folds: returns the probabilities of teachers that are trained on folds, (n, C), where
            the recipe wants some; called by all processes.
        quiet: whether nothing is shown.

    Raises:
        InputError: a teacher is not there, or another one by now.

    """
    truth = data.truth(train)
    if not (teacher.models or teacher.folds):
        return truth
    path, origin = folder / FILE, _origin(teacher, train)
    soft = None
    if _read(path, origin) is None:
        if teacher.folds:
            assert by_folds is not None  # noqa: S101 - whoever has such a recipe can train
            soft = softened(by_folds(), teacher.temperature).astype(np.float32)
        elif team.first:
            soft = _probabilities(teacher, train, team.device.type, quiet=quiet)
    team.wait()  # before the first one writes what the others look for
    if team.first and soft is not None:
        with atomic.file(path) as beside:
            told = {"origin": origin, "sha256": hashlib.sha256(soft.tobytes()).hexdigest()}
            save_file({"probabilities": soft}, beside, told)
    team.wait()
    kept = _read(path, origin)
    assert kept is not None  # noqa: S101 - it was just written
    return mixed(truth, kept, teacher.weight)


def mixed(
    truth: NDArray[np.float32], soft: NDArray[np.float32], weight: float
) -> NDArray[np.float32]:
    """Return (1 - weight) * truth + weight * soft, (n, C); soft where the truth has a gap, NaN."""
    both = (1 - weight) * truth.astype(np.float64) + weight * soft
    return np.where(np.isnan(truth), soft, both).astype(np.float32)


def softened(probabilities: Floats, temperature: float) -> NDArray[np.float64]:
    """Return the probabilities whose logits are those of some others over a temperature."""
    if temperature == 1:
        return probabilities.astype(np.float64)
    inside = np.clip(probabilities.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(1 / (1 + ((1 - inside) / inside) ** (1 / temperature)))


def _probabilities(
    teacher: Teacher, train: Split, device: str, *, quiet: bool
) -> NDArray[np.float32]:
    """Return the mean of the teachers' probabilities, (n, C), in the columns of the split."""
    total = np.zeros((len(train), len(train.labels)))
    for place, name in enumerate(teacher.models):
        model = predictor.load(_opened(teacher, place).path, device=device)
        columns = _columns(model.labels, train.labels, name)
        shown = f"teacher {place + 1} of {len(teacher.models)}"
        total += softened(_asked(model, train.texts, shown, quiet=quiet), teacher.temperature)[
            :, columns
        ]
    return (total / len(teacher.models)).astype(np.float32)


def _asked(
    model: Predictor, texts: Sequence[str], shown: str, *, quiet: bool
) -> NDArray[np.float32]:
    """Return one teacher's probabilities, (n, its labels), and show how far it is."""
    console = Console(stderr=True, quiet=quiet)
    if not quiet and not console.is_terminal:
        log.info("%s: %d texts", shown, len(texts))
    blocks = [texts[first : first + BLOCK] for first in range(0, len(texts), BLOCK)]
    bar = track(
        blocks, shown, console=console, transient=True, disable=quiet or not console.is_terminal
    )
    return np.concatenate([model.probabilities(block) for block in bar])


def _opened(teacher: Teacher, place: int) -> bundle.Bundle:
    """Return a teacher's bundle.

    Raises:
        InputError: it is not the one that the recipe names.

    """
    found = bundle.load(bundle.locate(teacher.models[place]))
    if found.digest != teacher.sha256[place]:
        raise InputError(
            f"the teacher {teacher.models[place]} is no longer the one that the run was started "
            "with: put that one back, or train again into another --output"
        )
    return found


def _columns(theirs: Labels, ours: Labels, name: str) -> list[int]:
    """Return where each of our labels stands among a teacher's.

    Raises:
        InputError: it has others.

    """
    if set(theirs.names) != set(ours.names):
        raise InputError(
            f"expected a teacher with the dataset's labels, {', '.join(map(repr, ours.names))}, "
            f"found {', '.join(map(repr, theirs.names))} in {name}: train one on this dataset"
        )
    return [theirs.names.index(label) for label in ours.names]


def _origin(teacher: Teacher, train: Split) -> str:
    """Return a hash of all that the teachers' probabilities follow from."""
    given = [teacher.sha256, teacher.temperature, train.labels.names, train.texts]
    if teacher.folds:
        # Their models follow from the run's own recipe, which can't change.
        given.append(teacher.folds)
    return hashlib.sha256(json.dumps(given).encode()).hexdigest()


def _read(path: Path, origin: str) -> NDArray[np.float32] | None:
    """Return the probabilities that were kept, None where there are none of this origin."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, "numpy") as file:
            told, found = file.metadata() or {}, file.get_tensor("probabilities")
    except SafetensorError:
        told, found = {}, np.zeros(0, dtype=np.float32)
    if told.get("sha256") != hashlib.sha256(found.tobytes()).hexdigest():
        log.warning("%s is damaged: the teachers are asked again", path)
        return None
    return found if told.get("origin") == origin else None


def _are_texts(value: object) -> bool:
    """Return whether a value is a list of texts; what isn't, the check of the recipe reports."""
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
