"""Reads the table format of SemEval-2018 E-c: ID, text, one 0/1 column a label, tabs between."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from overtone.data import Split, tables
from overtone.errors import DataError
from overtone.labels import Labels

TRUTH = {"0": 0.0, "1": 1.0}
NO_TRUTH = {"NONE": np.nan}


def read_emotions(path: Path, labels: Labels, dataset: str, split: str, text_column: str) -> Split:
    """Read one file into a split; targets are None where every label says NONE.

    Raises:
        DataError: a column is missing, an id stands twice, a row is ragged, or a label is neither
            0, 1 nor (in every row) NONE; names file and line, what was expected and what to do.

    """
    first_seen: dict[str, int] = {}
    texts: list[str] = []
    targets: list[list[float]] = []
    allowed = TRUTH
    for line, row in tables.read_tsv(path):
        if not first_seen:
            tables.require_columns(path, row, ["ID", text_column, *labels.names])
            if row[labels.names[0]] in NO_TRUTH:
                allowed = NO_TRUTH
        if row["ID"] in first_seen:
            raise DataError(
                f"{path}, line {line}: expected a new ID, found {row['ID']!r} again "
                f"(first on line {first_seen[row['ID']]}); remove one of the two rows"
            )
        first_seen[row["ID"]] = line
        texts.append(row[text_column])
        for name in labels.names:
            if row[name] not in allowed:
                raise DataError(
                    f"{path}, line {line}: expected {' or '.join(allowed)} under {name}, found "
                    f"{row[name]!r}; correct the cell (a file without truth has NONE in all cells)"
                )
        targets.append([allowed[row[name]] for name in labels.names])
    if not texts:
        raise DataError(f"{path}: expected rows below the header, found none; get the file again")
    truth = np.asarray(targets, dtype=np.float32) if allowed is TRUTH else None
    return Split(dataset, split, tuple(first_seen), tuple(texts), labels, truth)
