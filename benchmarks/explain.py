"""How faithful explanations are: does the model need the words that a method says it does?

    python benchmarks/explain.py RUN --data-dir DATA [--texts 150] [--methods M|M] [--json FILE]

For each text of dev and each label that is on, words are left out of the text (comprehensiveness:
how much the probability loses without the k words that push most) or all others are (sufficiency:
how much it loses with these alone; less is better), as in DeYoung et al., ERASER (ACL 2020), for k
of a tenth to the half of the words. Random orders are the floor. Leaving a word out is told by the
same means as it is judged by, so it is the mark for methods that look inside. Intervals: 95 %,
texts drawn again. Prints figures only, never a text.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overtone import data
from overtone.inference.predictor import Predictor, load
from overtone.insight import attribution
from overtone.insight.alignment import Aligned, align

Floats = NDArray[np.float64]
Order = Callable[[Aligned, Sequence[int]], Floats]

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Of the words that are left out, or kept."""
DRAWS = 3
"""Random orders a text; their mean counts."""
FEWEST = 4
"""Words without which a text is passed over: a tenth and a half of it would be the same."""
RESAMPLES = 2000

METHODS: dict[str, tuple[str, dict[str, object]]] = {
    "leave_one_out": ("leave_one_out", {}),
    "integrated_gradients": ("integrated_gradients", {}),
    "integrated_gradients, 8 steps": ("integrated_gradients", {"steps": 8}),
    "integrated_gradients, from the mask": ("integrated_gradients", {"baseline": "mask"}),
    "integrated_gradients, from nought": ("integrated_gradients", {"baseline": "zero"}),
    "attention": ("attention", {}),
    "attention, last layer": ("attention", {"layers": "last"}),
}
RANDOM = "random"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--dataset", default="semeval2018-en")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--texts", type=int, default=150)
    parser.add_argument("--methods", help="names with | between; by default all")
    parser.add_argument("--skip", type=int, default=0, help="texts that were done before")
    parser.add_argument("--json", type=Path, help="adds to what it has, and shows both")
    asked = parser.parse_args()
    predictor = load(asked.run)
    split = data.load(asked.dataset, "dev", asked.data_dir)
    names = asked.methods.split("|") if asked.methods else list(METHODS)
    chosen = choose(predictor, split.texts, asked.skip + asked.texts)[asked.skip :]
    curves, seconds = measure(predictor, chosen, names)
    labels = [len(columns) for _, columns in chosen]
    if asked.json and asked.json.exists():
        before = json.loads(asked.json.read_text(encoding="utf-8"))
        curves = {name: before["curves"][name] + found for name, found in curves.items()}
        seconds = {name: before["seconds"][name] + found for name, found in seconds.items()}
        labels = before["labels"] + labels
    if asked.json:
        values = {"curves": curves, "seconds": seconds, "labels": labels}
        asked.json.write_text(json.dumps(values), encoding="utf-8")
    print(f"{asked.dataset}, dev, {len(labels)} texts, {sum(labels)} labels that are on\n")
    show({name: np.array(found) for name, found in curves.items()}, seconds)


def choose(
    predictor: Predictor, texts: Sequence[str], most: int
) -> list[tuple[Aligned, list[int]]]:
    """Return texts, drawn at random, and the labels that are on; such as have both."""
    order = np.random.default_rng(0).permutation(len(texts))
    found: list[tuple[Aligned, list[int]]] = []
    for place in order:
        if len(found) == most:
            break
        aligned = align(texts[place], predictor.clean)
        [on] = predictor.decide(predictor.probabilities([texts[place]]))
        if on.any() and len(aligned.units) >= FEWEST:
            found.append((aligned, np.flatnonzero(on).tolist()))
    return found


