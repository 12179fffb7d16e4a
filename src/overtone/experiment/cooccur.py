"""Which labels come together in a dataset's split, in the truth and in what a model says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from overtone.experiment import deciding
from overtone.experiment.evaluate import predictions
from overtone.inference.predictor import Predictor
from overtone.insight import cooccurrence
from overtone.insight.cooccurrence import CoOccurrence
from overtone.insight.mixed_feelings import MOST


@dataclass(frozen=True)
class Found:
    """Which labels come together, and where."""

    model: str
    """Empty where texts were scored already."""
    dataset: str
    split: str
    """Empty where there is none."""
    cross_fitted: bool
    """Whether the decision was fitted on these very texts: each fifth of them is decided about by
    a fit on the other four then."""
    out_of_fold: int
    """How many of the texts the model has learnt (`training.learn_dev`): about them trainings
    decide that had not."""
    cooccurrence: CoOccurrence

    @property
    def notes(self) -> list[str]:
        """Return in plain words what the model had of these very texts, a sentence each."""
        return deciding.notes(out_of_fold=self.out_of_fold, cross_fitted=self.cross_fitted)

    def to_json(self) -> dict[str, object]:
        """Return all of it as JSON values, on one level."""
        rest = {key: value for key, value in vars(self).items() if key != "cooccurrence"}
        return {**rest, **self.cooccurrence.to_json()}


def cooccur(
    model: str | Path | Predictor,
    dataset: str,
    *,
    split: str | None = None,
    data_dir: str | Path | None = None,
    data: Mapping[str, object] | None = None,
    most: int = MOST,
    texts: bool = False,
) -> Found:
    """Return which labels come together in a split; the arguments are `evaluate`'s.

    Args:
        model: a loaded model, or the folder of a run or a bundle.
        dataset: a name or a file.
        split: train, dev or test; of a file also all.
        data_dir: where the dataset's files are.
        data: the dataset's options.
        most: texts with mixed feelings that are kept.
        texts: whether the beginnings of these are kept, personal data hidden.

    Raises:
        InputError: as for `evaluate`.

    """
    found = predictions(model, dataset, split=split, data_dir=data_dir, data=data)
    name = str(model.bundle.path if isinstance(model, Predictor) else model)
    measured = cooccurrence.measure(
        found.truth, found.decided, found.ids, found.labels, most, found.texts if texts else None
    )
    return Found(name, dataset, found.split, found.cross_fitted, found.out_of_fold, measured)
