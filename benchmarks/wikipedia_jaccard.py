"""Where a Wikipedia Jaccard of 0.06 comes from: both conventions, on mostly unlabelled comments.

    python benchmarks/wikipedia_jaccard.py DATA/jigsaw/comments.csv runs/comments \
        --not-in DATA/jigsaw/train.csv

Scores models that know the file's labels on these alone. Texts that also stand in the files of
`--not-in`, whatever their case and white space, were seen in training and are left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import overtone
from overtone import data
from overtone.data import stratify
from overtone.evaluation import metrics
from overtone.study import both_jaccards


def main() -> None:
    """Print what each model's Jaccards are, and what they are made of."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--not-in", type=Path, nargs="*", default=[])
    arguments = parser.parse_args()

    split = data.load(str(arguments.file), "all")
    seen = {stratify.same_text(text) for path in arguments.not_in for text in texts_of(path)}
    rows = [row for row, text in enumerate(split.texts) if stratify.same_text(text) not in seen]
    truth = data.truth(split)[rows]
    labels = ", ".join(split.labels.names)
    left_out = len(split) - len(rows)
    print(f"{len(rows)} texts, {left_out} left out that were seen in training; labels: {labels}")
    print("| model | jaccard | jaccard_zero | at most | over labelled texts | unlabelled left so |")
    print("|---|---|---|---|---|---|")
    everything = np.zeros(truth.shape, dtype=bool)
    line("says nothing", truth, everything, split.labels)
    line("says the truth", truth, truth > 0.5, split.labels)  # noqa: PLR2004
    for path in arguments.models:
        line(
            str(path),
            truth,
            decided(path, [split.texts[row] for row in rows], split.labels),
            split.labels,
        )


def texts_of(path: Path) -> Sequence[str]:
    """Return a table's texts."""
    return data.load(str(path), "all").texts


def decided(path: Path, texts: list[str], labels: overtone.Labels) -> metrics.Bools:
    """Return what a model says of texts, of these labels only, (n, C)."""
    model = overtone.load(path)
    columns = [model.labels.names.index(name) for name in labels.names]
    return model.decide(model.probabilities(texts))[:, columns]


def line(
    name: str, truth: NDArray[np.float32], said: metrics.Bools, labels: overtone.Labels
) -> None:
    """Print a row of the table."""
    scores = metrics.score(truth, said, said.astype(np.float32), labels)
    parts = both_jaccards.apart(truth, said)
    print(
        f"| {name} | {scores.jaccard:.4f} | {scores.jaccard_zero:.4f} | {parts.labelled:.4f} | "
        f"{parts.on_labelled:.4f} | {parts.right_on_empty:.4f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
