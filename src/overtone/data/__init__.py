"""Datasets: each plugin reads one corpus in its official format into a `Split`.

A dataset is one file here with a `Config`, `VARIANTS` (the names behind the hyphen, as in
semeval2018-en), `SPLITS`, and `load(config, split, data_dir) -> Split`. Nothing downstream knows
where a split came from. It may have `find(config, split, data_dir) -> Path`, which says cheaply
whether a split is here, `SOURCES`, from which `fetch` gets the files, and `resolve(config, labels)
-> Config`, which looks for options in the files.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

from overtone.config import find_plugin, parse, plugin_names
from overtone.data import tables
from overtone.data.stratify import same_text
from overtone.errors import DataError, InputError, MissingDataError
from overtone.labels import Labels

OWN_FILES = "table"
"""The plugin for files of one's own: it stands behind their paths, and is no dataset's name."""


@dataclass(frozen=True, eq=False)
class Split:
    """Texts with their labels: what every dataset loads into."""

    dataset: str
    """Name with its variant, such as semeval2018-en; of a file of one's own, its name."""
    name: str
    """train, dev or test; of a file of one's own also all."""
    ids: tuple[str, ...]
    texts: tuple[str, ...]
    """As the file has them: cleaning comes later."""
    labels: Labels
    targets: NDArray[np.float32] | None
    """(n, C) in [0, 1]; NaN where a cell is not annotated; None where the file has no truth."""
    groups: tuple[str, ...] | None = None
    """What the file says stays together where the split is divided; None where it says nothing."""

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.texts)

    def together(self) -> tuple[str, ...]:
        """Return the group of each text: the file's, or that of equal texts."""
        return tuple(map(same_text, self.texts)) if self.groups is None else self.groups

    def part(self, rows: NDArray[np.int64]) -> Split:
        """Return some texts as a split of the same name."""
        return dataclasses.replace(
            self,
            ids=tuple(self.ids[row] for row in rows),
            texts=tuple(self.texts[row] for row in rows),
            targets=None if self.targets is None else self.targets[rows],
            groups=None if self.groups is None else tuple(self.groups[row] for row in rows),
        )

    def joined(self, other: Split) -> Split:
        """Return these texts and then another split's, with the same labels, under this name."""
        return dataclasses.replace(
            self,
            ids=(*self.ids, *other.ids),
            texts=(*self.texts, *other.texts),
            targets=np.concatenate([truth(self), truth(other)]),
            groups=None if self.groups is None else (*self.groups, *other.together()),
        )


def names() -> list[str]:
    """Return the names that `load` takes, variants spelled out; it takes files too."""
    found = []
    for plugin in plugin_names(__name__):
        if plugin == OWN_FILES:
            continue
        variants = find_plugin(__name__, plugin).VARIANTS
        found += [f"{plugin}-{variant}" for variant in variants] or [plugin]
    return found


def load(
    dataset: str,
    split: str,
    data_dir: str | Path | None = None,
    options: Mapping[str, object] | None = None,
) -> Split:
    """Load one split of a dataset.

    Args:
        dataset: a name as `names` lists them, or the path of a table.
        split: train, dev or test; of a table also all.
        data_dir: where the files are; by default OVERTONE_DATA_DIR, else the user's cache.
        options: options of the dataset's `Config`.

    Raises:
        InputError: there is no such dataset or split.
        MissingDataError: the dataset's file is not there.
        DataError: it is damaged.

    """
    plugin, given = _resolve(dataset)
    if split not in plugin.SPLITS:
        raise InputError(f"{dataset} has no split {split!r}; there are: {', '.join(plugin.SPLITS)}")
    config = _config(dataset, plugin, given, options or {})
    loaded: Split = plugin.load(config, split, _folder(data_dir))
    return loaded


def is_here(dataset: str, split: str, data_dir: str | Path | None = None) -> bool:
    """Return whether a split's files are there, damaged or not.

    Args:
        dataset: a name as `names` lists them.
        split: one of `splits`.
        data_dir: as for `load`.

    Raises:
        InputError: there is no such dataset.

    """
    plugin, given = _resolve(dataset)
    find = getattr(plugin, "find", plugin.load)
    try:
        find(_config(dataset, plugin, given, {}), split, _folder(data_dir))
    except MissingDataError:
        return False
    except DataError:
        return True
    return True


