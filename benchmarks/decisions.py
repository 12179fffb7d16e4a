"""What each decision makes of the same probabilities, scored on texts that it was not fitted on.

    python benchmarks/decisions.py semeval2018-en RUN [RUN …] --data-dir DATA [--plot FILE]

Prints the mean over the runs (one recipe's seeds) and how far each decision is from a threshold of
0.5 on the same probabilities. Everything that is fitted is cross-fitted on dev, in five folds. The
last rows can't be reached: they were allowed to look at the truth.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import _tradeoff
import numpy as np
from numpy.typing import NDArray

from overtone import data, decision
from overtone.evaluation import metrics
from overtone.experiment import deciding, learnt
from overtone.experiment.deciding import Way
from overtone.experiment.recipe import section
from overtone.inference import predictor
from overtone.labels import Labels

Floats = NDArray[np.float32]
WAYS: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("threshold 0.5", "none", {"name": "threshold"}),
    ("threshold 0.5, platt", "platt", {"name": "threshold"}),
    ("threshold for jaccard", "none", {"name": "threshold", "aim": "jaccard"}),
    ("threshold for macro F1", "none", {"name": "threshold", "aim": "f1_macro"}),
    ("at_least 1", "none", {"name": "at_least"}),
    ("per_label for macro F1", "none", {"name": "per_label", "aim": "f1_macro"}),
    ("per_label for macro F1, platt", "platt", {"name": "per_label", "aim": "f1_macro"}),
    ("per_label for micro F1", "none", {"name": "per_label", "aim": "f1_micro"}),
    ("per_label for jaccard", "none", {"name": "per_label", "aim": "jaccard"}),
    ("expected_jaccard, independent", "none", {"name": "expected_jaccard", "dependent": False}),
    ("expected_jaccard", "none", {"name": "expected_jaccard"}),
    ("expected_jaccard, platt", "platt", {"name": "expected_jaccard"}),
    ("expected_jaccard, macro 0.1", "none", {"name": "expected_jaccard", "macro": 0.1}),
    ("expected_jaccard, macro 0.3", "none", {"name": "expected_jaccard", "macro": 0.3}),
    ("expected_jaccard, macro 1", "none", {"name": "expected_jaccard", "macro": 1.0}),
)
IN_SAMPLE = ("per_label for macro F1", "per_label for jaccard", "expected_jaccard")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--plot", type=Path, help="draw jaccard against macro F1: .png or .svg")
    asked = parser.parse_args()
    split = data.load(asked.dataset, "dev", asked.data_dir)
    truth = data.truth(split)
    rows: dict[str, list[list[float]]] = {}
    for run in asked.runs:
        model = predictor.load(run)
        raw, _ = learnt.scorable(model, split, model.uncalibrated(split.texts))
        for name, scores in score(raw, truth, split.labels).items():
            rows.setdefault(name, []).append(scores)
    base = np.array(rows["threshold 0.5"])
    print(f"{asked.dataset}, dev, {len(split)} texts, {len(asked.runs)} runs: mean (and gain)\n")
    print("| decision | jaccard | jaccard_zero | micro F1 | macro F1 |\n|---|---|---|---|---|")
    for name, found in rows.items():
        mean, gain = np.mean(found, axis=0), np.mean(found - base, axis=0)
        cells = [f"{m:.4f} ({100 * g:+.1f})" for m, g in zip(mean, gain, strict=True)]
        print(f"| {name} | {' | '.join(cells)} |")
    if asked.plot:
        reached = {name: found for name, found in rows.items() if not name.startswith("*")}
        title = f"{asked.dataset}, dev, {len(split)} texts, {len(asked.runs)} runs"
        _tradeoff.write(reached, asked.plot, title, "threshold 0.5")


def score(raw: Floats, truth: Floats, labels: Labels) -> dict[str, list[float]]:
    """Return each decision's scores on one model's probabilities (n, C)."""
    found = {}
    for name, calibration, options in WAYS:
        way = Way(section("calibration", {"name": calibration}), section("decision", options))
        _, decided = deciding.cross_fit(way, raw, truth, labels)
        found[name] = _scores(truth, decided, raw, labels)
    for name, _, options in WAYS:
        if name in IN_SAMPLE:
            rest = {key: value for key, value in options.items() if key != "name"}
            if options["name"] == "per_label":
                rest["shrinkage"] = 0.0
            decided = decision.fit(str(options["name"]), rest, raw, truth, labels).decide(raw)
            found[f"*{name}, fitted on what it is scored on*"] = _scores(
                truth, decided, raw, labels
            )
    found["*the best cut of each text's ranking*"] = _scores(truth, _cut(raw, truth), raw, labels)
    return found


def _cut(raw: Floats, truth: Floats) -> NDArray[np.bool_]:
    """Return for each text as many of its most probable labels as have the highest Jaccard."""
    present = np.nan_to_num(truth) > deciding.HALF
    rank = np.argsort(np.argsort(-raw, axis=1, kind="stable"), axis=1)
    best, reached = np.zeros_like(present), np.full(len(raw), -1.0)
    for count in range(raw.shape[1] + 1):
        on = rank < count
        either = (on | present).sum(axis=1)
        value = np.where(either == 0, 1.0, (on & present).sum(axis=1) / np.maximum(either, 1))
        better = value > reached
        best[better], reached[better] = on[better], value[better]
    return best


def _scores(truth: Floats, decided: NDArray[np.bool_], raw: Floats, labels: Labels) -> list[float]:
    scores = deciding.main(metrics.score(truth, decided, raw, labels).to_json())
    return [scores[name] for name in ("jaccard", "jaccard_zero", "f1_micro", "f1_macro")]


if __name__ == "__main__":
    main()
