"""How much memory scoring takes, and whether that grows with the input.

    python benchmarks/score_memory.py MODEL --rows 20000 200000 2000000
    python benchmarks/score_memory.py MODEL --rows 200000 --texts FILE... --most-gb 1.5

For each number of rows, a file of so many is generated and `overtone score` runs on it in a process
of its own, whose peak is the most memory that it ever had, Python and the model included. Texts are
drawn from generated words, one to ten a text, or with --texts from the texts of a table of your
own, so that their lengths are real. With --workers the peak is that of the process that asks; what
is measured then is the rate. Ends with 1 where a peak is above --most-gb.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from _tweets import WORDS

from overtone import atomic
from overtone.data.records import Table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--texts", type=Path, nargs="+", help="tables to draw texts from")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--format", default="csv")
    parser.add_argument("--rows-per-shard", default="50000")
    parser.add_argument("--workers", help="of Ray, instead of this one process")
    parser.add_argument("--most-gb", type=float)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    pool = None if given.texts is None else list(_texts(given.texts, given.text_column))
    options = ["--format", given.format, "--rows-per-shard", given.rows_per_shard]
    if given.workers:
        options += ["--engine", "ray", "--workers", given.workers]
    found = []
    for rows in given.rows:
        with tempfile.TemporaryDirectory() as folder:
            size = _generate(Path(folder) / "in.jsonl", rows, pool)
            peak, seconds = _score(given.model, Path(folder), options)
        found.append({"rows": rows, "megabytes": size / 1e6, "peak_mb": peak, "seconds": seconds})
        print(
            f"{rows:>12,} rows, {size / 1e6:8.1f} MB: peak {peak:7.1f} MB, {seconds:7.1f} s, "
            f"{rows / seconds:9,.0f} rows/s, start-up included",
            flush=True,
        )
    if given.json:
        atomic.write_text(given.json, json.dumps(found, indent=2) + "\n")
    if given.most_gb and max(each["peak_mb"] for each in found) > 1000 * given.most_gb:
        sys.exit(1)


def _texts(paths: Sequence[Path], column: str) -> Iterator[str]:
    for path in paths:
        for record in Table(path).records():
            if record.cells and str(record.cells.get(column) or "").strip():
                yield str(record.cells[column])


def _generate(path: Path, rows: int, pool: Sequence[str] | None) -> int:
    """Write rows and return the file's size in bytes."""
    rng = random.Random(0)  # noqa: S311 - draws texts
    with path.open("w", encoding="utf-8") as file:
        for row in range(rows):
            text = rng.choice(pool) if pool else " ".join(rng.choices(WORDS, k=rng.randint(1, 10)))
            file.write(json.dumps({"id": row, "text": text}) + "\n")
    return path.stat().st_size


def _score(model: str, folder: Path, options: Sequence[str]) -> tuple[float, float]:
    """Score in a process of its own; its peak in MB, and seconds."""
    command = [
        sys.executable, "-m", "overtone", "score", model, "--input", str(folder / "in.jsonl"),
        "--output", str(folder / "out"), "--id-column", "id", *options,
    ]  # fmt: skip
    begun = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603 - overtone itself
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"overtone score ended with {process.returncode}")
    return usage.ru_maxrss * 1024 / 1e6, time.perf_counter() - begun


if __name__ == "__main__":
    main()
