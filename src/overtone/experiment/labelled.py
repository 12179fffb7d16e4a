"""A dataset's split as a model needs it to be scored or fitted on: with the truth of its labels."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overtone import data as datasets
from overtone.data import Split, tables
from overtone.errors import InputError
from overtone.inference.predictor import Predictor
from overtone.labels import Labels

log = logging.getLogger(__name__)

OF_ANY_FILE = ("text_column", "labels", "label_column", "separator", "soft_labels", "language")
"""Options of a file of one's own that hold for others like it."""
OF_LABELS = ("labels", "label_column", "separator")
"""Those of them that say where the labels are."""


def load(
    model: Predictor,
    dataset: str,
    split: str | None,
    data_dir: str | Path | None,
    data: Mapping[str, object],
    *,
    default: str,
    read: dict[str, Split] | None = None,
) -> tuple[Predictor, Split, NDArray[np.float32]]:
    """Return a split and its truth, (n, C), and the model set to labels of these names.

    The truth has the order of the labels that this model has.

    Args:
        model: whose labels are wanted.
        dataset: a name as `overtone data list` shows them, or a table.
        split: its name.
        data_dir: where the dataset's files are.
        data: the dataset's options; where the model was trained on the same dataset, or on a file
            as well, its own ones hold where nothing is said.
        default: the split where none is named. Of a table it is `all` instead; but dev of the table
            that the model was trained on is wanted as it is.
        read: what was read for other models, which is taken where it would be read in the same way;
            what is read now is added.

    Raises:
        InputError: there is no such dataset or split; the split has no truth; or its labels are
            not the model's.

    """
    if split is None:
        split = default if _is_divided(model, dataset, default) else "all"
    read = {} if read is None else read
    # All that `_options` looks at in a model.
    config = model.bundle.manifest.config
    key = json.dumps([config.get("data"), config.get("also"), model.labels.names])
    if key not in read:
        options = _options(model, dataset, data, split)
        read[key] = datasets.load(dataset, split, data_dir, options)
    loaded = read[key]
    model = _set_to(loaded.labels, model)
    return model, loaded, datasets.truth(loaded)[:, _columns(model, loaded)]


def source(
    model: Predictor, dataset: str, data: Mapping[str, object], split: str
) -> tuple[Path, str | None]:
    """Return the file of one's own that a split is read from, and the column of its ids, if any.

    Args:
        model: what was given to `load`.
        dataset: the file.
        data: what was given to `load`.
        split: the one that was loaded.

    Raises:
        InputError: the dataset is no file of one's own.

    """
    named = datasets.named(dataset)
    if named["name"] != datasets.OWN_FILES:
        raise InputError(
            f"expected a file of your own for --slice, found the dataset {dataset}: --slices "
            "looks at length, emoji and the like in any texts"
        )
    config = model.bundle.manifest.config
    saved = [config.get("data", {}), config.get("also", {}).get(named["file"], {})]
    own = [each for each in saved if each.get("file", named["file"]) == named["file"]]
    options: dict[str, Any] = {}
    for each in (*own, data, named):
        options |= each
    ids = options.get("id_column")
    return Path(options.get(split) or options["file"]), None if ids is None else str(ids)


def _is_divided(model: Predictor, dataset: str, split: str) -> bool:
    """Return whether a dataset has a split of that name that isn't all of it."""
    named = datasets.named(dataset)
    if named["name"] != datasets.OWN_FILES:
        return True
    trained_on = model.bundle.manifest.config.get("data", {}).get("file")
    return split == "dev" and named["file"] == trained_on


def _options(
    model: Predictor, dataset: str, given: Mapping[str, object], split: str
) -> dict[str, object]:
    """Return the dataset's options, the model's own ones where nothing else is said."""
    named = datasets.named(dataset)
    name = str(named.pop("name"))
    options = {**named, **given}
    manifest, labels = model.bundle.manifest, model.labels
    saved = dict(manifest.config.get("data", {}))
    other = str(named.get("file", name))
    if other in manifest.also:
        labels = manifest.also[other]
        saved = {"name": name, **named, **manifest.config["also"][other]}
        del saved["share"]
    if saved.pop("name", None) != name:
        saved = {}
    elif name == datasets.OWN_FILES:
        if saved.get("file") != options.get("file"):
            saved = {key: saved[key] for key in OF_ANY_FILE if key in saved}
            if not _has_labels(saved, dataset):
                saved = {key: saved[key] for key in saved if key not in OF_LABELS}
        elif split in {"all", "train"}:
            log.warning(
                "%s: the model was trained on texts of this file; those it was not trained on are "
                "the split dev",
                dataset,
            )
        if given.keys() & {"labels", "label_column"}:
            saved = {key: saved[key] for key in saved if key not in {"label_column", "separator"}}
    return datasets.resolve(name, {**saved, **options}, labels.names)


def _has_labels(saved: Mapping[str, Any], file: str) -> bool:
    """Return whether a file's labels are where those trained on were: columns, or a list in one."""
    columns = {saved["label_column"]} if "label_column" in saved else set(saved.get("labels", ()))
    return any(not columns.isdisjoint(row) for _, row in tables.read(Path(file)))


def _set_to(labels: Labels, model: Predictor) -> Predictor:
    """Return the model, set to the label set among those it learned that has a dataset's names.

    Of several, as in a model for mixed languages, to one in the same language.
    """
    manifest = model.bundle.manifest
    if model.labels is not manifest.labels:
        return model  # the caller has chosen
    same = [
        (learned.language != labels.language, name)
        for name, learned in (("", manifest.labels), *manifest.also.items())
        if set(learned.names) == set(labels.names)
    ]
    _, name = min(same, key=lambda found: found[0], default=(False, ""))  # its own before others
    return model.with_labels_of(name) if name else model


def _columns(model: Predictor, split: Split) -> NDArray[np.int64]:
    """Return where in the split's columns each of the model's labels stands, (C,)."""
    ours, theirs = model.labels.names, split.labels.names
    if set(ours) != set(theirs):
        raise InputError(
            f"the model's labels are {', '.join(map(repr, ours))}, those of {split.dataset} are "
            f"{', '.join(map(repr, theirs))}: name a dataset with labels "
            "that the model was trained on"
        )
    return np.asarray([theirs.index(name) for name in ours])
