"""A dataset's split as a model needs it to be scored or fitted on: with the truth of its labels."""

from __future__ import annotations

import difflib
import json
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overtone import data as datasets
from overtone.data import Split, tables
from overtone.errors import InputError
from overtone.inference import any_labels
from overtone.inference.predictor import Predictor

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
    asked: Mapping[str, str] | None = None,
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
        asked: what the model is asked for, and of each the label of the data that it stands for;
            without it, all labels of the data, which must be a set that the model learned.

    Raises:
        InputError: there is no such dataset or split; the split has no truth; or its labels are
            not the model's, or lack one of those that are asked for.

    """
    if split is None:
        split = default if _is_divided(model, dataset, default) else "all"
    read = {} if read is None else read
    # All that `_options` looks at in a model.
    config = model.bundle.manifest.config
    wanted = None if asked is None else list(asked.values())
    key = json.dumps([config.get("data"), config.get("also"), model.labels.names, wanted])
    if key not in read:
        options = _options(model, dataset, data, split, wanted)
        read[key] = datasets.load(dataset, split, data_dir, options)
    loaded = read[key]
    if asked is None:
        model = _set_to(loaded.labels.names, loaded.labels.language, model)
        return model, loaded, datasets.truth(loaded)[:, _columns(model, loaded)]
    there = _asked_of(loaded, asked)
    model = _asking(model, asked, loaded.labels.language)
    # In the model's order, which is its own where it was trained on this very set.
    columns = [there[name] for name in model.labels.names]
    return model, loaded, datasets.truth(loaded)[:, columns]


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
    model: Predictor,
    dataset: str,
    given: Mapping[str, object],
    split: str,
    wanted: Sequence[str] | None,
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
                "%s: the model was trained on texts of this file; those %s are the split dev",
                dataset,
                "of which trainings can be asked that had not seen them"
                if manifest.config.get("training", {}).get("learn_dev")
                else "it was not trained on",
            )
        if given.keys() & {"labels", "label_column"}:
            saved = {key: saved[key] for key in saved if key not in {"label_column", "separator"}}
    if wanted is None:
        return datasets.resolve(name, {**saved, **options}, labels.names)
    return _with_labels(name, {**saved, **options}, options.keys(), wanted, split)


def _with_labels(
    name: str,
    options: dict[str, object],
    given: Collection[str],
    wanted: Sequence[str],
    split: str,
) -> dict[str, object]:
    """Return the options with which labels are read that the model may not have learned."""
    # Where they are is seen in the file, not in what the model was trained on.
    options = {key: options[key] for key in options if key in given or key not in OF_LABELS}
    in_columns = name == datasets.OWN_FILES and "label_column" not in options
    if in_columns and _has_columns(set(wanted), str(options.get(split, options["file"]))):
        options["labels"] = list(dict.fromkeys(wanted))
    return datasets.resolve(name, options)


def _has_labels(saved: Mapping[str, Any], file: str) -> bool:
    """Return whether a file's labels are where those trained on were: columns, or a list in one."""
    columns = {saved["label_column"]} if "label_column" in saved else set(saved.get("labels", ()))
    return _has_columns(columns, file)


def _has_columns(names: set[str], file: str) -> bool:
    """Return whether a file has one of some columns."""
    return any(not names.isdisjoint(row) for _, row in tables.read(Path(file)))


def _set_to(names: Sequence[str], language: str, model: Predictor) -> Predictor:
    """Return the model, set to the label set among those it learned that has a dataset's names.

    Of several, as in a model for mixed languages, to one in the same language.
    """
    manifest = model.bundle.manifest
    if model.labels is not manifest.labels:
        return model  # the caller has chosen
    same = [
        (learned.language != language, name)
        for name, learned in (("", manifest.labels), *manifest.also.items())
        if set(learned.names) == set(names)
    ]
    _, name = min(same, key=lambda found: found[0], default=(False, ""))  # its own before others
    return model.with_labels_of(name) if name else model


def _asking(model: Predictor, asked: Iterable[str], language: str) -> Predictor:
    """Return the model, set to what is asked for; to a set that it learned where that is one."""
    manifest = model.bundle.manifest
    if model.labels is manifest.labels and any_labels.learned(asked, manifest):
        return _set_to(tuple(asked), language, model)
    return model if set(asked) == set(model.labels.names) else model.with_labels(asked)


def _asked_of(split: Split, asked: Mapping[str, str]) -> dict[str, int]:
    """Return where in the split's columns the label of each that is asked for stands."""
    theirs = split.labels.names
    for word, name in asked.items():
        if name not in theirs:
            close = difflib.get_close_matches(name, theirs, n=1)
            guess = f"did you mean {close[0]!r}? " if close else ""
            example = f"'{word}={(close or theirs)[0]}'"
            raise InputError(
                f"expected labels of {split.dataset} in --labels, found {name!r}; {guess}there "
                f"are: {', '.join(map(repr, theirs))}; what is another word for one of them is "
                f"asked for as {example}"
            )
    return {word: theirs.index(name) for word, name in asked.items()}


def _columns(model: Predictor, split: Split) -> NDArray[np.int64]:
    """Return where in the split's columns each of the model's labels stands, (C,)."""
    ours, theirs = model.labels.names, split.labels.names
    if set(ours) != set(theirs):
        raise InputError(
            f"the model's labels are {', '.join(map(repr, ours))}, those of {split.dataset} are "
            f"{', '.join(map(repr, theirs))}: name a dataset with labels "
            f"that the model was trained on{_or_ask(model)}"
        )
    return np.asarray([theirs.index(name) for name in ours])


def _or_ask(model: Predictor) -> str:
    """Return what else can be done with a model that reads its labels."""
    if model.bundle.manifest.config["inputs"]["name"] != any_labels.READS_LABELS:
        return ""
    return ", or ask it for labels of these, seen in training or not: overtone evaluate --labels"
