"""Scores one shard and writes it whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

from overtone import atomic
from overtone.apps.scoring.folder import Shard
from overtone.apps.scoring.job import Job
from overtone.apps.scoring.select import Selected, select
from overtone.apps.scoring.stream import Row, Stream
from overtone.apps.scoring.writers import WRITERS, Append
from overtone.inference.predictor import Predictor
from overtone.inputs import batches

TEXTS = 1024
CHARACTERS = 500_000
"""Most of a chunk, which is what is in memory at a time. A chunk never spans shards, so that the
same texts share it, and their probabilities are the same, whoever scores the shard."""

Report = Callable[[int, int], None]
"""Takes rows scored and rejected since the last time; raises where the run is to stop."""


def score_shard(
    number: int, stream: Stream, job: Job, predictor: Predictor, report: Report
) -> Shard | None:
    """Score the next rows of a stream as a shard; None where there are none.

    Raises:
        OSError: it can't be written; then nothing of it is there.

    """
    rows = islice(stream, job.asked.rows_per_shard)
    first = next(rows, None)
    if first is None:
        return None
    folder = job.folder
    part = folder.part(number)
    scored = rejected = 0
    own = job.columns.own()
    with ExitStack() as stack:
        beside = stack.enter_context(atomic.file(part))
        append = stack.enter_context(WRITERS[job.asked.format](beside, job.columns))
        rejects = _Rejects(folder.rejects(number), stack)
        chunk = _Chunk(predictor, job, append)
        for row in chain([first], rows):
            found = select(row.record, job.asked, own)
            if isinstance(found, str):
                rejects.write(row, found)
                rejected += 1
                report(0, 1)
            else:
                done = chunk.add(row, found)
                scored += done
                if done:
                    report(done, 0)
        done = chunk.flush()
        scored += done
        report(done, 0)
    shard = Shard(
        scored, rejected, chunk.truncated, part.stat().st_size,
        stream.position.file, stream.position.row,
    )  # fmt: skip
    if not rejected:
        folder.rejects(number).unlink(missing_ok=True)
    folder.finish_shard(number, shard)
    return shard


class _Chunk:
    """Texts that are scored together."""

    def __init__(self, predictor: Predictor, job: Job, append: Append) -> None:
        self._predictor = predictor
        self._threshold = job.asked.threshold
        self._append = append
        self._rows: list[tuple[Row, Selected]] = []
        self._size = 0
        self.truncated = 0
        """Texts so far that were longer than the model's input and lost a part."""

    def add(self, row: Row, selected: Selected) -> int:
        """Take in a row; return how many were scored for that, most often none."""
        done = 0
        if self._size + selected.size > CHARACTERS or len(self._rows) == TEXTS:
            done = self.flush()
        # Not the row's record, which may hold columns that nobody wants.
        self._rows.append((row._replace(record=None), selected))  # type: ignore[arg-type]
        self._size += selected.size
        return done

    def flush(self) -> int:
        """Score and write what was taken in; return how many rows it was."""
        if not self._rows:
            return 0
        texts = [selected.text for _, selected in self._rows]
        encoded = self._predictor.encode(texts)
        self.truncated += encoded.truncated
        probabilities = self._predictor.calibrate(batches.sigmoid(self._predictor.compute(encoded)))
        found = self._predictor.predictions(probabilities, threshold=self._threshold)
        for (row, selected), prediction in zip(self._rows, found, strict=True):
            self._append(row.source, row.number, selected.others, prediction)
        done = len(self._rows)
        self._rows, self._size = [], 0
        return done


class _Rejects:
    """Rows that could not be scored, in a file that is there only where there are any."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._path = path
        self._stack = stack
        self._file: TextIO | None = None

    def write(self, row: Row, reason: str) -> None:
        """Append a row."""
        if self._file is None:
            beside = self._stack.enter_context(atomic.file(self._path))
            self._file = self._stack.enter_context(beside.open("w", encoding="utf-8"))
        content = {
            "source_file": row.source, "source_row": row.number, "line": row.record.line,
            "reason": reason,
        }  # fmt: skip
        self._file.write(json.dumps(content, ensure_ascii=False) + "\n")
