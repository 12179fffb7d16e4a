"""Reads and writes Parquet tables row by row; needs the extra `parquet`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from overtone.errors import DataError, MissingExtraError

BLOCK = 4096
"""Rows that are in memory at a time."""
FEWEST, MOST_BYTES = 16, 8_000_000
"""And where they are long: at least so many rows, and about so many bytes."""
BUFFER = 1 << 20
"""Bytes of a column that are read at a time."""


def read(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the number, from 1, and the values of every row.

    Raises:
        DataError: the file is missing, damaged, or has two columns of one name.
        MissingExtraError: pyarrow is not installed.

    """
    arrow, parquet = packages(path)
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


def names(path: Path) -> list[str]:
    """Return the columns.

    Raises:
        DataError: the file is missing, damaged, or has two columns of one name.
        MissingExtraError: pyarrow is not installed.

    """
    with _opened(path) as file:
        found: list[str] = file.schema_arrow.names
    if twice := sorted({name for name in found if found.count(name) > 1}):
        raise DataError(f"{path}: the column {twice[0]!r} stands twice; rename one")
    return found


def count(path: Path) -> int:
    """Return how many rows there are; raises as `names` does."""
    with _opened(path) as file:
        return int(file.metadata.num_rows)


def read_from(
    path: Path, columns: Sequence[str] | None, skip: int
) -> Iterator[tuple[dict[str, object] | None, str]]:
    """Yield the values of every row, or why it has none, the first `skip` left out.

    Rows of a group that is damaged are lost from there on, and each is yielded as that.

    Args:
        path: the file.
        columns: those that are read; None for all.
        skip: rows; whole groups of them are not even read.

    """
    arrow, _ = packages(path)
    with _opened(path) as file:
        for group in range(file.num_row_groups):
            about = file.metadata.row_group(group)
            rows = about.num_rows
            if skip >= rows:
                skip -= rows
                continue
            each = max(1, about.total_byte_size // max(1, rows))
            size = min(BLOCK, max(FEWEST, MOST_BYTES // each))
            done = 0
            try:
                for batch in file.iter_batches(size, row_groups=[group], columns=columns):
                    for found in _values(batch):
                        done += 1
                        if done > skip:
                            yield found
            except (OSError, arrow.ArrowException) as error:
                if isinstance(error, OSError) and error.errno:  # the disk's, not the file's
                    raise
                lost = f"found a damaged part of the file ({' '.join(str(error).split())})"
                for _ in range(max(done, skip), rows):
                    yield None, lost
            skip = 0


def _values(batch: Any) -> Iterator[tuple[dict[str, object] | None, str]]:  # noqa: ANN401
    try:
        yield from ((row, "") for row in batch.to_pylist())
    except UnicodeDecodeError:
        # One value is no UTF-8: row by row, so that the others are there.
        for place in range(batch.num_rows):
            try:
                yield batch.slice(place, 1).to_pylist()[0], ""
            except UnicodeDecodeError:
                yield None, "expected UTF-8, found other bytes"


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a file so that its columns are read in pieces and not whole."""
    arrow, parquet = packages(path)
    try:
        file = parquet.ParquetFile(path, buffer_size=BUFFER, pre_buffer=False)
    except FileNotFoundError as error:
        raise DataError(f"{path}: can't be read (No such file or directory)") from error
    except (OSError, arrow.ArrowException) as error:
        raise DataError(
            f"{path}: expected a Parquet file, found something else or a damaged one "
            f"({' '.join(str(error).split())}); get the file again"
        ) from error
    with file:
        yield file


@contextmanager
def write(path: Path) -> Iterator[Callable[[list[str], list[str]], None]]:
    """Give a function that appends a row: its columns, always the same, and its cells, all text.

    Raises:
        MissingExtraError: pyarrow is not installed.

    """
    arrow, _ = packages(path)
    with ExitStack() as stack:
        append: Callable[[Sequence[object]], None] | None = None

        def append_text(columns: list[str], cells: list[str]) -> None:
            nonlocal append
            types = dict.fromkeys(columns, arrow.string())
            append = append or stack.enter_context(write_typed(path, types))
            append(cells)

        yield append_text
        if append is None:
            stack.enter_context(write_typed(path, {}))


@contextmanager
def write_typed(
    path: Path, types: Mapping[str, Any]
) -> Iterator[Callable[[Sequence[object]], None]]:
    """Give a function that appends a row's values.

    Args:
        path: the file to write.
        types: each column's, pyarrow's.

    Raises:
        MissingExtraError: pyarrow is not installed.

    """
    arrow, parquet = packages(path)
    schema = arrow.schema(list(types.items()))
    block: list[Sequence[object]] = []
    size = 0
    with parquet.ParquetWriter(path, schema) as writer:

        def flush() -> None:
            nonlocal size
            columns = zip(*block, strict=True) if block else [[] for _ in types]
            writer.write_table(arrow.table([list(column) for column in columns], schema=schema))
            block.clear()
            size = 0

        def append(cells: Sequence[object]) -> None:
            nonlocal size
            block.append(cells)
            size += sum(len(cell) for cell in cells if isinstance(cell, str))
            if len(block) == BLOCK or size > MOST_BYTES:
                flush()

        yield append
        flush()


def packages(path: Path) -> tuple[Any, Any]:
    """Return pyarrow and its part for Parquet.

    Raises:
        MissingExtraError: they are not installed.

    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("parquet", f"{path.name}, a Parquet file,") from error
    return pa, parquet