def truth(split: Split) -> NDArray[np.float32]:
    """Return a split's targets (n, C).

    Raises:
        InputError: the split has none.

    """
    if split.targets is None:
        raise InputError(
            f"{split.dataset} {split.name} has no truth (its labels are not published): predict "
            "works on it, training and evaluation don't"
        )
    return split.targets


def named(dataset: str) -> dict[str, object]:
    """Return what a recipe says of a dataset: its `name`; of a table's path, the `file` too.

    An unknown name stays what it is: `check` refuses it.
    """
    try:
        plugin, given = _resolve(dataset)
    except InputError:
        return {"name": dataset}
    is_own = plugin.__name__ == f"{__name__}.{OWN_FILES}"
    return {"name": OWN_FILES, **given} if is_own else {"name": dataset}


def resolve(
    dataset: str, options: Mapping[str, object], labels: Sequence[str] = ()
) -> dict[str, object]:
    """Return a dataset's options with every default, and with what a table itself shows.

    Args:
        dataset: as for `load`.
        options: options of its `Config`.
        labels: those that a table should have; by default they are found in it.

    Raises:
        InputError: there is no such dataset, an option is wrong, or it is not clear which of a
            table's columns hold what.
        DataError: the table can't be read.

    """
    plugin, given = _resolve(dataset)
    config: Any = _config(dataset, plugin, given, options)
    if hasattr(plugin, "resolve"):
        config = plugin.resolve(config, labels)
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in dataclasses.asdict(config).items()
        if value is not None and (key in options or key not in given)
    }


def splits(dataset: str) -> tuple[str, ...]:
    """Return the names of a dataset's splits."""
    found: tuple[str, ...] = _resolve(dataset)[0].SPLITS
    return found


def check(dataset: str, options: Mapping[str, object]) -> None:
    """Check a dataset's name and options without reading a file.

    Raises:
        InputError: there is no such dataset, or an option is wrong.

    """
    plugin, given = _resolve(dataset)
    _config(dataset, plugin, given, options)


def default_dir() -> Path:
    """Return OVERTONE_DATA_DIR where it is set, else a folder in the user's cache."""
    given = os.environ.get("OVERTONE_DATA_DIR")
    return Path(given) if given else Path(platformdirs.user_cache_dir("overtone")) / "data"


def _folder(data_dir: str | Path | None) -> Path:
    """Return the folder that a caller named, else the default."""
    return Path(data_dir) if data_dir else default_dir()


def _config(
    dataset: str, plugin: ModuleType, given: Mapping[str, object], options: Mapping[str, object]
) -> object:
    """Return a dataset's checked config; its name has the last word on what it says."""
    for key in given.keys() & options.keys():
        if given[key] != options[key]:
            raise InputError(
                f"the dataset {dataset} has {key} {given[key]!r}, found {options[key]!r} in the "
                "options: name another dataset instead"
            )
    return parse(plugin.Config, {**options, **given}, where="data")


def _resolve(dataset: str) -> tuple[ModuleType, dict[str, object]]:
    """Return a dataset's plugin and the options that its variant stands for."""
    name, hyphen, variant = dataset.partition("-")
    if name in plugin_names(__name__):
        plugin = find_plugin(__name__, name)
        if variant in plugin.VARIANTS:
            return plugin, dict(plugin.VARIANTS[variant])
        if not hyphen and not plugin.VARIANTS:
            return plugin, {}
    if _is_table(dataset):
        return find_plugin(__name__, OWN_FILES), {"file": str(Path(dataset).absolute())}
    raise InputError(
        f"no dataset is called {dataset!r}; there are: {', '.join(names())}; or name a file of "
        f"your own that ends in {', '.join(tables.READERS)}"
    )


def _is_table(dataset: str) -> bool:
    """Return whether a name is a file's: there is one, or it ends as tables do."""
    with contextlib.suppress(OSError, ValueError):  # a name that no file can have
        if Path(dataset).is_file():
            return True
    return dataset.lower().endswith(tables.KINDS)
