"""Checks a dataset: loads its splits, asks a model where there is one, and looks for faults."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overtone import data as datasets
from overtone.data import Split, every_row
from overtone.errors import InputError, MissingDataError, MissingExtraError
from overtone.experiment import learnt
from overtone.inference import predictor
from overtone.inference.predictor import Predictor
from overtone.insight import data_check
from overtone.insight.data_check.corpus import TRAIN, Corpus
from overtone.insight.data_check.report import Report

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]
SCORES = "scores.json"
"""What the folder of a finished cross-validation has."""
BLOCK = 2048
"""Texts whose tokens are in memory at a time."""


def check_data(
    dataset: str,
    *,
    data_dir: str | Path | None = None,
    data: Mapping[str, object] | None = None,
    model: str | Path | None = None,
    only: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Look for faults in a dataset.

    Args:
        dataset: a name as `overtone data list` shows them, all of whose splits that are here are
            checked, or a table, with its dev and test files where `data` names them.
        data_dir: where the dataset's files are.
        data: the dataset's options.
        model: the folder of a cross-validation, whose out-of-fold probabilities show likely label
            errors of the texts it was made with, and whose models are asked about the others; or
            a model, which is asked about texts that it was not trained on.
        only: the kinds of findings to look for; all where there is none.
        settings: options of the kinds, by kind.
        tell: hears what is done now.

    Raises:
        InputError: there is no such dataset, model, kind or option, or the model's labels are not
            the dataset's.
        ImportError: the packages of the extra `check` are not installed.

    """
    chosen = data_check.configs(settings or {}, only)
    options, where = dict(data or {}), Path(data_dir) if data_dir else None
    splits, unreadable, lines = _splits(dataset, where, options)
    likely = lost = None
    if model is not None and {"label_errors", "lengths"} & chosen.keys():
        asked = _Asked(Path(model), dataset, where, options, splits)
        if "lengths" in chosen:
            tell("The model's tokenizer")
            lost = asked.lost()
        if "label_errors" in chosen:
            tell("The model's probabilities")
            likely = asked.probabilities()
    corpus = Corpus(tuple(splits), unreadable, lines, likely, lost)
    return Report(splits[0].dataset, corpus, tuple(data_check.check(corpus, chosen, tell)))


def _splits(
    dataset: str, data_dir: Path | None, options: Mapping[str, object]
) -> tuple[list[Split], dict[str, Sequence[tuple[str, str]]], dict[str, Sequence[int]]]:
    """Return the splits that are here, the rows of each that can't be read, and the others' lines.

    A dataset that isn't a file of one's own has neither.
    """
    named = datasets.named(dataset)
    if named["name"] == datasets.OWN_FILES:
        read = every_row.read(Path(str(named["file"])), options)
        return (
            [one.split for one in read.values()],
            {name: one.unreadable for name, one in read.items()},
            {name: one.lines for name, one in read.items()},
        )
    found, missing = [], []
    for name in datasets.splits(dataset):
        try:
            found.append(datasets.load(dataset, name, data_dir, options))
        except MissingDataError as error:
            missing.append(error)
    if not found:
        raise missing[0]
    return found, {}, {}


class _Asked:
    """What a model, or the models of a cross-validation, say of the splits."""

    def __init__(
        self,
        folder: Path,
        dataset: str,
        data_dir: Path | None,
        options: Mapping[str, object],
        splits: Sequence[Split],
    ) -> None:
        self._splits = splits
        self._folded: Split | None = None
        self._dataset = dataset
        if (folder / SCORES).is_file():
            try:
                # Training's packages, which a dataset and a model can be checked without.
                from overtone.experiment import crossvalidate  # noqa: PLC0415
            except ImportError as error:
                raise MissingExtraError("train", "a cross-validation as --model") from error
            self._folded = datasets.load(dataset, "train", data_dir, options)
            self._out_of_fold = crossvalidate.load(folder, self._folded, self._names)
            self._models = [predictor.load(one) for one in sorted(folder.glob("fold-*"))]
        else:
            self._models = [predictor.load(folder)]
        for one in self._models:
            _check_labels(one, splits[0])

    @property
    def _names(self) -> tuple[str, ...]:
        return self._splits[0].labels.names

    def lost(self) -> NDArray[np.bool_]:
        """Return which texts the model would cut, (n,)."""
        texts = [text for split in self._splits for text in split.texts]
        found = [np.zeros(0, dtype=bool)]
        for first in range(0, len(texts), BLOCK):
            some = texts[first : first + BLOCK]
            cut = self._models[0].encode(some).lost
            found.append(np.zeros(len(some), dtype=bool) if cut is None else cut)
        return np.concatenate(found)

    def probabilities(self) -> Floats:
        """Return what models that have not seen the texts say of them, (n, C), else NaN."""
        return np.concatenate([self._of(split) for split in self._splits])

    def _of(self, split: Split) -> Floats:
        found = np.full((len(split), len(self._names)), np.nan, dtype=np.float32)
        if split.targets is None:
            return found
        unseen = np.array([bool(text.strip()) for text in split.texts])
        unseen &= ~np.isnan(split.targets).all(axis=1)
        if self._folded is not None and split.name in TRAIN:
            # Of a file of one's own, train may be a part only. Its rows' ids differ, but for those
            # of rows that training leaves out.
            rows = {split.ids[row]: row for row in np.flatnonzero(unseen).tolist()}
            known = np.array([rows[identifier] for identifier in self._folded.ids])
            found[known] = self._out_of_fold
            unseen[known] = False
        elif self._folded is None and split.name in TRAIN and self._has_learned():
            log.info(
                "the model was trained on %s: its own probabilities say nothing of the labels "
                "there; name the folder of overtone crossvalidate to check them",
                split.dataset,
            )
            return found
        asked = np.flatnonzero(unseen)
        if len(asked):
            texts = [split.texts[row] for row in asked]
            # NaN where one has learnt the text, as a soup may have learnt dev.
            found[asked] = np.mean([self._unseen(one, texts) for one in self._models], axis=0)
        return found

    def _unseen(self, model: Predictor, texts: Sequence[str]) -> Floats:
        """Return what is said of texts by who has not learnt them, (n, C), NaN where none has."""
        raw, _ = learnt.instead(model, texts, model.uncalibrated(texts))
        lost = np.flatnonzero(np.isnan(raw).any(axis=1))
        raw[lost] = 0.5  # what is calibrated has no gaps
        found = model.calibrate(raw)
        found[lost] = np.nan
        return found[:, [model.labels.names.index(name) for name in self._names]]

    def _has_learned(self) -> bool:
        """Return whether the model was trained on this dataset's train split."""
        named = datasets.named(self._dataset)
        manifest = self._models[0].bundle.manifest
        saved = manifest.config.get("data", {})
        if str(named.get("file", self._dataset)) in manifest.also:
            return True
        if named["name"] == datasets.OWN_FILES:
            return bool(saved.get("file") == named["file"])
        return bool(saved.get("name") == named["name"])


def _check_labels(model: Predictor, split: Split) -> None:
    """Refuse a model with other labels than the data have."""
    if set(model.labels.names) != set(split.labels.names):
        raise InputError(
            f"the model's labels are {', '.join(map(repr, model.labels.names))}, those of "
            f"{split.dataset} are {', '.join(map(repr, split.labels.names))}: name a model for "
            "these labels"
        )
