"""The best score of a classifier that says one label a text at most, as a softmax above 0.5 does.

    python benchmarks/one_label_bound.py semeval2018-en --data-dir DATA

Prints the highest possible mean Jaccard on dev in both conventions: for each text, the better of
saying nothing and of saying one label that it carries.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from overtone import data


def main() -> None:
    """Print the bounds of a dataset's dev split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("--data-dir", type=Path)
    arguments = parser.parse_args()
    split = data.load(arguments.dataset, "dev", arguments.data_dir)
    labels = (data.truth(split) > 0.5).sum(axis=1)  # noqa: PLR2004
    one = 1 / np.maximum(labels, 1)  # one right label of all that there are
    print(f"{arguments.dataset} dev, {len(split)} texts, {labels.mean():.2f} labels a text")
    zero = one * (labels > 0)
    print(f"jaccard at most {one.mean():.4f}, jaccard_zero at most {zero.mean():.4f}")


if __name__ == "__main__":
    main()
