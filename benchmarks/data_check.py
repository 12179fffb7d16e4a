"""How much of what is wrong with a dataset `overtone data check` finds, and how much it makes up.

    python benchmarks/data_check.py [--texts 20000] [--seed 0] [--dataset NAME --data-dir DATA]

Faults are planted in texts made of the most frequent English words, or in a dataset's own texts;
how often, the seed says, and nothing was chosen for it. A row that is found and was not planted
counts against precision; in a real dataset it may well be a fault, so there it is only counted.
Likely label errors are planted in a file of their own, and found by the out-of-fold probabilities
of a TF-IDF model. Prints a table, seconds and memory.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

import numpy as np
from _faults import FOREIGN, Planted, Row, plant

from overtone import data
from overtone.experiment.check_data import check_data
from overtone.experiment.crossvalidate import crossvalidate
from overtone.insight.data_check.report import Report

LABELS = [f"label{n}" for n in range(10)]
SETS = 40
"""Different sets of labels in generated data."""
CUES = 30
"""Words that say a label: generated texts that carry it have one or two."""
SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}
LONG = 513


def main() -> None:
    """Plant, check, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dataset", help="plant in this dataset's texts instead")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--label-texts", type=int, default=4000, help="0 leaves label errors out")
    asked = parser.parse_args()
    words = Words(asked.seed)
    if asked.dataset:
        labels, rows = real(asked.dataset, asked.data_dir, asked.texts)
    else:
        labels, rows = words.dataset(asked.texts)
    planted = plant(labels, rows, asked.seed, lambda: words.text(int(words.rng.integers(600, 900))))
    with tempfile.TemporaryDirectory() as folder:
        files = planted.write(Path(folder))
        start = time.perf_counter()
        report = check_data(
            str(files["train"]),
            data={"dev": str(files["dev"]), "test": str(files["test"]), "id_column": "id",
                  "text_column": "text", "labels": planted.labels},
        )  # fmt: skip
        seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{asked.dataset or 'generated'}, {len(planted.rows):,} rows, seed {asked.seed}: "
          f"{seconds:.1f} s, {memory:,.0f} MB at most\n")  # fmt: skip
    print("| kind | planted | recall | found besides | precision |\n|---|---|---|---|---|")
    for line in compare(planted, report, real=bool(asked.dataset)):
        print(line)
    for silent in (0.0, 0.1) if asked.label_texts else ():
        for line in label_errors(asked.label_texts, asked.seed, asked.folds, silent):
            print(line)


def compare(planted: Planted, report: Report, *, real: bool) -> Iterable[str]:
    """Yield a line of the table a kind."""
    found = by_kind(report)
    for kind, truth in planted.truth.items():
        there = found.get(kind, set())
        if kind == "languages":
            there = {
                x for name, rows in found.items() if name.startswith("languages") for x in rows
            }
        if kind.startswith("near_duplicates"):
            # Those are put together from a few sentences, so they are near-duplicates indeed.
            there = there - planted.truth["languages"]
        hits = len(truth & there)
        besides = len(there - truth)
        precision = "" if real else f"{hits / max(len(there), 1):.3f}"
        recall = hits / max(len(truth), 1)
        yield f"| {kind} | {len(truth)} | {recall:.3f} | {besides} | {precision} |"
    groups = {
        kind.kind: [{place.id for place in report.places(one)} for one in kind.findings]
        for kind in report.found
    }
    for kind, pairs in planted.pairs.items():
        joined = sum(
            any(copy in group and of in group for group in groups[kind.partition(":")[0]])
            for copy, of in pairs
        )
        yield f"| {kind}, with its original | {len(pairs)} | {joined / len(pairs):.3f} | | |"


def by_kind(report: Report) -> dict[str, set[str]]:
    """Return the ids that were found, by kind and what they are; of rare labels the labels."""
    found: dict[str, set[str]] = {}
    for kind in report.found:
        for one in kind.findings:
            ids = {place.id for place in report.places(one)}
            if one.unread:
                ids = {f"{place.split} line {place.id}" for place in one.unread}
            if kind.kind == "rare_labels":
                ids = set(one.labels)
            found.setdefault(f"{kind.kind}: {one.what}", set()).update(ids)
    return found


