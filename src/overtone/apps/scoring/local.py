"""The engine of one process: shard after shard, the input read once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from overtone.apps.scoring.folder import Shard
from overtone.apps.scoring.job import Job
from overtone.apps.scoring.shard import score_shard
from overtone.apps.scoring.stream import Position, Stream
from overtone.inference.predictor import Predictor

Progress = Callable[[int, int, int], None]
"""Takes rows scored and rejected since the last time, and bytes of the input that are behind."""


def run(job: Job, predictor: Predictor, progress: Progress) -> Iterator[tuple[Shard, bool]]:
    """Yield the shards in order, and whether each was done before."""
    number, position = 0, Position()
    stream: Stream | None = None
    while True:
        shard = job.folder.done(number)
        before = shard is not None
        if shard is not None:
            stream = None
            position = shard.end
        else:
            stream = stream or job.stream(position)
            reading = stream

            def report(scored: int, rejected: int, reading: Stream = reading) -> None:
                progress(scored, rejected, reading.read)

            shard = score_shard(number, stream, job, predictor, report)
            if shard is None:
                return
            position = stream.position
        yield shard, before
        number += 1
