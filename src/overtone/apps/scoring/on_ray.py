"""The engine of many workers: Ray Data's actors, each with the model, take shard after shard.

Workers read their part of the input and write their shards themselves, so neither texts nor results
go through Ray: every machine must see the same files under the same names. What a worker leaves
behind that is killed is nothing, and its shard is another one's.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import accumulate
from pathlib import Path
from typing import Any

from overtone.apps.scoring.folder import Shard
from overtone.apps.scoring.job import Job
from overtone.apps.scoring.local import Progress
from overtone.apps.scoring.shard import score_shard
from overtone.apps.scoring.stream import Position
from overtone.data.records import Table
from overtone.errors import MissingExtraError, OvertoneError

TRIES = 4
"""How often a shard is begun whose worker dies; Ray by itself would never give up."""
STARTS = 3
"""How often a Ray of our own is started, which takes more than Ray's 30 s on a busy machine."""
BLOCKS = 10_000
"""Most blocks that Ray Data plans with; each holds numbers of shards, and no rows."""
STORE_BYTES = 100_000_000
"""Of the object store of a Ray that is started here: numbers of shards are all it holds."""
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # CPU workers see no GPU, without a warning
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}
"""No telemetry, and no messages besides ours."""


def run(
    job: Job, workers: int | None, address: str | None, progress: Progress
) -> Iterator[tuple[Shard, bool]]:
    """Yield the shards as they are done, and whether each was done before.

    Raises:
        MissingExtraError: Ray is not installed.
        OvertoneError: the cluster can't be reached; or a shard can't be scored, or killed its
            workers again and again.

    """
    ray = package()
    with _cluster(ray, workers, address):
        sizes = [each.size for each in job.asked.inputs]
        counts = _counts(ray, job)
        rows, left = sum(counts), list[tuple[int, Position]]()
        behind = 0

        def read() -> int:
            return int(sum(sizes) * behind / max(1, rows))

        for number, start in plan(counts, job.asked.rows_per_shard):
            if (shard := job.folder.done(number)) is None:
                left.append((number, start))
                continue
            behind += shard.scored + shard.rejected
            yield shard, True
        progress(0, 0, read())
        for shard in _scored(ray, job, left, workers):
            behind += shard.scored + shard.rejected
            progress(shard.scored, shard.rejected, read())
            yield shard, False


def plan(counts: Sequence[int], rows_per_shard: int) -> Iterator[tuple[int, Position]]:
    """Yield each shard's number and where it begins, as one process would cut the stream.

    Args:
        counts: rows of each input.
        rows_per_shard: of the whole stream.

    """
    ends = list(accumulate(counts))
    file = 0
    for number, first in enumerate(range(0, sum(counts), rows_per_shard)):
        while ends[file] <= first:
            file += 1
        yield number, Position(file, first - (ends[file] - counts[file]))


class Worker:
    """An actor: loads the model once and scores shards."""

    def __init__(self, job: Job) -> None:
        """Load the model."""
        self._job = job
        self._predictor = job.predictor()

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[int]]:
        """Score the shards of a batch: their numbers, and where they begin."""
        found: dict[str, list[int]] = {}
        for number, file, row in zip(batch["number"], batch["file"], batch["row"], strict=True):
            for key, value in asdict(
                self._shard(int(number), Position(int(file), int(row)))
            ).items():
                found.setdefault(key, []).append(value)
        return found

    def _shard(self, number: int, start: Position) -> Shard:
        # Ray may ask again for what a worker had finished before it died.
        if (shard := self._job.folder.done(number)) is not None:
            return shard
        tries = self._job.folder.begin_shard(number)
        if tries > TRIES:
            raise OvertoneError(
                f"shard {number} killed its worker {TRIES} times: it needs more memory than there "
                "is, or something else kills it"
            )
        stream = self._job.stream(start)
        scored = score_shard(number, stream, self._job, self._predictor, lambda *_: None)
        if scored is None:
            raise OvertoneError("an input became shorter while it was scored")
        return scored


def _scored(
    ray: Any,  # noqa: ANN401 - Ray has no types
    job: Job,
    left: Sequence[tuple[int, Position]],
    workers: int | None,
) -> Iterator[Shard]:
    """Yield what the actors make of shards."""
    if not left:
        return
    count = min(workers or int(ray.cluster_resources().get("CPU", 1)), len(left))
    items = [{"number": number, **asdict(start)} for number, start in left]
    shards = ray.data.from_items(items, override_num_blocks=min(len(items), BLOCKS)).map_batches(
        Worker,
        fn_constructor_args=(job,),
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=count),
        num_cpus=1,
    )
    try:
        for found in shards.iter_rows():
            yield Shard(**found)
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None)
        if isinstance(cause, OvertoneError | OSError):
            raise cause from error
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise OvertoneError(
            f"Ray could not finish ({reason[-1].strip()}); what is done is kept, so give the same "
            "command again, with fewer rows a shard or fewer workers a machine where memory ran out"
        ) from error


def _counts(ray: Any, job: Job) -> list[int]:  # noqa: ANN401
    """Return how many rows each input has, counted by Ray's tasks."""
    most = job.stream(Position()).most_bytes
    count = ray.remote(num_cpus=1)(_count)
    counts: list[int] = ray.get([count.remote(each.name, most) for each in job.asked.inputs])
    return counts


def _count(path: str, most_bytes: int) -> int:
    return Table(Path(path), most_bytes).count()


@contextmanager
def _cluster(ray: Any, workers: int | None, address: str | None) -> Iterator[None]:  # noqa: ANN401
    """Connect to a cluster, or start one on this machine and take it down in the end."""
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    # A core for the tasks that count and for Ray Data's own, besides the actors'.
    here = {
        "num_cpus": 1 + (workers or os.cpu_count() or 1),
        "object_store_memory": STORE_BYTES,
        "include_dashboard": False,
    }
    for again in reversed(range(1 if address else STARTS)):
        try:
            ray.init(address=address or "local", **quiet, **({} if address else here))
            break
        except Exception as error:  # Ray raises this very class where it can't start
            ray.shutdown()
            if again:
                continue
            where = f"reach Ray at {address}" if address else "start Ray on this machine"
            raise OvertoneError(f"could not {where} ({error}); see its logs in /tmp/ray") from error
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    try:
        yield
    finally:
        ray.shutdown()


def package() -> Any:  # noqa: ANN401
    """Return Ray, with what it would send and say switched off.

    Raises:
        MissingExtraError: it is not installed.

    """
    os.environ.update(ENVIRONMENT)
    try:
        import ray  # noqa: PLC0415 - an extra
        import ray.data  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("ray", "--engine ray") from error
    logging.getLogger("ray").setLevel(logging.ERROR)
    for handler in logging.getLogger("ray.data").handlers:
        if isinstance(handler, logging.StreamHandler):  # and not its file
            handler.setLevel(logging.ERROR)
    return ray