def real(dataset: str, data_dir: Path | None, count: int) -> tuple[list[str], list[Row]]:
    """Return the first texts of a dataset's splits; train is divided where there is no other."""
    splits = [data.load(dataset, name, data_dir) for name in ("train", "dev")]
    rows = []
    for split in splits:
        truth = data.truth(split)
        for number, text in enumerate(split.texts[:count]):
            name = "test" if split.name == "dev" and number % 2 else split.name
            on = set(np.flatnonzero(truth[number] > 0.5).tolist())  # noqa: PLR2004
            rows.append(Row(f"{split.name[0]}{number}", name, text, on))
    return list(splits[0].labels.names), rows


def label_errors(count: int, seed: int, folds: int, silent: float) -> Iterable[str]:
    """Yield the table's lines for labels that were turned round in generated data.

    Args:
        count: texts.
        seed: of the texts, and of which labels are turned.
        folds: of the cross-validation.
        silent: the share of labels that no word of the text shows, which no model can tell from
            turned ones.

    """
    words = Words(seed)
    labels, rows = words.dataset(count, silent)
    planted = Planted(labels, rows)
    rng = np.random.default_rng(seed)
    rates = rng.uniform(0.005, 0.05, len(labels))
    wrong = set()
    for row in rows:
        if row.split == "train":
            for label in np.flatnonzero(rng.random(len(labels)) < rates).tolist():
                row.on = row.on ^ {label}
                wrong.add((row.id, labels[label]))
    with tempfile.TemporaryDirectory() as folder:
        files = planted.write(Path(folder))
        options = {"dev": str(files["dev"]), "id_column": "id", "text_column": "text",
                   "labels": labels}  # fmt: skip
        crossvalidate(
            str(files["train"]), Path(folder) / "folds", folds=folds, data=options, model="tfidf"
        )
        report = check_data(
            str(files["train"]), data=options, model=Path(folder) / "folds", only=["label_errors"]
        )
    (kind,) = report.found
    for what in ("likely", ""):
        found = [
            (place.id, one.labels[0])
            for one in kind.findings
            for place in report.places(one)
            if place.split == "train" and one.what.startswith(what)
        ]
        hits = sum(one in wrong for one in found)
        precision = hits / max(len(found), 1)
        yield (
            f"| label_errors{f': {what}' if what else ''}, {silent:.0%} of labels not shown | "
            f"{len(wrong)} | {hits / len(wrong):.3f} | {len(found) - hits} | {precision:.3f} |"
        )


class Words:
    """Texts of English words, drawn as often as they are used."""

    def __init__(self, seed: int) -> None:
        """Read the frequencies that symspellpy brings."""
        self.rng = np.random.default_rng(seed + 1)
        path = resources.files("symspellpy") / "frequency_dictionary_en_82_765.txt"
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        pairs = [line.split() for line in lines[:20_000]]
        counts = np.array([float(count) for _, count in pairs])
        self._words = np.array([word for word, _ in pairs])
        self._share = counts / counts.sum()
        rare = self._words[5000:]
        self._cues = rare[self.rng.permutation(len(rare))[: CUES * len(LABELS)]]

    def text(self, length: int) -> str:
        """Return a text of so many words."""
        return " ".join(self.rng.choice(self._words, length, p=self._share))

    def dataset(self, count: int, silent: float = 0.0) -> tuple[list[str], list[Row]]:
        """Return labels and rows, a share of the labels not shown by any word."""
        sets = [set(np.flatnonzero(self.rng.random(len(LABELS)) < 0.2).tolist())  # noqa: PLR2004
                for _ in range(SETS)]  # fmt: skip
        splits = self.rng.choice(list(SHARES), count, p=list(SHARES.values()))
        rows = []
        for number, split in enumerate(splits):
            on = set(sets[int(self.rng.integers(SETS))])
            said = self.text(int(self.rng.integers(10, 30))).split()
            for label in on:
                cues = self._cues[label * CUES : (label + 1) * CUES]
                if self.rng.random() >= silent:
                    said += self.rng.choice(cues, int(self.rng.integers(1, 3))).tolist()
            if self.rng.random() < 0.2:  # noqa: PLR2004
                said.append(str(self.rng.choice(FOREIGN)))
            self.rng.shuffle(said)
            rows.append(Row(f"r{number}", str(split), " ".join(said), on))
        return list(LABELS), rows


if __name__ == "__main__":
    main()
