"""Score a saved model on a dataset's split."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from overtone import data as datasets
from overtone.data import Split, tables
from overtone.errors import InputError
from overtone.evaluation import bootstrap, metrics
from overtone.evaluation.bootstrap import Interval
from overtone.evaluation.metrics import Scores
from overtone.inference import predictor
from overtone.inference.predictor import Predictor
from overtone.labels import Labels

log = logging.getLogger(__name__)

OF_ANY_FILE = ("text_column", "labels", "label_column", "separator", "soft_labels", "language")
"""Options of a file of one's own that hold for others like it."""
OF_LABELS = ("labels", "label_column", "separator")
"""Those of them that say where the labels are."""


@dataclass(frozen=True)
class Evaluation:
    """A model's scores on a split, and what scoring took."""

    dataset: str
    split: str
    scores: Scores
    seconds: float
    """From texts to decisions, loading left out."""
    texts_per_second: float
    intervals: dict[str, Interval] | None = None
    """Bootstrap intervals of the scores that have them, where they were asked for."""

    def to_json(self) -> dict[str, object]:
        """Return the scores and the rest on one level, as JSON values."""
        rest = {**vars(self), **self.scores.to_json()}
        del rest["scores"], rest["intervals"]
        if self.intervals is not None:
            rest["intervals"] = {
                "level": bootstrap.LEVEL,
                "resamples": bootstrap.RESAMPLES,
                **{name: interval.to_json() for name, interval in self.intervals.items()},
            }
        return rest


def evaluate(
    model: str | Path | Predictor,
    dataset: str,
    *,
    split: str | None = None,
    data_dir: str | Path | None = None,
    data: Mapping[str, object] | None = None,
    intervals: bool = False,
) -> Evaluation:
    """Score a model on one split of a dataset.

    Its labels may be any set that the model learned; where that is not the set of the dataset that
    chose the epoch, `Predictor.with_labels_of` says which decision applies.

    Args:
        model: a loaded model, or the folder of a run or a bundle.
        dataset: a name as `overtone data list` shows them, or a CSV, TSV, JSON Lines or Parquet
            file.
        split: train, dev or test; of a file also all. By default test; of a file, all.
        data_dir: where the dataset's files are.
        data: the dataset's options; where the model was trained on the same dataset, or on a file
            as well, those it was trained with hold where nothing is said.
        intervals: also draw 95 % intervals of the main scores, over the texts.

    Raises:
        InputError: there is no such model, dataset or split; the split has no truth; or its labels
            are not the model's.

    """
    name = str(datasets.named(dataset)["name"])
    split = split or ("all" if name == datasets.OWN_FILES else "test")
    datasets.splits(dataset)  # a wrong name is found before a model is loaded
    if not isinstance(model, Predictor):
        model = predictor.load(model)
    options = _options(model, dataset, data or {}, split)
    loaded = datasets.load(dataset, split, Path(data_dir) if data_dir else None, options)
    truth = datasets.truth(loaded)
    model = _set_to(loaded.labels, model)
    columns = _columns(model, loaded)
    start = time.perf_counter()
    probabilities = model.probabilities(loaded.texts)
    decided = model.decide(probabilities)
    seconds = time.perf_counter() - start
    return Evaluation(
        dataset,
        split,
        metrics.score(truth[:, columns], decided, probabilities, model.labels),
        round(seconds, 3),
        round(len(loaded) / seconds, 1),
        bootstrap.intervals(truth[:, columns], decided) if intervals else None,
    )


def _options(
    model: Predictor, dataset: str, given: Mapping[str, object], split: str
) -> dict[str, object]:
    """Return the dataset's options, the model's own ones where nothing else is said."""
    named = datasets.named(dataset)
    name = str(named.pop("name"))
    options = {**named, **given}
    manifest, labels = model.bundle.manifest, model.labels
    saved = dict(manifest.config.get("data", {}))
    other = str(named.get("file", name))
    if other in manifest.also:
        labels = manifest.also[other]
        saved = {"name": name, **named, **manifest.config["also"][other]}
        del saved["share"]
    if saved.pop("name", None) != name:
        saved = {}
    elif name == datasets.OWN_FILES:
        if saved.get("file") != options.get("file"):
            saved = {key: saved[key] for key in OF_ANY_FILE if key in saved}
            if not _has_labels(saved, dataset):
                saved = {key: saved[key] for key in saved if key not in OF_LABELS}
        elif split in {"all", "train"}:
            log.warning(
                "%s: the model was trained on texts of this file; those it was not trained on are "
                "the split dev",
                dataset,
            )
        if given.keys() & {"labels", "label_column"}:
            saved = {key: saved[key] for key in saved if key not in {"label_column", "separator"}}
    return datasets.resolve(name, {**saved, **options}, labels.names)


def _has_labels(saved: Mapping[str, Any], file: str) -> bool:
    """Return whether a file's labels are where those trained on were: columns, or a list in one."""
    columns = {saved["label_column"]} if "label_column" in saved else set(saved.get("labels", ()))
    return any(not columns.isdisjoint(row) for _, row in tables.read(Path(file)))


def _set_to(labels: Labels, model: Predictor) -> Predictor:
    """Return the model, set to the label set among those it learned that has a dataset's names.

    Of several, as in a model for mixed languages, to one in the same language.
    """
    manifest = model.bundle.manifest
    if model.labels is not manifest.labels:
        return model  # the caller has chosen
    same = [
        (learned.language != labels.language, name)
        for name, learned in (("", manifest.labels), *manifest.also.items())
        if set(learned.names) == set(labels.names)
    ]
    _, name = min(same, key=lambda found: found[0], default=(False, ""))  # its own before others
    return model.with_labels_of(name) if name else model


def _columns(model: Predictor, split: Split) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return where in the split's columns each of the model's labels stands, (C,)."""
    ours, theirs = model.labels.names, split.labels.names
    if set(ours) != set(theirs):
        raise InputError(
            f"the model's labels are {', '.join(map(repr, ours))}, those of {split.dataset} are "
            f"{', '.join(map(repr, theirs))}: evaluate needs a dataset with labels that the model "
            "was trained on"
        )
    return np.asarray([theirs.index(name) for name in ours])
