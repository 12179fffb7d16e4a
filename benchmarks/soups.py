"""What soups of so many trainings have, of all that can be made of some runs, beside the runs.

    python benchmarks/soups.py semeval2018-en RUN RUN … --data-dir DATA

The runs have one recipe, one start and different seeds; a soup has the mean of their weights, as
`training.soup` makes it. Scored on dev, under a threshold of 0.5 and under a preset's decision,
which is cross-fitted there.
"""

from __future__ import annotations

import argparse
from itertools import combinations
from pathlib import Path

from table import SCORES, spread
from torch import nn

from overtone import bundle, data
from overtone.evaluation import metrics
from overtone.experiment import deciding, learnt
from overtone.experiment.deciding import Way
from overtone.experiment.recipe import compose
from overtone.inference import predictor
from overtone.training import soup


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset")
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument(
        "--decision", default="best/semeval2018-en", help="the preset whose decision is fitted"
    )
    parser.add_argument("--data-dir", type=Path)
    asked = parser.parse_args()
    split = data.load(asked.dataset, "dev", asked.data_dir)
    truth = data.truth(split)
    recipe = compose(asked.decision)
    way = Way(recipe.calibration, recipe.decision)
    model = predictor.load(asked.runs[0])
    network = model.network
    assert isinstance(network, nn.Module)  # noqa: S101 - a run is no export
    runs = [bundle.trainable(run) for run in asked.runs]
    learnt.inherited(runs, split)
    weights = [run.file(bundle.WEIGHTS) for run in runs]
    heads = [f"{score} at 0.5" for score in SCORES] + [f"{score}, decided" for score in SCORES]
    print(f"{asked.dataset}, dev, {len(split)} texts, {len(weights)} runs: mean ± deviation\n")
    print(f"| runs in a soup | soups | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 2)}")
    for size in range(1, len(weights) + 1):
        rows = []
        for chosen in combinations(weights, size):
            network.load_state_dict(soup.mean(list(chosen)))
            raw = model.uncalibrated(split.texts)
            _, decided = deciding.cross_fit(way, raw, truth, split.labels)
            both = raw > deciding.HALF, decided
            found = [metrics.score(truth, on, raw, split.labels).to_json() for on in both]
            rows.append([scores[name] for scores in found for name in SCORES])
        cells = [spread(list(column)) for column in zip(*rows, strict=True)]
        print(f"| {size} | {len(rows)} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
