"""Score a saved model on a dataset's split."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overtone import data as datasets
from overtone.data import Split
from overtone.decision import Thresholds
from overtone.evaluation import bootstrap, metrics
from overtone.evaluation import calibration as reliability
from overtone.evaluation.bootstrap import Interval
from overtone.evaluation.calibration import CalibrationScores
from overtone.evaluation.metrics import Scores
from overtone.experiment import deciding, labelled, learnt, own_columns
from overtone.experiment.asked import Asked, AskedFor, by_name
from overtone.inference import predictor
from overtone.inference.predictor import Predictor
from overtone.insight import slices as slicing
from overtone.insight import text_slices
from overtone.insight.slices import Slice
from overtone.labels import Labels

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Predicted:
    """What a model says about a split's texts, beside the truth, in the order of its labels."""

    split: str
    ids: tuple[str, ...]
    labels: Labels
    truth: NDArray[np.float32]
    """(n, C); NaN where a cell is not annotated."""
    probabilities: NDArray[np.float32]
    """(n, C)."""
    decided: NDArray[np.bool_]
    """(n, C)."""
    cross_fitted: bool
    """Whether the decision was fitted on these very texts: each fifth of them is decided about by
    a fit on the other four then."""
    out_of_fold: int
    """How many of the texts the model has learnt (`training.learn_dev`): what is said of them is
    said by trainings that had not."""
    seconds: float
    """From texts to decisions, loading left out."""
    texts: tuple[str, ...]
    """As the file has them."""
    asked: Asked | None = None
    """What the model was asked for, where its labels are no set that it was trained on."""

    def score(self) -> Scores:
        """Return the scores."""
        return metrics.score(self.truth, self.decided, self.probabilities, self.labels)


@dataclass(frozen=True)
class Evaluation:
    """A model's scores on a split, and what scoring took."""

    dataset: str
    split: str
    scores: Scores
    seconds: float
    """From texts to decisions, loading left out."""
    texts_per_second: float
    cross_fitted: bool = False
    """Whether the decision was fitted on these very texts: each fifth of them is scored by a fit on
    the other four then."""
    out_of_fold: int = 0
    """How many of the texts the model has learnt (`training.learn_dev`): they are scored by
    trainings that had not."""
    intervals: dict[str, Interval] | None = None
    """Bootstrap intervals of the scores that have them, where they were asked for."""
    calibration: CalibrationScores | None = None
    """How far the probabilities can be taken at their word, where that was asked for."""
    slices: tuple[Slice, ...] = ()
    """Scores of parts of the texts, where they were asked for."""
    asked: Asked | None = None
    """What the model was asked for, where its labels are no set that it was trained on."""

    @property
    def notes(self) -> list[str]:
        """Return in plain words what the model had of these very texts, a sentence each."""
        return deciding.notes(out_of_fold=self.out_of_fold, cross_fitted=self.cross_fitted)

    def to_json(self) -> dict[str, object]:
        """Return the scores and the rest on one level, as JSON values."""
        rest = {**vars(self), **self.scores.to_json()}
        for name in ("scores", "intervals", "calibration", "slices", "asked"):
            del rest[name]
        if self.asked is not None:
            rest["asked"] = self.asked.to_json()
        if self.slices:
            rest["slices"] = [each.to_json() for each in self.slices]
        if self.intervals is not None:
            rest["intervals"] = {
                "level": bootstrap.LEVEL,
                "resamples": bootstrap.RESAMPLES,
                **{name: interval.to_json() for name, interval in self.intervals.items()},
            }
        if self.calibration is not None:
            rest["calibration"] = self.calibration.to_json()
        return rest


