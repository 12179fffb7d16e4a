"""Score a saved model on a dataset's split."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from overtone import data
from overtone.data import Split
from overtone.errors import InputError
from overtone.evaluation import metrics
from overtone.evaluation.metrics import Scores
from overtone.inference import predictor
from overtone.inference.predictor import Predictor


@dataclass(frozen=True)
class Evaluation:
    """A model's scores on a split, and what scoring took."""

    dataset: str
    split: str
    scores: Scores
    seconds: float
    """From texts to decisions, loading left out."""
    texts_per_second: float

    def to_json(self) -> dict[str, object]:
        """Return all of it on one level, as JSON values."""
        rest = {key: value for key, value in vars(self).items() if key != "scores"}
        return {**rest, **self.scores.to_json()}


def evaluate(
    model: str | Path | Predictor,
    dataset: str,
    *,
    split: str = "test",
    data_dir: str | Path | None = None,
) -> Evaluation:
    """Score a model on one split of a dataset.

    Args:
        model: a loaded model, or the folder of a run or a bundle.
        dataset: a name as `overtone data list` shows them.
        split: train, dev or test.
        data_dir: where the dataset's files are.

    Raises:
        InputError: there is no such model, dataset or split; the split has no truth; or its labels
            are not the model's.

    """
    loaded = data.load(dataset, split, Path(data_dir) if data_dir else None)
    truth = data.truth(loaded)
    if not isinstance(model, Predictor):
        model = predictor.load(model)
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
    )


def _columns(model: Predictor, split: Split) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return where in the split's columns each of the model's labels stands, (C,)."""
    ours, theirs = model.labels.names, split.labels.names
    if set(ours) != set(theirs):
        raise InputError(
            f"the model's labels are {', '.join(ours)}, those of {split.dataset} are "
            f"{', '.join(theirs)}: evaluate needs a dataset with the model's labels"
        )
    return np.asarray([theirs.index(name) for name in ours])
