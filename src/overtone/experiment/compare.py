"""Compare two models on a dataset's split: which is better, by how much, and whether that holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from overtone.data import Split
from overtone.errors import InputError
from overtone.evaluation import compare as differences
from overtone.evaluation.bootstrap import LEVEL, SCORES
from overtone.evaluation.compare import RESAMPLES, Difference, LabelDifference
from overtone.evaluation.metrics import Scores
from overtone.experiment import arm as arms
from overtone.experiment.arm import Arm, Model
from overtone.experiment.evaluate import Predicted, predictions
from overtone.labels import Labels

HEADLINE = "jaccard"
"""The score by which one model is called better."""
OTHERS = ("f1_micro", "f1_macro")
"""Those that are named beside it where they say something else."""
POINTS = 100
"""A point is a hundredth of a score."""

FEW = 5
"""Fewer runs than this, and a bootstrap over them sees too little of what they might have been."""

Tell = Callable[[int, int, str], None]
"""Told how many models have been scored, of how many, and which is next."""


@dataclass(frozen=True)
class Side:
    """One of the two models; with several seeds, their means."""

    model: str
    runs: tuple[str, ...]
    seeds: tuple[int | None, ...]
    """Those that the runs were trained with, in the same order; None where one isn't known."""
    scores: dict[str, float]
    """The mean over the runs of each of `bootstrap.SCORES`."""
    f1: dict[str, float]
    """The mean over the runs of each label's F1."""
    by_run: tuple[dict[str, float], ...]
    """Each run's scores."""

    def to_json(self) -> dict[str, object]:
        """Return the side as JSON values."""
        return {**vars(self), "runs": list(self.runs), "seeds": list(self.seeds)}


@dataclass(frozen=True)
class Comparison:
    """Two models' scores on the same texts, and their differences: those of A less those of B."""

    dataset: str
    split: str
    n: int
    """Texts that are scored."""
    a: Side
    b: Side
    differences: dict[str, Difference]
    """Of each of `bootstrap.SCORES`."""
    per_label: dict[str, LabelDifference]
    """Of each label's F1."""
    support: dict[str, int]
    """Texts that carry each label."""
    seeds_paired: bool
    """Whether both have the same seeds, several of them, which are then drawn together."""
    cross_fitted: bool
    """Whether a decision was fitted on these texts, and is scored cross-fitted."""
    out_of_fold: int
    """How many of the texts a model has learnt, which is scored on them by trainings that had
    not."""
    resamples: int
    seconds: float
    """From the first text to the last difference, loading included."""

    @property
    def verdict(self) -> str:
        """Return in one line which model is better by `jaccard`, if the texts can show that."""
        lines = [self._verdict(HEADLINE)]
        sign = self.differences[HEADLINE].sign
        lines += [
            self._verdict(name) for name in OTHERS if self.differences[name].sign not in {0, sign}
        ]
        return "; but ".join(lines)

    @property
    def scope(self) -> str:
        """Return in plain words what the intervals speak of, and what they don't."""
        learnt = (
            "; a model that has learnt texts of these is scored on them by trainings that had not"
        ) * bool(self.out_of_fold)
        fitted = "; what was fitted on these texts is cross-fitted" * self.cross_fitted
        return f"{self._of_texts_and_seeds()}{learnt}{fitted}"

    def _of_texts_and_seeds(self) -> str:
        runs = {"A": len(self.a.runs), "B": len(self.b.runs)}
        texts, seeds = (
            "the intervals speak of other texts of the same kind",
            "other seeds of training",
        )
        once = [side for side, count in runs.items() if count == 1]
        if len(once) == len(runs):
            return f"{texts}, not of {seeds}: A and B are one run each"
        several = ", ".join(f"{count} of {side}" for side, count in runs.items() if count > 1)
        paired = ", drawn in pairs" if self.seeds_paired else ""
        rest = f", not of {seeds} of {once[0]}, which is one run" if once else ""
        small = any(1 < count < FEW for count in runs.values())
        few = "; so few say little of how far seeds vary" if small else ""
        return f"{texts} and of {seeds} ({several}{paired}{few}){rest}"

    def to_json(self) -> dict[str, object]:
        """Return the comparison as JSON values."""
        return {
            **vars(self),
            "a": self.a.to_json(),
            "b": self.b.to_json(),
            "differences": {name: one.to_json() for name, one in self.differences.items()},
            "per_label": {name: one.to_json() for name, one in self.per_label.items()},
            "level": LEVEL,
            "verdict": self.verdict,
            "scope": self.scope,
        }

    def _verdict(self, name: str) -> str:
        found = self.differences[name]
        value, low, high = (POINTS * bound for bound in (found.value, found.low, found.high))
        if found.sign == 0:
            return (
                f"no difference in {name} that these {self.n:,} texts can show "
                f"(A less B: {value:.2f} points, {low:.2f} to {high:.2f})"
            )
        if found.sign < 0:
            value, low, high = -value, -high, -low
        better = "A" if found.sign > 0 else "B"
        return f"{better} is better by {value:.2f} points of {name} ({low:.2f} to {high:.2f})"


