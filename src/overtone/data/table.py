"""Files of your own: CSV, TSV, JSON Lines or Parquet, gzipped or not.

A row is a text with its labels: a column of 0 and 1 each, or one column with the names of those
that are on. Columns that nobody names are guessed where there is no doubt. A typo or two in the
labels doesn't stop anything, but is said. Rows without a text or without any annotated label are
left out.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from overtone.config import Range
from overtone.data import Split, _guess, _label_lists, _rows, stratify, tables
from overtone.data._content import Content, gather, read
from overtone.data._rows import Columns, Rows
from overtone.errors import DataError, MissingDataError
from overtone.labels import Labels

log = logging.getLogger(__name__)

VARIANTS: dict[str, dict[str, object]] = {}
SPLITS = ("all", "train", "dev", "test")


@dataclass(frozen=True, kw_only=True)
class Config:
    """Which files, and which of their columns hold what."""

    file: str
    """What is trained on, or scored."""
    dev: str | None = None
    """What the best epoch is chosen by; without it, a part of `file`."""
    test: str | None = None
    """What the split test is read from."""
    text_column: str | None = None
    """The column of the texts; found where none is named."""
    labels: tuple[str, ...] = ()
    """The label columns; with a label column, the names that may stand in it."""
    label_column: str | None = None
    """The column that lists the names of the labels that are on.

    None is on where it holds an empty list or, in CSV and TSV, is empty. NA, NaN, None and null,
    and nothing in JSON Lines and Parquet, mean not annotated.
    """
    separator: str | None = None
    """What stands between names in it; a space stands for any white space."""
    soft_labels: bool = False
    """Whether label cells may lie between 0 and 1."""
    id_column: str | None = None
    """Names the rows, each differently; without it they have their lines' numbers."""
    group_column: str | None = None
    """Rows with the same value there go to the same part; without it, rows with the same text,
    whatever its case and white space."""
    language: str = "en"
    """ISO 639-1 code of the labels' words."""
    dev_share: Annotated[float, Range(0.01, 0.9)] = 0.1
    """Share of `file` that is dev where there is no dev file, stratified over the labels."""
    split_seed: Annotated[int, Range(0)] = 0
    """Which rows these are."""


def resolve(config: Config, wanted: Sequence[str] = ()) -> Config:
    """Return the options with whole paths and with the columns that were guessed.

    Args:
        config: the options; only where a column is missing is the file read.
        wanted: labels that the file should have, such as a model's.

    Raises:
        InputError: a column can't be guessed without doubt.
        DataError: the file can't be read.

    """
    paths = {key: str(Path(path).absolute()) for key, path in _files(config).items()}
    config = dataclasses.replace(config, **paths)  # type: ignore[arg-type]
    if config.label_column is not None:
        complete = config.labels and config.separator is not None
    else:
        complete = bool(config.labels)
    if complete and config.text_column:
        return config
    return with_columns(config, read(Path(config.file)), wanted)


def load(config: Config, split: str, data_dir: Path) -> Split:  # noqa: ARG001 - files say where
    """Read one split: `all` is the whole file, train and dev are parts of it, or files.

    Raises:
        MissingDataError: there is no test file.
        InputError: a column can't be guessed without doubt.
        DataError: a file can't be read, lacks a column, or holds something else than labels.

    """
    config = resolve(config)
    files = _files(config)
    if split == "test" and split not in files:
        raise MissingDataError(
            f"{config.file} has no test file: name one with --set data.test=FILE; the split all is "
            "the whole file"
        )
    divided = split in {"train", "dev"} and config.dev is None
    columns = columns_of(config)
    path = Path(files.get(split, config.file))
    rows = _rows.read(path, columns, quiet=divided and split == "dev")  # train has said it
    if divided:
        rows = _part(rows, config, split)
    elif split in files and Path(config.file).is_file():  # where it is scored, it may be gone
        _rows.report_seen(rows, path, Path(config.file), columns.texts)
    return Split(
        path.name,
        split,
        tuple(rows.ids),
        tuple(rows.texts),
        Labels.of(*config.labels, language=config.language),
        rows.targets,
        tuple(rows.groups) if config.group_column else None,
    )


def find_text_column(path: Path, rows: Iterable[tuple[int, tables.Row]]) -> str:
    """Return which column holds the texts, by the same rule as `load`.

    Args:
        path: the file, for messages.
        rows: some of it, as `tables.read` gives them.

    Raises:
        InputError: it can't be guessed without doubt.

    """
    content = gather(path, rows)
    return _guess.text_column(content, list(content.columns))


def _files(config: Config) -> dict[str, str]:
    return {
        key: path
        for key, path in (("file", config.file), ("dev", config.dev), ("test", config.test))
        if path is not None
    }


# --- columns ----------------------------------------------------------------------------------


def columns_of(config: Config) -> Columns:
    """Return which columns hold what, of options in which that is settled."""
    return Columns(
        texts=str(config.text_column),
        labels=config.labels,
        label_column=config.label_column,
        separator=config.separator or ",",
        soft=config.soft_labels,
        ids=config.id_column,
        groups=config.group_column,
    )


def with_columns(config: Config, content: Content, wanted: Sequence[str] = ()) -> Config:
    """Return the options with the columns that a file's content shows.

    Raises:
        InputError: a column can't be guessed without doubt.
        DataError: a column that is named isn't there.

    """
    named = [config.label_column, config.id_column, config.group_column, config.text_column]
    left = [name for name in content.columns if name not in {*named, *config.labels}]
    text_column = config.text_column or _guess.text_column(content, left)
    content.column(text_column, "--text-column")
    left = [name for name in left if name != text_column]
    labels, label_column = config.labels, config.label_column
    if not labels and label_column is None:
        if not set(wanted).isdisjoint(left):
            labels = tuple(wanted)
        else:
            labels, label_column = _guess.label_columns(content, left, soft=config.soft_labels)
    separator = config.separator
    if label_column is not None:
        separator = separator or _label_lists.guess_separator(content, label_column)
        labels = labels or tuple(wanted)
        labels = labels or _label_lists.find_labels(content, label_column, separator)
    else:
        for name in labels:
            content.column(name, "--labels")
    where = f" in column {label_column!r}, with {separator!r} between" if label_column else ""
    unused = [name for name in left if name not in {*labels, label_column}]
    log.info(
        "%s: texts from column %r, labels%s: %s%s",
        content.path,
        text_column,
        where,
        _label_lists.listed(labels),
        f"; left out: {_label_lists.listed(unused)}" if unused else "",
    )
    return dataclasses.replace(
        config,
        text_column=text_column,
        labels=labels,
        label_column=label_column,
        separator=separator,
    )


# --- rows -------------------------------------------------------------------------------------


def _part(rows: Rows, config: Config, split: str) -> Rows:
    """Return the rows that belong to train or dev, stratified over the labels."""
    shares = (1 - config.dev_share, config.dev_share)
    parts = stratify.split(rows.targets, shares, config.split_seed, rows.groups)
    train, dev = (np.flatnonzero(parts == part) for part in (0, 1))
    if not (len(train) and len(dev)):
        raise DataError(
            f"{config.file}: expected rows for a train and a dev part, found {len(rows)} with "
            f"{len(set(rows.groups))} different texts or groups; add rows, or name a dev file "
            "with --dev"
        )
    if split == "train":
        log.info(
            "%s: no dev file is given: %d texts are train and %d dev, drawn with data.split_seed "
            "%d",
            config.file,
            len(train),
            len(dev),
            config.split_seed,
        )
    return rows.part(train if split == "train" else dev)
