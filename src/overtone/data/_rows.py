"""Rows of a file of one's own: texts, targets and groups, and what is odd about them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overtone.data import _content, _label_cells, _label_lists
from overtone.data._content import Content
from overtone.data._label_cells import Problem
from overtone.data.quotes import shortened
from overtone.data.stratify import same_text
from overtone.errors import DataError

log = logging.getLogger(__name__)

SHOWN = 10
"""Most typos that are listed one by one."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns hold what."""

    texts: str
    labels: Sequence[str]
    label_column: str | None
    separator: str
    soft: bool
    ids: str | None
    groups: str | None


@dataclass(frozen=True, eq=False)
class Rows:
    """Those rows of a file that have a text and an annotated label."""

    ids: list[str]
    texts: list[str]
    groups: list[str]
    """Rows of one group stay together."""
    targets: NDArray[np.float32]
    """(n, C)"""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.texts)

    def part(self, rows: NDArray[np.int64]) -> Rows:
        """Return some of the rows."""
        ids, texts, groups = (
            [column[row] for row in rows] for column in (self.ids, self.texts, self.groups)
        )
        return Rows(ids, texts, groups, self.targets[rows])


def read(path: Path, columns: Columns, *, quiet: bool) -> Rows:
    """Read a file whose columns are known, and unless it is to be quiet, say what is odd about it.

    Raises:
        DataError: it can't be read, lacks a column, holds something else than labels, or no row of
            it has a text and an annotated label.

    """
    content = _content.read(path)
    texts = content.column(columns.texts, "--text-column")
    targets, problems = read_targets(content, columns)
    has_text = np.asarray([bool(text.strip()) for text in texts])
    has_label = np.asarray((~np.isnan(targets)).any(axis=1))
    kept = np.flatnonzero(has_text & has_label)
    if not len(kept):
        raise DataError(
            f"{path}: expected rows with a text under {columns.texts!r} and an annotated label, "
            f"found none in {len(content):,} rows; name the right columns with --text-column and "
            "--labels or --label-column"
        )
    rows = Rows(
        ids(content, columns.ids, kept),
        texts,
        groups(content, columns.texts, columns.groups),
        targets,
    ).part(kept)
    if not quiet:
        _report_left_out(path, has_text, has_label)
        _report_typos(path, problems)
        _report_labels(path, columns.labels, rows.targets)
        if again := len(rows) - len({same_text(text) for text in rows.texts}):
            log.info("%s: %d texts stand there more than once, and are kept", path, again)
    return rows


def read_targets(content: Content, columns: Columns) -> tuple[NDArray[np.float32], list[Problem]]:
    """Return every row's targets (n, C), NaN where not annotated, and the cells that are odd.

    Raises:
        DataError: a column is missing, or holds something else than labels.

    """
    if columns.label_column is None:
        return _label_cells.read_cells(content, columns.labels, soft=columns.soft)
    return _label_lists.read_lists(content, columns.label_column, columns.separator, columns.labels)


def ids(content: Content, column: str | None, kept: NDArray[np.int64]) -> list[str]:
    """Return a name for each row.

    Args:
        content: the file.
        column: what names the rows; None for the numbers of their lines.
        kept: the rows whose names must differ.

    Raises:
        DataError: there is no such column, or two rows have the same name.

    """
    if column is None:
        return [str(line) for line in content.lines]
    cells = content.column(column, "--id-column")
    first_seen: dict[str, int] = {}
    for row in kept.tolist():
        if (first := first_seen.setdefault(cells[row], row)) != row:
            raise DataError(
                f"{content.path}, {content.line(row)}: expected a new id under {column!r}, found "
                f"{shortened(cells[row])} again (first on {content.line(first)}); remove one of "
                "the two rows, or leave --id-column out"
            )
    return cells


def groups(content: Content, texts: str, column: str | None) -> list[str]:
    """Return the group of each row: rows of the same text, unless a column says another one.

    Raises:
        DataError: there is no such column.

    """
    if column is None:
        cells = [same_text(text) for text in content.column(texts, "--text-column")]
    else:
        cells = [cell.strip() for cell in content.column(column, "--group-column")]
    # A row without a text or a group is a group of its own.
    return [f"group {cell}" if cell else f"row {n}" for n, cell in enumerate(cells)]


# --- what is odd ------------------------------------------------------------------------------


def report_seen(rows: Rows, path: Path, other: Path, texts: str) -> None:
    """Say how many texts of a dev or test file stand in the file that is trained on as well.

    Raises:
        DataError: the other file can't be read, or lacks the column.

    """
    known = {same_text(text) for text in _content.read(other).column(texts, "--text-column")}
    if count := sum(same_text(text) in known for text in rows.texts):
        log.warning(
            "%s: texts that stand in %s as well: %d; scores on them say little of new texts",
            path,
            other,
            count,
        )


def _report_left_out(path: Path, has_text: NDArray[np.bool_], has_label: NDArray[np.bool_]) -> None:
    for lacking, what in ((~has_text, "a text"), (has_text & ~has_label, "an annotated label")):
        if count := int(lacking.sum()):
            log.warning("%s: rows without %s are left out: %d", path, what, count)


def _report_typos(path: Path, problems: Sequence[Problem]) -> None:
    for problem in problems[:SHOWN]:
        log.warning("%s, %s counts as %s", path, problem.place, problem.reading)
    if len(problems) > SHOWN:
        log.warning("%s: and %d more such cells", path, len(problems) - SHOWN)


def _report_labels(path: Path, labels: Sequence[str], targets: NDArray[np.float32]) -> None:
    """Name labels from which nothing can be learnt."""
    on = targets > 0.5  # noqa: PLR2004
    for name, column, off in zip(labels, on.T, (targets <= 0.5).T, strict=True):  # noqa: PLR2004
        if not column.any():
            log.warning("%s: no text carries %r", path, name)
        elif not off.any():
            log.warning("%s: every text carries %r", path, name)
