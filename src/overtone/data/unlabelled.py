"""Texts without their labels: those of other datasets and of files, for what needs no truth."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from overtone import data
from overtone.data import _content, _guess, quotes, tables
from overtone.data.stratify import same_text
from overtone.errors import InputError

log = logging.getLogger(__name__)


def load(
    names: Sequence[str], data_dir: Path | None, known: Iterable[str]
) -> tuple[list[str], list[str]]:
    """Return ids and texts; of texts that are the same but for case and white space, the first.

    Args:
        names: datasets, of which the split train is taken; or tables, of which all is, each as
            FILE or FILE:COLUMN.
        data_dir: where the datasets' files are.
        known: texts to leave out, such as those that something will be scored on.

    Raises:
        InputError: there is no such dataset or file, or no telling which column holds the texts.
        DataError: a file can't be read.

    """
    seen = {same_text(text) for text in known}
    ids: list[str] = []
    texts: list[str] = []
    for name in names:
        found = _read(name, data_dir)
        kept = distinct([text for _, text in found], seen)
        ids += [f"{Path(name).name}:{found[place][0]}" for place in kept]
        texts += [found[place][1] for place in kept]
        log.info(
            "%s: %d texts; left out, as they are empty, stand there twice or are known: %d",
            name,
            len(kept),
            len(found) - len(kept),
        )
    return ids, texts


def distinct(texts: Sequence[str], seen: set[str]) -> list[int]:
    """Return the places of texts that are not empty and, by `same_text`, not seen yet.

    They are added to `seen`.
    """
    places = []
    for place, text in enumerate(texts):
        key = same_text(text)
        if key and key not in seen:
            seen.add(key)
            places.append(place)
    return places


def resolve(name: str) -> str:
    """Return a name for `load` that means the same from any folder.

    Raises:
        InputError: there is no such dataset or file.

    """
    if name in data.names():
        return name
    path, column = _parse(name)
    if not path.is_file():
        raise InputError(
            f"expected texts in a dataset ({', '.join(data.names())}), a file or FILE:COLUMN, "
            f"found none at {name!r}"
        )
    tables.check_kind(path)
    return f"{path.absolute()}:{column}" if column else str(path.absolute())


def _parse(name: str) -> tuple[Path, str]:
    """Return a table's path and the column that is named, if any."""
    path, _, column = name.rpartition(":")
    return (Path(name), "") if Path(name).is_file() or not path else (Path(path), column)


def _read(name: str, data_dir: Path | None) -> list[tuple[str, str]]:
    """Return the ids and texts of one name."""
    if name in data.names():
        split = data.load(name, "train", data_dir)
        return list(zip(split.ids, split.texts, strict=True))
    path, column = _parse(name)
    content = _content.read(path)
    if not column:
        try:
            column = _guess.text_column(content, list(content.columns))
        except InputError as error:
            raise InputError(
                f"{path}: expected one column that holds texts, found "
                f"{quotes.quoted(content.columns)}: name it, as {path}:COLUMN"
            ) from error
    cells = content.column(column, "FILE:COLUMN")
    return [(str(line), text) for line, text in zip(content.lines, cells, strict=True)]