def compare(
    model_a: Model | Sequence[Model],
    model_b: Model | Sequence[Model],
    dataset: str,
    *,
    split: str | None = None,
    data_dir: str | Path | None = None,
    data: Mapping[str, object] | None = None,
    resamples: int = RESAMPLES,
    tell: Tell | None = None,
) -> Comparison:
    """Compare two models on one split of a dataset.

    How the intervals and p-values come about: `overtone.evaluation.compare`.

    Args:
        model_a: a loaded model, the folder of a run or a bundle, or a folder that holds a recipe's
            runs under several seeds; or a list of these.
        model_b: the other one. Where both have the same seeds, these are compared in pairs.
        dataset: as for `evaluate`; so are the next three.
        split: train, dev or test; of a file also all.
        data_dir: where the dataset's files are.
        data: the dataset's options.
        resamples: how often texts and seeds are drawn.
        tell: called before each model is scored.

    Raises:
        InputError: as for `evaluate`; or the two have other labels, or are scored on other texts.
        BundleError: a file of a model is missing, changed or additional.

    """
    if resamples < 1:
        raise InputError(f"expected at least one resample, found {resamples}")
    start = time.perf_counter()
    a, b = arms.find(model_a), arms.find(model_b)
    _check_labels(a, b)
    runs = [*a.runs, *b.runs]
    read: dict[str, Split] = {}
    found: list[Predicted] = []
    for done, run in enumerate(runs):
        if tell is not None:
            tell(done, len(runs), run.name)
        one = predictions(run.model, dataset, split=split, data_dir=data_dir, data=data, read=read)
        found.append(_in_order(one, a.runs[0].manifest.labels.names))
        _check_texts(found[0], found[-1], runs[0].name, run.name)
    truth, decided = found[0].truth, [one.decided for one in found]
    count = len(a.runs)
    seeds_paired = count > 1 and None not in a.seeds and a.seeds == b.seeds
    result = differences.compare(
        truth, decided[:count], decided[count:], seeds_paired=seeds_paired, resamples=resamples
    )
    scores = [one.score() for one in found]
    per_label = zip(found[0].labels.names, result.per_label, strict=True)
    return Comparison(
        dataset,
        found[0].split,
        scores[0].n,
        _side(a, scores[:count]),
        _side(b, scores[count:]),
        result.scores,
        dict(per_label),
        {name: label.support for name, label in scores[0].per_label.items()},
        seeds_paired,
        any(one.cross_fitted for one in found),
        max(one.out_of_fold for one in found),
        resamples,
        round(time.perf_counter() - start, 3),
    )


def _side(arm: Arm, scores: Sequence[Scores]) -> Side:
    by_run = [{name: float(getattr(one, name)) for name in SCORES} for one in scores]
    return Side(
        arm.name,
        tuple(run.name for run in arm.runs),
        arm.seeds,
        {name: _mean(run[name] for run in by_run) for name in SCORES},
        {name: _mean(one.per_label[name].f1 for one in scores) for name in scores[0].per_label},
        tuple(by_run),
    )


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _in_order(found: Predicted, names: Sequence[str]) -> Predicted:
    """Return the same with its labels' columns in another order."""
    columns = [found.labels.names.index(name) for name in names]
    return replace(
        found,
        labels=Labels.of(*names),
        truth=found.truth[:, columns],
        probabilities=found.probabilities[:, columns],
        decided=found.decided[:, columns],
    )


def _check_labels(a: Arm, b: Arm) -> None:
    ours, theirs = (set(arm.runs[0].manifest.labels.names) for arm in (a, b))
    if ours != theirs:
        only = [
            f"only {arm.name} has {', '.join(map(repr, sorted(names)))}"
            for arm, names in ((a, ours - theirs), (b, theirs - ours))
            if names
        ]
        raise InputError(
            f"expected two models of the same labels, found that {' and '.join(only)}: compare "
            "models of one label set"
        )


def _check_texts(first: Predicted, found: Predicted, one: str, other: str) -> None:
    """Refuse models whose options make them be scored on other texts, or on another truth."""
    if first.ids != found.ids or not np.array_equal(first.truth, found.truth, equal_nan=True):
        raise InputError(
            f"expected both models to be scored on the same texts, found others for {one} "
            f"({len(first.ids)}) than for {other} ({len(found.ids)}), since they were trained with "
            "other options of the dataset: say which hold with --set data.KEY=VALUE"
        )
