"""Labels that training never saw: SpanEmo beside chance and the encoder's own sentence similarity.

    python benchmarks/zero_shot.py --data-dir DATA --output runs/zero-shot

Trains `best/zero-shot` once for each split of GoEmotions' labels (_zero_splits.py has the groups,
which are held out whole, and are printed), on GoEmotions, SemEval's English tweets and Jigsaw's
comments without the held-out labels; their texts stay. The held-out labels are then asked for on
GoEmotions' dev split, by their names. Whatever is chosen (the threshold, the similarity's sentence)
is chosen on other texts, kept aside from train, and on other labels, those that were trained on.

A split's run is an ordinary run folder under --output: what is there isn't trained again, and a
run that was stopped goes on. Intervals, 95 %, are a bootstrap's over dev's texts.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import _zero_scores as scores
import _zero_splits as splits
import numpy as np

from overtone import data
from overtone.data import Split
from overtone.errors import OvertoneError
from overtone.experiment.fit import fit_and_save
from overtone.experiment.parts import prepare_splits
from overtone.experiment.recipe import compose

ASIDE = 1500
"""Texts of train on which things are chosen."""
ALSO = ("semeval2018-en", "jigsaw")


def main() -> None:
    """Train what isn't trained yet, and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True, help="where the runs go")
    parser.add_argument("--data-dir", type=Path, help="where the data is; else OVERTONE_DATA_DIR")
    parser.add_argument("--splits", type=int, nargs="*", default=[0, 1, 2, 3], help="which of four")
    parser.add_argument("--texts", type=int, default=24_000, help="of GoEmotions' train (24000)")
    parser.add_argument("--set", dest="settings", nargs="*", default=[], help="of the recipe")
    parser.add_argument("--resamples", type=int, default=1000, help="of the bootstrap (1000)")
    parser.add_argument("--train-only", action="store_true", help="print no tables")
    asked = parser.parse_args()
    try:
        _run(asked)
    except OvertoneError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


def _run(asked: argparse.Namespace) -> None:
    train = data.load("goemotions", "train", asked.data_dir)
    order = np.random.default_rng(splits.SEED).permutation(len(train))
    aside = dataclasses.replace(train.part(np.sort(order[:ASIDE])), name="dev")
    trained = train.part(np.sort(order[ASIDE : ASIDE + asked.texts]))
    others = [data.load(name, "train", asked.data_dir) for name in ALSO]
    held = splits.held_out(train.labels)
    for number in asked.splits:
        print(f"split {number} holds out {', '.join(held[number])}", flush=True)
        _train(asked, number, held[number], trained, aside, others)
    if asked.train_only:
        return
    dev = data.load("goemotions", "dev", asked.data_dir)
    scores.show({n: held[n] for n in asked.splits}, asked.output, aside, dev, asked.resamples)


def _train(
    asked: argparse.Namespace,
    number: int,
    held: Sequence[str],
    trained: Split,
    aside: Split,
    others: Sequence[Split],
) -> None:
    """Train a split's model where it isn't trained yet."""
    folder = asked.output / f"split-{number}"
    if (folder / "bundle").is_dir():
        return
    own, choosing, *more = (splits.without(each, held) for each in (trained, aside, *others))
    for one, other in splits.alike({*own.labels.names, *more[0].labels.names}, held):
        print(f"  like a held-out word: {one} (trained), {other} (held out)")
    recipe = compose(
        "best/zero-shot", dataset="goemotions", also=ALSO, settings=asked.settings, seed=number
    )
    start = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    parts = prepare_splits(recipe, own, choosing, others=more, data_dir=asked.data_dir)
    fit_and_save(parts, folder, quiet=True)
    print(f"  trained in {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
