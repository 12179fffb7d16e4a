"""Scoring takes no more memory for more rows: shards are written, and nothing of them is kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FEW, MANY = 10_000, 80_000
"""Rows."""
LONG = 500
"""Characters of an id. Whatever holds on to rows grows by 35 MB for these alone, and twice that in
all."""
MOST = 25
"""Megabytes that the process may grow by; it was 0 to 1."""
SCRIPT = """
import sys

import overtone
from overtone.evaluation.cost import peak_memory_mb

model, folder = sys.argv[1:]
for name in ("few", "many"):
    overtone.score(
        model, f"{folder}/{name}.jsonl", f"{folder}/{name}-out", id_column="id",
        rows_per_shard=5_000,
    )
    print(peak_memory_mb())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="NOT RUN: a child's own peak is known on Linux")
def test_eight_times_the_rows_take_no_more_memory(model: Path, tmp_path: Path) -> None:
    """In a process of its own, which has loaded what it needs by the end of the first file."""
    for name, rows in (("few", FEW), ("many", MANY)):
        with (tmp_path / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            for row in range(rows):
                file.write(json.dumps({"id": f"{row:0{LONG}}", "text": f"day {row}"}) + "\n")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(model), str(tmp_path)],
        capture_output=True, text=True, check=True, timeout=600,
    )  # fmt: skip
    few, many = map(float, done.stdout.split())
    assert many - few < MOST
    assert len(list((tmp_path / "many-out").glob("part-*"))) == MANY // 5_000
