"""Divides a file of one's own into files: stratified over the labels, group by group, seeded."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from overtone import atomic, data
from overtone.data import Split, _rows, stratify, tables
from overtone.data._content import read
from overtone.data._copy_rows import copy_rows
from overtone.errors import DataError, InputError

NAMES = ("train", "dev", "test")


@dataclass(frozen=True, eq=False)
class Part:
    """One of the files."""

    path: Path
    rows: int
    """All that are in it; those of `split` have a text and a label."""
    split: Split


def divide(
    file: Path,
    shares: Sequence[float],
    folder: Path | None = None,
    *,
    seed: int = 0,
    options: Mapping[str, object] | None = None,
    force: bool = False,
) -> list[Part]:
    """Write a table's rows to new tables, each row to one of them, byte for byte as it is.

    Rows of the same text, whatever its case and white space, or of the same group where the options
    name a group column, stay together. Rows without a text or a label are dealt out as well.

    Args:
        file: the table; posts.csv becomes posts-train.csv, posts-dev.csv, posts-test.csv.
        shares: of train and dev, or of train, dev and test; they sum to 1.
        folder: where the new files go; by default beside the file.
        seed: decides which rows go where.
        options: what `data.load` takes for a file of one's own.
        force: replace files that are there.

    Raises:
        InputError: the shares are none, or a file is there already.
        DataError: the file can't be read, or has too few rows.

    """
    _check(shares)
    kind = tables.check_kind(file)
    stem, ending = file.name[: -len(kind)], file.name[-len(kind) :]
    folder = (folder or file.parent).absolute()
    paths = [folder / f"{stem}-{name}{ending}" for name in NAMES[: len(shares)]]
    for path in paths:
        if path.exists() and not force:
            raise InputError(
                f"{path} is already there: remove it, name another --output-dir, or replace it "
                "with --force"
            )
    options = data.resolve(str(file), options or {})
    id_column = options.pop("id_column", None)
    loaded = data.load(str(file), "all", options=options)
    content = read(file)
    # Without an id column, ids are lines. Rows that were left out carry no label.
    place = {str(line): row for row, line in enumerate(content.lines)}
    kept = np.asarray([place[identifier] for identifier in loaded.ids])
    targets = np.full((len(content), len(loaded.labels)), np.nan, dtype=np.float32)
    targets[kept] = data.truth(loaded)
    if id_column is not None:
        ids = content.column(str(id_column), "--id-column")
        loaded = dataclasses.replace(loaded, ids=tuple(ids[row] for row in kept))
    group_column = options.get("group_column")
    groups = _rows.groups(
        content, str(options["text_column"]), None if group_column is None else str(group_column)
    )
    parts = stratify.split(targets, shares, seed, groups)
    counts = np.bincount(parts, minlength=len(shares))
    if not counts.all():
        raise DataError(
            f"{file}: expected rows for {len(shares)} parts, found {len(content)} with "
            f"{len(set(groups))} different texts or groups; add rows, or name fewer parts with "
            "--ratios"
        )
    with ExitStack() as stack:
        beside = [stack.enter_context(atomic.file(path)) for path in paths]
        copy_rows(file, content.lines, parts, beside)
    return [
        Part(
            path,
            int(counts[number]),
            dataclasses.replace(loaded.part(np.flatnonzero(parts[kept] == number)), name=name),
        )
        for number, (path, name) in enumerate(zip(paths, NAMES, strict=False))
    ]


def _check(shares: Sequence[float]) -> None:
    sums_to_one = math.isclose(math.fsum(shares), 1, abs_tol=0.011)  # 0.33,0.33,0.33 does
    if not (sums_to_one and min(shares) > 0 and len(shares) in {2, 3}):
        raise InputError(
            "expected the shares of train and dev, or of train, dev and test, which sum to 1, such "
            f"as 0.8,0.1,0.1, found {','.join(f'{share:g}' for share in shares)}"
        )
