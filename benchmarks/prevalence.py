"""How near ways to estimate a label's share come, and how often intervals hold it, under shift.

Half of a dev split, drawn anew each time, is where a classifier's errors are counted (and its
calibration and decision fitted, cross-fitted within the half); from the other half come texts in
which a label is a quarter to three times as common. No text has a say on both sides. The estimates:
what the classifier says (said), adjusted classify-and-count (adjusted, what `overtone summarise`
uses), the mean probability (mean), the same adjusted (mean adjusted), and the EM method of Saerens
et al. on Platt-scaled and on the model's own probabilities (EM, EM raw).

    python benchmarks/prevalence.py runs/en --dataset semeval2018-en --data-dir DATA --texts 200
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overtone import calibration
from overtone.evaluation.proportion import wilson
from overtone.experiment import deciding, labelled, learnt
from overtone.inference import predictor
from overtone.insight import prevalence
from overtone.labels import Labels

SHIFTS = (0.25, 0.5, 1.0, 2.0, 3.0)
LEAST_POSITIVES = 5
NEAREST = 1e-6
WAYS = ("said", "adjusted", "mean", "mean adjusted", "EM", "EM raw")

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Trial:
    """One label, one shift, one draw."""

    positives: int
    shift: float
    errors: tuple[float, ...]
    """Of each way, estimate less truth."""
    corrected: bool
    held: bool
    width: float
    held_said: bool
    """Of Wilson's interval of what is said, which knows nothing of errors."""


def main() -> None:
    """Measure and print."""
    asked = _asked()
    model, split, truth = labelled.load(
        predictor.load(asked.model), asked.dataset, "dev", asked.data_dir, {}, default="dev"
    )
    raw, _ = learnt.scorable(model, split, model.uncalibrated(split.texts))
    way = deciding.Way.of(model.bundle.manifest)
    rng = np.random.default_rng(0)
    found = [
        trial
        for _ in range(asked.rounds)
        for trial in _round(way, raw, truth, model.labels, asked.texts, rng)
    ]
    print(
        f"{asked.dataset} dev, {len(split.texts)} texts, half of them a side; {asked.texts} drawn"
    )
    print(f"| | trials | {' | '.join(WAYS)} | held | width | held, said |")
    print("|" + "---|" * (len(WAYS) + 5))
    _show("all", found)
    for shift in SHIFTS:
        _show(f"x {shift:g}", [one for one in found if one.shift == shift])
    for low, high in ((5, 20), (20, 50), (50, 100), (100, 10**9)):
        name = f"{low} to {high - 1} positives" if high < 10**9 else f"{low} positives or more"
        _show(name, [one for one in found if low <= one.positives < high])
    _show("corrected", [one for one in found if one.corrected])
    _show("not corrected", [one for one in found if not one.corrected])


def _round(
    way: deciding.Way,
    raw: Floats,
    truth: Floats,
    labels: Labels,
    texts: int,
    rng: np.random.Generator,
) -> Iterator[Trial]:
    """Yield the trials of one division into halves."""
    order = rng.permutation(len(raw))
    known, pool = order[: len(order) // 2], order[len(order) // 2 :]
    fitted_decided = deciding.cross_fit(way, raw[known], truth[known], labels)[1]
    fitted = way.fit(raw[known], truth[known], labels)
    probabilities, decided = fitted.apply(raw[pool])
    ours = fitted.apply(raw[known])[0]
    platt = calibration.fit("platt", {}, raw[known], truth[known], labels)
    scaled, ours_scaled = platt.calibrate(raw[pool]), platt.calibrate(raw[known])
    for c in range(len(labels)):
        on, off = truth[known, c] > 0.5, truth[known, c] <= 0.5  # noqa: PLR2004 - NaN is neither
        positives = int(on.sum())
        if positives < LEAST_POSITIVES:
            continue
        counts = [
            int((part & said).sum())
            for part in (on, off)
            for said in (fitted_decided[:, c], ~fitted_decided[:, c])
        ]
        errors = prevalence.Errors(*counts)
        base = positives / len(known)
        there = np.flatnonzero(truth[pool, c] > 0.5)  # noqa: PLR2004
        absent = np.flatnonzero(truth[pool, c] <= 0.5)  # noqa: PLR2004
        for shift in SHIFTS:
            share = base * shift
            k = int(rng.binomial(texts, min(share, 1)))
            if share >= 1 or k > len(there) or texts - k > len(absent):
                continue
            drawn = np.r_[
                rng.choice(there, k, replace=False), rng.choice(absent, texts - k, replace=False)
            ]
            said = int(decided[drawn, c].sum())
            one = prevalence.share(said, texts, errors)
            low, high = wilson(np.array([said / texts]), np.array([texts]))[:, 0]
            estimates = (
                said / texts,
                one.value,
                float(probabilities[drawn, c].mean()),
                _adjusted_mean(ours[:, c], on, probabilities[drawn, c]),
                _em(scaled[drawn, c], float(ours_scaled[:, c].mean())),
                _em(probabilities[drawn, c], base),
            )
            yield Trial(
                positives, shift, tuple(each - share for each in estimates), one.corrected,
                one.low <= share <= one.high, one.high - one.low, low <= share <= high,
            )  # fmt: skip


def _adjusted_mean(ours: Floats, on: Bools, theirs: Floats) -> float:
    """Return the share by which the mean probability is what it is; Bella et al. (ICDM 2010)."""
    with_it, without = float(ours[on].mean()), float(ours[~on].mean())
    return float(np.clip((theirs.mean() - without) / (with_it - without), 0, 1))


def _em(probabilities: Floats, base: float, most: int = 200) -> float:
    """Return the share at which EM rests; Saerens et al. (Neural Computation 14, 2002)."""
    p = np.clip(probabilities.astype(np.float64), NEAREST, 1 - NEAREST)
    share = base
    for _ in range(most):
        on, off = p * share / base, (1 - p) * (1 - share) / (1 - base)
        new = float((on / (on + off)).mean())
        if abs(new - share) < NEAREST:
            break
        share = new
    return share


def _show(name: str, trials: list[Trial]) -> None:
    """Print a row: mean absolute error (bias) of each way in points, and how intervals do."""
    if not trials:
        return
    errors = 100 * np.array([one.errors for one in trials])
    cells = [
        f"{size:.2f} ({bias:+.2f})"
        for size, bias in zip(np.abs(errors).mean(axis=0), errors.mean(axis=0), strict=True)
    ]
    held, width, said = (
        float(np.mean([getattr(one, key) for one in trials]))
        for key in ("held", "width", "held_said")
    )
    row = " | ".join([name, str(len(trials)), *cells, f"{held:.3f}", f"{width:.3f}", f"{said:.3f}"])
    print(f"| {row} |")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--data-dir", type=Path, default=None)
    parser.add_argument("--texts", type=int, default=200, help="drawn in a trial")
    parser.add_argument("--rounds", type=int, default=12, help="divisions into halves")
    return parser.parse_args()


if __name__ == "__main__":
    main()