def evaluate(
    model: str | Path | Predictor,
    dataset: str,
    *,
    split: str | None = None,
    data_dir: str | Path | None = None,
    data: Mapping[str, object] | None = None,
    intervals: bool = False,
    threshold: Thresholds | None = None,
    calibration: bool = False,
    slice_by: Sequence[str] = (),
    slices: bool = False,
    labels: AskedFor | None = None,
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
        threshold: what decides instead of the model's own decision: 0.4 for all labels, or
            {"joy": 0.3} for some.
        calibration: also measure how far the probabilities can be taken at their word.
        slice_by: columns of a file of your own; texts with the same cell there are scored together.
        slices: also score the texts by length, emoji, negation, hashtags and words in capitals.
        labels: which labels of the data; those that are no set that the model was trained on, it
            is asked for (`Predictor.with_labels`), also by other words: {"gladness": "joy"} asks
            for gladness and scores it as the data's joy.

    Raises:
        InputError: there is no such model, dataset or split; the split has no truth; its labels
            are not the model's, or lack one of those asked for; the model can't be asked for
            them; a threshold can't be used; or there are columns to slice by, but the dataset is
            no file of your own.
        DataError: the file has no such column.

    """
    datasets.splits(dataset)  # a wrong name is found before a model is loaded
    if not isinstance(model, Predictor):
        model = predictor.load(model)
    if slice_by:
        labelled.source(model, dataset, data or {}, split or "all")  # so is what has no columns
    found = predictions(
        model, dataset, split=split, data_dir=data_dir, data=data, threshold=threshold,
        labels=labels,
    )  # fmt: skip
    values: dict[str, list[str]] = {}
    if slice_by:
        path, ids = labelled.source(model, dataset, data or {}, found.split)
        values |= own_columns.cells(path, ids, found.ids, slice_by)
    if slices:
        values |= text_slices.slices(found.texts)
    return Evaluation(
        dataset,
        found.split,
        found.score(),
        round(found.seconds, 3),
        round(len(found.ids) / found.seconds, 1),
        found.cross_fitted,
        found.out_of_fold,
        bootstrap.intervals(found.truth, found.decided) if intervals else None,
        reliability.measure(found.truth, found.probabilities, found.labels)
        if calibration
        else None,
        tuple(
            each
            for by, cells in values.items()
            for each in slicing.measure(by, cells, found.truth, found.decided)
        ),
        found.asked,
    )


def predictions(
    model: str | Path | Predictor,
    dataset: str,
    *,
    split: str | None = None,
    data_dir: str | Path | None = None,
    data: Mapping[str, object] | None = None,
    threshold: Thresholds | None = None,
    read: dict[str, Split] | None = None,
    labels: AskedFor | None = None,
) -> Predicted:
    """Return what a model says about one split of a dataset; the arguments are `evaluate`'s.

    Args:
        model: a loaded model, or the folder of a run or a bundle.
        dataset: a name or a file.
        split: train, dev or test; of a file also all.
        data_dir: where the dataset's files are.
        data: the dataset's options.
        threshold: what decides instead of the model's own decision.
        read: what was read for other models, which is taken where it would be read in the same way;
            what is read now is added.
        labels: which labels of the data, or what to ask for.

    Raises:
        InputError: as for `evaluate`.

    """
    datasets.splits(dataset)  # a wrong name is found before a model is loaded
    if not isinstance(model, Predictor):
        model = predictor.load(model)
    if labels is None and model.asked:
        labels = model.labels.names
    asked = None if labels is None else by_name(labels)
    model, loaded, truth = labelled.load(
        model, dataset, split, data_dir, data or {}, default="test", read=read, asked=asked
    )
    start = time.perf_counter()
    raw = model.uncalibrated(loaded.texts)
    probabilities = model.calibrate(raw)
    decided = model.decide(probabilities, threshold=threshold)
    seconds = time.perf_counter() - start
    raw, out_of_fold = learnt.scorable(model, loaded, raw)
    if out_of_fold:
        probabilities = model.calibrate(raw)
        decided = model.decide(probabilities, threshold=threshold)
    cross_fitted = deciding.was_fitted_on(model.bundle.manifest, loaded)
    if cross_fitted and model.asked:
        # A fit on other fifths would be one for these labels, which the model has not.
        cross_fitted = False
        if threshold is None and model.decision is model.bundle.manifest.decision:
            log.warning("the model's threshold was fitted on these very texts, for its own labels")
    if cross_fitted:
        way = deciding.Way.of(model.bundle.manifest)
        probabilities, decided = deciding.cross_fit(way, raw, truth, model.labels, threshold)
    return Predicted(
        loaded.name,
        loaded.ids,
        model.labels,
        truth,
        probabilities,
        decided,
        cross_fitted,
        out_of_fold,
        seconds,
        loaded.texts,
        Asked.of(model, asked, threshold) if asked and model.asked else None,
    )
