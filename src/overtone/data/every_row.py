"""Every row of a file of one's own: also those that training leaves out or would stop at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from overtone.config import parse
from overtone.data import Split, _rows, table, tables
from overtone.data._content import Content, gather
from overtone.data.records import Table
from overtone.labels import Labels


@dataclass(frozen=True, eq=False)
class EveryRow:
    """A file's rows, and those of them that can't be read."""

    split: Split
    """Rows without a text have an empty one, rows without annotated labels NaN."""
    unreadable: tuple[tuple[str, str], ...]
    """The line, as an id, and why it can't be read."""
    lines: tuple[int, ...]
    """Where the rows of the split begin; an id may stand in several."""


def read(file: Path, options: Mapping[str, object]) -> dict[str, EveryRow]:
    """Return the rows of a file, and of its dev and test files, by split.

    A file without a dev or test file is the split `all`, else `train`. The columns are found in the
    file itself; what is odd about a label is as in `data.load`.

    Args:
        file: the path.
        options: those of a table, such as text_column or dev.

    Raises:
        InputError: an option is wrong, or a column can't be guessed without doubt.
        DataError: a file has no header, no rows, or something else than labels in a label column.

    """
    given = {**options, "file": str(file.absolute())}
    config: table.Config = parse(table.Config, given, where="data")
    others = {"dev": config.dev, "test": config.test}
    files = {"train" if any(others.values()) else "all": config.file}
    files |= {name: path for name, path in others.items() if path is not None}
    found: dict[str, EveryRow] = {}
    for name, path in files.items():
        unreadable: list[tuple[str, str]] = []
        content = gather(Path(path), _without_blank_end(Path(path), unreadable))
        if not found:
            config = table.with_columns(config, content)
        columns = table.columns_of(config)
        targets, _ = _rows.read_targets(content, columns)
        split = Split(
            Path(config.file).name,
            name,
            _ids(content, columns.ids),
            tuple(content.column(columns.texts, "--text-column")),
            Labels.of(*config.labels, language=config.language),
            targets,
        )
        found[name] = EveryRow(split, tuple(unreadable), tuple(content.lines))
    return found


def _ids(content: Content, column: str | None) -> tuple[str, ...]:
    """Return a name for each row; of those in a column, several may have the same."""
    if column is None:
        return tuple(map(str, content.lines))
    return tuple(content.column(column, "--id-column"))


def _without_blank_end(
    path: Path, unreadable: list[tuple[str, str]]
) -> Iterator[tuple[int, tables.Row]]:
    """Yield rows without the blank ones that spreadsheets leave at the end; note broken ones."""
    blank: list[tuple[int, tables.Row]] = []
    for record in Table(path).records():
        if record.cells is None:
            unreadable.append((str(record.line), record.problem))
            continue
        row = {name: tables.as_text(value) for name, value in record.cells.items()}
        blank.append((record.line, row))
        if any(map(str.strip, row.values())):
            yield from blank
            blank.clear()
