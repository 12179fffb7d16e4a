"""Copies rows of a table to other files as they are, byte for byte.

Reading a table and writing it again would change it: types of JSON and Parquet values, quotes, line
ends, and the guards against formulas.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from overtone.data import tables


def copy_rows(
    path: Path, lines: Sequence[int], parts: NDArray[np.int64], targets: Sequence[Path]
) -> None:
    """Write each row of a table to one of several new tables of the same kind.

    Args:
        path: the table.
        lines: (n,) the line on which each row begins, as `tables.read` says.
        parts: (n,) the target of each row, from 0.
        targets: the new files; each gets the header.

    """
    kind = tables.check_kind(path)
    if kind == ".parquet":
        _copy_parquet(path, parts, targets)
        return
    target_of = dict(zip(lines, parts.tolist(), strict=True))
    compressed = kind.endswith(".gz")
    with gzip.open(path) if compressed else path.open("rb") as source, ExitStack() as stack:
        files = [stack.enter_context(_create(target, compressed=compressed)) for target in targets]
        to = files  # what stands above the first row is the header
        for number, line in enumerate(source, start=1):
            if number in target_of:
                to = [files[target_of[number]]]
            for file in to:
                # Another row may come after what was the last, without a line end.
                file.write(line if line.endswith(b"\n") else line + b"\n")


def _copy_parquet(path: Path, parts: NDArray[np.int64], targets: Sequence[Path]) -> None:
    from pyarrow import parquet  # noqa: PLC0415 - an extra, without which nothing was read

    table = parquet.read_table(path)
    for number, target in enumerate(targets):
        parquet.write_table(table.take(np.flatnonzero(parts == number)), target)


@contextmanager
def _create(path: Path, *, compressed: bool) -> Iterator[BinaryIO]:
    with path.open("wb") as file:
        if not compressed:
            yield file
            return
        # Neither name nor time inside, so equal is equal.
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
            yield packed  # type: ignore[misc]