def measure(
    predictor: Predictor, chosen: Iterable[tuple[Aligned, list[int]]], names: Sequence[str]
) -> tuple[dict[str, list[Any]], dict[str, list[float]]]:
    """Return each method's curves and its seconds a text.

    The curves are (n, 2, S), as lists: what the probability loses, the mean over a text's labels,
    with words left out and with words kept.
    """
    methods = {name: attribution.load(*METHODS[name], predictor) for name in names}
    curves: dict[str, list[Any]] = {name: [] for name in (RANDOM, *names)}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for aligned, columns in chosen:
        rng = np.random.default_rng(len(aligned.text))
        # (K, W): for each label the units, those that push most first.
        orders: dict[str, list[NDArray[np.int64]]] = {
            RANDOM: [
                np.tile(rng.permutation(len(aligned.units)), (len(columns), 1))
                for _ in range(DRAWS)
            ]
        }
        for name, attribute in methods.items():
            started = time.perf_counter()
            pushes = attribute(predictor, aligned, columns)
            seconds[name].append(time.perf_counter() - started)
            orders[name] = [np.argsort(-pushes.T, axis=1, kind="stable")]
        losses = Losses(predictor, aligned)
        for those in orders.values():
            for order in those:
                losses.want(order)
        losses.compute()
        for name, those in orders.items():
            found = np.mean([losses.of(order, columns) for order in those], axis=0)
            curves[name].append(found.tolist())
    return curves, seconds


class Losses:
    """What probabilities lose with some of a text's words; each text is computed once."""

    def __init__(self, predictor: Predictor, aligned: Aligned) -> None:
        """Store the text."""
        self.predictor = predictor
        self.aligned = aligned
        self.wanted: dict[frozenset[int], int] = {frozenset(): 0}
        self.lost = np.zeros(0)

    def want(self, order: NDArray[np.int64]) -> None:
        """Ask for the texts that judge orders (K, W)."""
        for row in order:
            for gone in (part for pair in self._parts(row) for part in pair):
                self.wanted.setdefault(gone, len(self.wanted))

    def compute(self) -> None:
        """Compute all that were asked for."""
        texts = [self.aligned.without(*gone) for gone in self.wanted]
        found = self.predictor.probabilities(texts).astype(np.float64)
        self.lost = found[0] - found  # (texts, C)

    def of(self, order: NDArray[np.int64], columns: Sequence[int]) -> Floats:
        """Return the curves, (2, S), the mean over labels."""
        found = [
            [
                [self.lost[self.wanted[part], column] for part in parts]
                for parts in zip(*self._parts(row), strict=True)
            ]
            for row, column in zip(order, columns, strict=True)
        ]
        return np.asarray(np.mean(found, axis=0))

    def _parts(self, row: NDArray[np.int64]) -> list[tuple[frozenset[int], frozenset[int]]]:
        """Return for each share what is left out: the first words, or all others."""
        counts = [math.ceil(share * len(row)) for share in SHARES]
        return [
            (frozenset(row[:count].tolist()), frozenset(row[count:].tolist())) for count in counts
        ]


def show(found: dict[str, Floats], seconds: dict[str, list[float]]) -> None:
    """Print both scores with intervals, what a method gains over chance, and the curves."""
    heads = ("comprehensiveness", "over random", "sufficiency", "under random", "seconds a text")
    print(f"| method | {' | '.join(heads)} |\n|---|---|---|---|---|---|")
    for name, curves in found.items():
        both = curves.mean(axis=2)  # (n, 2)
        gain = (both - found[RANDOM].mean(axis=2)) * (1, -1)
        cells = [
            interval(values) for pair in zip(both.T, gain.T, strict=True) for values in pair
        ]  # fmt: skip
        spent = f"{np.median(seconds[name]):.3f}" if name in seconds else ""
        print(f"| {name} | {' | '.join(cells)} | {spent} |")
    shares = " | ".join(f"{share:.0%}" for share in SHARES)
    for place, what in enumerate(("without the first", "with the first alone")):
        print(f"\n| lost {what} | {shares} |\n|---|{'---|' * len(SHARES)}")
        for name, curves in found.items():
            print(f"| {name} | {' | '.join(f'{v:.3f}' for v in curves[:, place].mean(axis=0))} |")


def interval(values: Floats) -> str:
    """Return a mean over texts (n,) and where it lies when texts are drawn again."""
    rng = np.random.default_rng(2)
    means = values[rng.integers(len(values), size=(RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return f"{values.mean():.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()
