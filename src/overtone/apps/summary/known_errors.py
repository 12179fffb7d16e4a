"""The errors that a classifier is known for: from its bundle, or from scored texts with labels."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TypeVar

import numpy as np

from overtone import bundle as bundles
from overtone.apps.summary.scored import ScoredFiles, open_scored
from overtone.data import _label_cells
from overtone.errors import DataError, InputError
from overtone.insight import prevalence
from overtone.insight.prevalence import Errors

T = TypeVar("T")

HALF = 0.5


def of_model(model: str | Path, scored: ScoredFiles) -> dict[str, Errors]:
    """Return a model's errors by label, as its bundle has them from its dev texts.

    Raises:
        InputError: there is no such model, it has no scores, or it isn't what scored the texts in
            the way that its bundle says.
        BundleError: a file of it is damaged.

    """
    bundle = bundles.load(bundles.locate(model))
    if scored.asked is not None:
        if scored.asked["model"] != bundle.digest:
            raise InputError(
                f"{scored.path} was scored by another model than {model}: name that one, or give "
                "labelled texts that it scored with --errors-from"
            )
        # Folders that were begun before there were --labels lack the key.
        ways = (scored.asked.get(key) for key in ("threshold", "labels_of", "labels"))
        if any(way is not None for way in ways):
            raise InputError(
                f"{scored.path} was scored with --threshold, --labels or --labels-of, for which "
                f"the errors of {model} are not known: score labelled texts in the same way and "
                "give them with --errors-from"
            )
    scores = bundle.manifest.metrics.get("dev")
    if not isinstance(scores, dict) or "per_label" not in scores:
        raise InputError(
            f"expected a model with scores on its dev texts, found none in {model}: score "
            "labelled texts and give them with --errors-from"
        )
    return _fitting(prevalence.of_metrics(scores), scored, str(model))


def of_file(path: str | Path, scored: ScoredFiles) -> dict[str, Errors]:
    """Count errors by label in scored texts that also have a column of 0 and 1 for each label.

    `overtone score --keep joy,anger,…` writes such.

    Raises:
        InputError: it is no such file or folder, or it was scored in another way.
        DataError: a row of it can't be read, or a cell is neither 0 nor 1 nor empty.

    """
    known = open_scored(path)
    _fitting(dict.fromkeys(known.labels), scored, str(path))
    for key in ("model", "threshold", "labels_of", "labels"):
        if scored.asked and known.asked and scored.asked.get(key) != known.asked.get(key):
            raise InputError(
                f"{path} and {scored.path} were scored in different ways (another {key}): score "
                "both in the same way"
            )
    counts = np.zeros((len(scored.labels), 2, 2), np.int64)  # label, truth, said
    places = [known.labels.index(name) for name in scored.labels]
    for row in known.rows(scored.labels):
        for c, (place, cell) in enumerate(zip(places, row.cells, strict=True)):
            value = _label_cells.value(cell)
            if value is None or (value not in {0, 1} and not math.isnan(value)):
                raise DataError(
                    f"{row.where}: expected 0, 1 or nothing under {scored.labels[c]!r}, found "
                    "something else; correct it"
                )
            if not math.isnan(value):
                counts[c, int(value > HALF), int(place in row.on)] += 1
    return {
        name: Errors(int(on[1]), int(on[0]), int(off[1]), int(off[0]))
        for name, (off, on) in zip(scored.labels, counts, strict=True)
    }


def _fitting(found: dict[str, T], scored: ScoredFiles, name: str) -> dict[str, T]:
    """Return what was found in the order of a scoring's labels, which must be the same."""
    if set(found) != set(scored.labels):
        raise InputError(
            f"expected the labels {', '.join(scored.labels)}, as {scored.path} has them, found "
            f"{', '.join(found)} in {name}: name what belongs together"
        )
    return {label: found[label] for label in scored.labels}
