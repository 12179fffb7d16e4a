"""Rows of a results table, Markdown, from finished runs: the mean and sd over seeds, and the cost.

    python benchmarks/table.py 'tfidf=runs/tfidf-en-*' 'spanemo=runs/spanemo-en-*'

Scores are those on dev that each run's bundle holds, at the run's own decision.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import mean, median, stdev

from overtone import bundle

SCORES = ("jaccard", "jaccard_zero", "f1_micro", "f1_macro")


def main() -> None:
    """Print a row for each group of runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="+", metavar="NAME=GLOB")
    heads = ("model", "jaccard", "jaccard_zero", "micro F1", "macro F1", "s/epoch", "epochs", "MB")
    print(f"| {' | '.join(heads)} | seeds |\n{'|---' * (len(heads) + 1)}|")
    for group in parser.parse_args().groups:
        name, _, pattern = group.partition("=")
        runs = [bundle.load(bundle.locate(path)) for path in sorted(Path().glob(pattern))]
        found = [run.manifest.metrics for run in runs]
        cells = [spread([run["dev"][score] for run in found]) for score in SCORES]
        costs = [run["cost"] for run in found]
        seconds = median(cost["seconds_per_epoch"] for cost in costs)
        epochs = "/".join(str(cost["epochs"]) for cost in costs)
        memory = max(cost["peak_memory_mb"] for cost in costs)
        print(
            f"| {name} | {' | '.join(cells)} | {seconds:.1f} | {epochs} | {memory:.0f} "
            f"| {len(found)} |"
        )


def spread(values: list[float]) -> str:
    """Return the mean of some scores, with their deviation where there are several."""
    text = f"{mean(values):.4f}".lstrip("0")
    return text + (f" ± {stdev(values):.4f}".replace("0.", ".") if len(values) > 1 else "")


if __name__ == "__main__":
    main()
