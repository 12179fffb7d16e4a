"""A model asked for the labels of a dataset that it never saw, beside the similarity of sentences.

    python benchmarks/zero_shot_elsewhere.py MODEL --dataset semeval2018-en --data-dir DATA \
        --labels anticipation,pessimism,trust

The labels are asked for together. The similarity has the sentence that is best on these very texts,
which favours it, and F1 is at each one's best threshold there, which favours both.
Intervals, 95 %, are a bootstrap's over texts.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import _zero_scores as scores
import numpy as np

from overtone import data
from overtone.errors import OvertoneError
from overtone.inference import predictor


def main() -> None:
    """Print a row a label, and the means."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--dataset", required=True, help="a name, or a table")
    parser.add_argument("--split", default="dev", help="of the dataset (dev)")
    parser.add_argument("--labels", required=True, help="with commas between")
    parser.add_argument("--texts", type=int, default=0, help="at random, at most; 0 is all")
    parser.add_argument("--data-dir", type=Path, help="where the data is; else OVERTONE_DATA_DIR")
    parser.add_argument("--resamples", type=int, default=1000, help="of the bootstrap (1000)")
    asked = parser.parse_args()
    try:
        _run(asked, asked.labels.split(","))
    except OvertoneError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


def _run(asked: argparse.Namespace, names: list[str]) -> None:
    split = data.load(asked.dataset, asked.split, asked.data_dir)
    if 0 < asked.texts < len(split):
        rows = np.random.default_rng(0).permutation(len(split))[: asked.texts]
        split = split.part(np.sort(rows))
    truth = scores.carried(split, names)
    model = predictor.load(asked.model, labels=names)
    found = model.uncalibrated(split.texts).astype(np.float64)
    similarity = scores.Similarity()
    vectors = similarity.embed(split.texts)
    ways = {each: similarity.to(vectors, names, each) for each in scores.SENTENCES}
    best = max(ways, key=lambda each: scores.ranked(ways[each], truth)[0].mean())
    print(f"{len(split)} texts; similarity asks {best!r}\n")
    own = model_threshold(model)
    reached = scores.f1(found > own, truth).mean()
    print(f"at the model's own threshold, {own:.3f}, macro F1 is {reached:.3f}")
    one = scores.Found(names, truth, found, scores.best_threshold(found, truth))
    two = scores.Found(names, truth, ways[best], scores.best_threshold(ways[best], truth))
    scores.by_label([one], [two])
    scores.by_split([], [one], [two], asked.resamples)


def model_threshold(model: predictor.Predictor) -> float:
    """Return the model's threshold for all labels, else one half."""
    saved = model.bundle.manifest.decision
    return float(saved["threshold"]) if saved["name"] == "threshold" else 0.5


if __name__ == "__main__":
    main()
