"""`overtone.score`: labels for any amount of text, from files to files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from overtone.apps.scoring import inputs as files
from overtone.apps.scoring import local, on_ray
from overtone.apps.scoring.asked import ALL, Asked, Format, Input
from overtone.apps.scoring.folder import Shard
from overtone.apps.scoring.job import Job, open_model
from overtone.apps.scoring.writers import check_told_apart
from overtone.data import _parquet
from overtone.errors import DataError, InputError
from overtone.inference.predictor import Predictor

ROWS_PER_SHARD = 50_000
MOST_CHARACTERS = 1_000_000


@dataclass(frozen=True)
class Scored:
    """What a scoring left behind."""

    output: Path
    scored: int
    """Rows in the parts."""
    rejected: int
    """Rows in the rejects."""
    truncated: int
    """Texts that were longer than the model's input and lost a part."""
    shards: int
    before: int
    """Rows of these that an earlier process had done."""


@dataclass(frozen=True)
class Step:
    """How far a scoring is."""

    scored: int
    """Rows scored since the last step."""
    rejected: int
    """Rows rejected since the last step."""
    read: int
    """Bytes of the input that are behind, roughly."""
    total: int
    """Bytes of the input."""


Progress = Callable[[Step], None]
"""Hears how far it is; may raise to stop."""


def score(
    model: str | Path,
    inputs: str | Path | Iterable[str | Path],
    output: str | Path,
    *,
    text_column: str = "text",
    id_column: str | None = None,
    keep: Iterable[str] | Literal["all"] = (),
    format: Format = "csv",  # noqa: A002 - what it is
    threshold: float | Mapping[str, float] | None = None,
    labels_of: str | None = None,
    labels: Iterable[str] | None = None,
    rows_per_shard: int = ROWS_PER_SHARD,
    most_characters: int = MOST_CHARACTERS,
    engine: Literal["local", "ray"] = "local",
    workers: int | None = None,
    ray_address: str | None = None,
    progress: Progress = lambda _: None,
) -> Scored:
    """Label the texts of files, however many there are, into shards that are whole or not there.

    Called again for the same folder, it goes on where it was stopped or killed. Rows that can't be
    scored are in the folder's `rejects-…` files with the reason.

    Args:
        model: the folder of a run or a bundle.
        inputs: files, or patterns such as `data/*.parquet`: CSV, TSV and JSON Lines, each also .gz
            or .zst, and Parquet.
        output: the folder to write to.
        text_column: the column of the texts.
        id_column: a column that the output begins with.
        keep: further columns for the output, or "all".
        format: of the output; in CSV, cells that a spreadsheet would run are guarded.
        threshold: what decides instead of the model's own decision.
        labels_of: whose labels, where the model was trained on several datasets.
        labels: instead: what to ask for, in this order, whether the model ever saw it or not
            (`Predictor.with_labels`).
        rows_per_shard: rows of the input that make a file of the output.
        most_characters: longer texts are rejected.
        engine: `local`, this process; or `ray`, workers of Ray Data.
        workers: how many; only for ray. One a core of the machine or the cluster where None.
        ray_address: of a running cluster, whose machines see the same files; without it one is
            started here.
        progress: hears how far it is.

    Raises:
        InputError: something asked for can't be done, the folder holds another scoring, or another
            process scores into it.
        DataError: an input can't be read, lacks a column, or there are no rows.
        MissingExtraError: a package that is needed is not installed.
        OSError: a shard can't be written; what was done before is kept.

    """
    given = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    if engine == "local" and (workers is not None or ray_address is not None):
        raise InputError("workers and an address are Ray's: add --engine ray, or leave them out")
    paths = files.find(given, Path(output))
    predictor = open_model(model, labels_of, labels)
    asked = Asked(
        model=predictor.bundle.digest,
        labels_of=labels_of,
        labels=None if labels is None else predictor.labels.names,
        threshold=_by_label(threshold, predictor),
        inputs=tuple(map(Input.of, paths)),
        text_column=text_column,
        id_column=id_column,
        keep=_kept(keep),
        format=format,
        rows_per_shard=rows_per_shard,
        most_characters=most_characters,
    )
    asked.check()
    if asked.labels is not None and format == "csv":
        check_told_apart(asked.labels)
    kept = files.check(asked)
    job = Job(asked, str(model), str(output), predictor.labels.names, tuple(kept))
    files.check_names(asked, kept, job.columns.own())
    if format == "parquet":
        _parquet.packages(job.folder.part(0))
    if engine == "ray":
        on_ray.package()
    total = sum(each.size for each in asked.inputs)

    def report(scored: int, rejected: int, read: int) -> None:
        progress(Step(scored, rejected, read, total))

    with job.folder.held():
        job.folder.begin(asked)
        if engine == "local":
            shards = local.run(job, predictor, report)
        else:
            shards = on_ray.run(job, workers, ray_address, report)
        found = _totals(job.folder.path, shards)
        if not found.scored + found.rejected:
            job.folder.forget()
            raise DataError(f"expected rows to score, found none in {len(paths)} files")
        job.folder.finish(found.scored, found.rejected, found.shards)
    return found


def _kept(keep: Iterable[str]) -> tuple[str, ...] | Literal["all"]:
    """Return the columns to keep, each once."""
    if isinstance(keep, str):
        if keep != ALL:
            raise InputError(f"expected columns to keep, or 'all', found {keep!r}: pass [{keep!r}]")
        return "all"
    return tuple(dict.fromkeys(keep))


def _by_label(
    threshold: float | Mapping[str, float] | None, predictor: Predictor
) -> dict[str, float] | None:
    """Return thresholds by label, checked now and not in the first shard."""
    if threshold is None:
        return None
    names = predictor.labels.names
    predictor.decide(np.zeros((0, len(names)), np.float32), threshold=threshold)
    if isinstance(threshold, Mapping):
        return {name: float(value) for name, value in threshold.items()}
    return dict.fromkeys(names, float(threshold))


def _totals(output: Path, shards: Iterable[tuple[Shard, bool]]) -> Scored:
    """Add up shards as they are done."""
    scored = rejected = truncated = count = before = 0
    for shard, was_done in shards:
        scored += shard.scored
        rejected += shard.rejected
        truncated += shard.truncated
        before += was_done * (shard.scored + shard.rejected)
        count += 1
    return Scored(output, scored, rejected, truncated, count, before)
