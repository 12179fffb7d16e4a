"""The files to score: found by patterns, and checked before anything is done."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from pathlib import Path

from overtone.apps.scoring.asked import ALL, Asked
from overtone.data.quotes import quoted
from overtone.data.records import Table
from overtone.errors import DataError, InputError


def find(patterns: Iterable[str | Path], output: Path) -> list[Path]:
    """Return the files that patterns stand for, each once, in order; none of the output's own.

    Args:
        patterns: paths, or patterns with *, ? and **; the files of a pattern are sorted by name.
        output: the folder of the output.

    Raises:
        InputError: a pattern stands for nothing, or for a folder.

    """
    own = output.resolve()
    found: dict[Path, Path] = {}
    for pattern in map(str, patterns):
        if Path(pattern).is_dir():
            raise InputError(
                f"expected files to score, found the folder {pattern}: name its files, such as "
                f"'{Path(pattern) / '*.csv'}'"
            )
        named = [pattern] if Path(pattern).is_file() else sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - it takes absolute ones
        files = [path for path in map(Path, named) if path.is_file()]
        files = [path for path in files if own not in path.resolve().parents]
        if not files:
            raise InputError(f"expected files to score, found none for {pattern!r}")
        for path in files:
            found.setdefault(path.resolve(), path)
    return list(found.values())


def check(asked: Asked) -> list[str]:
    """Check each file's columns; return those that every row of the output has of them.

    Raises:
        DataError: a file can't be read, or lacks a column.
        InputError: all columns are to be kept where they may differ from row to row.
        MissingExtraError: a package that reads a file is not installed.

    """
    there: dict[str, None] = {}
    for path in (Path(each.name) for each in asked.inputs):
        table = Table(path)
        names = table.names()
        # Keys may be missing in JSON lines, but where no line has the text's it is the wrong one.
        needed = asked.columns or asked.named
        for column in needed[: 1 if table.format == ".jsonl" else None] if names else ():
            if column not in names:
                option = "--text-column" if column == asked.text_column else "--id-column or --keep"
                raise DataError(
                    f"{path}: expected the column {column!r}, found {quoted(names)}; name the "
                    f"right one with {option}"
                )
        if asked.keep == ALL and table.format == ".jsonl" and asked.format != "jsonl":
            raise InputError(
                f"{path}: lines of JSON may have other keys each, so --keep all needs --format "
                f"jsonl, found {asked.format}: name the columns to keep"
            )
        there |= dict.fromkeys(names)
    # A line of JSON has what its row has.
    everything = [] if asked.format == "jsonl" else list(there)
    kept = everything if asked.keep == ALL else asked.keep
    return [name for name in dict.fromkeys(kept) if name != asked.id_column]


def check_names(asked: Asked, kept: Sequence[str], own: frozenset[str]) -> None:
    """Refuse columns of the input that are called what the output calls its own.

    Raises:
        DataError: there is one.

    """
    brought = {*kept, *([asked.id_column] if asked.id_column else [])}
    if both := brought & own:
        raise DataError(
            f"the input has a column {min(both)!r}, where the output puts what was found: rename "
            "it, or keep other columns"
        )
