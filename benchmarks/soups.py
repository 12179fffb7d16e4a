"""What soups of so many trainings have, of all that can be made of some runs, beside the runs.

    python benchmarks/soups.py semeval2018-en RUN RUN … --data-dir DATA

The runs have one recipe, one start and different seeds; a soup has the mean of their weights, as
`training.soup` makes it. Scored on dev, under a threshold of 0.5 and under a preset's decision,
which is cross-fitted there.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from overtone import bundle, data
from overtone.evaluation import metrics
from overtone.experiment import deciding
from overtone.experiment.deciding import Way
from overtone.experiment.recipe import compose
from overtone.inference import predictor

SCORES = ("jaccard", "jaccard_zero", "f1_micro", "f1_macro")


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
    weights = [
        load_file(bundle.load(bundle.locate(run)).file(bundle.WEIGHTS)) for run in asked.runs
    ]
    heads = [f"{score} at 0.5" for score in SCORES] + [f"{score}, decided" for score in SCORES]
    print(f"{asked.dataset}, dev, {len(split)} texts, {len(weights)} runs: mean ± deviation\n")
    print(f"| runs in a soup | soups | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 2)}")
    for size in range(1, len(weights) + 1):
        rows = []
        for chosen in combinations(weights, size):
            network.load_state_dict(mean(chosen))
            raw = model.uncalibrated(split.texts)
            _, decided = deciding.cross_fit(way, raw, truth, split.labels)
            both = raw > deciding.HALF, decided
            found = [metrics.score(truth, on, raw, split.labels).to_json() for on in both]
            rows.append([scores[name] for scores in found for name in SCORES])
        print(f"| {size} | {len(rows)} | {' | '.join(cells(np.array(rows)))} |", flush=True)


def mean(soup: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return the mean of several models' weights."""
    first = soup[0]
    return {
        key: torch.stack([each[key].double() for each in soup]).mean(dim=0).to(tensor.dtype)
        for key, tensor in first.items()
    }


def cells(rows: NDArray[np.float64]) -> list[str]:
    """Return each column's mean, with its deviation where there are several rows."""
    deviations = rows.std(axis=0, ddof=1) if len(rows) > 1 else np.zeros(rows.shape[1])
    return [
        f"{found:.4f}" + (f" ± {deviation:.4f}" if len(rows) > 1 else "")
        for found, deviation in zip(rows.mean(axis=0), deviations, strict=True)
    ]


if __name__ == "__main__":
    main()
