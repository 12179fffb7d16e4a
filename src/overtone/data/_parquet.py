"""Reads and writes Parquet tables row by row; needs the extra `parquet`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from overtone.errors import DataError, MissingExtraError

BLOCK = 4096
"""Rows that are in memory at a time."""


def read(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the number, from 1, and the values of every row.

    Raises:
        DataError: the file is missing, damaged, or has two columns of one name.
        MissingExtraError: pyarrow is not installed.

    """
    arrow, parquet = _packages(path)
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise DataError(f"{path}: the column {twice[0]!r} stands twice; rename one")
            for batch in file.iter_batches(batch_size=BLOCK):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except FileNotFoundError as error:
        raise DataError(f"{path}: can't be read (No such file or directory)") from error
    except (OSError, UnicodeDecodeError, arrow.ArrowException) as error:
        raise DataError(
            f"{path}: expected a Parquet file, found something else or a damaged one "
            f"({' '.join(str(error).split())}); get the file again"
        ) from error


@contextmanager
def write(path: Path) -> Iterator[Callable[[list[str], list[str]], None]]:
    """Give a function that appends a row: its columns, always the same, and its cells, all text.

    Raises:
        MissingExtraError: pyarrow is not installed.

    """
    arrow, parquet = _packages(path)
    header: list[str] = []
    block: list[list[str]] = []

    def table() -> Any:  # noqa: ANN401 - pyarrow has no types
        columns = zip(*block, strict=True) if block else [[] for _ in header]
        schema = arrow.schema([(name, arrow.string()) for name in header])
        return arrow.table([list(column) for column in columns], schema=schema)

    writer: Any = None

    def flush() -> None:
        nonlocal writer
        rows = table()
        writer = writer or parquet.ParquetWriter(path, rows.schema)
        writer.write_table(rows)
        block.clear()

    def append(columns: list[str], cells: list[str]) -> None:
        header[:] = columns
        block.append(cells)
        if len(block) == BLOCK:
            flush()

    try:
        yield append
        flush()
    finally:
        if writer is not None:
            writer.close()


def _packages(path: Path) -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("parquet", f"{path.name}, a Parquet file,") from error
    return pa, parquet
