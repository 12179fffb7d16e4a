"""Compares files with the SHA-256 that overtone knows for them, or that was recorded."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from overtone import atomic
from overtone.bundle import sha256
from overtone.errors import DataError

RECORD = "hashes.json"
Record = dict[str, dict[str, str]]
"""Of each file that came unverified, the `sha256` and the `date` of its first download."""


def difference(path: Path, pinned: str | None, first: dict[str, str] | None) -> str:
    """Return in words how a file differs from the hash that is known for it, or an empty text.

    Args:
        path: the file.
        pinned: the SHA-256 that overtone knows.
        first: what is recorded of the first download, used where no hash is known.

    """
    if pinned is not None:
        known, whose = pinned, "the official file's"
    elif first is not None:
        known, whose = first["sha256"], f"that of what came first, on {first['date']}"
    else:
        return ""
    found = sha256(path)
    return "" if found == known else f"expected the SHA-256 {known} ({whose}), found {found}"


def read_record(path: Path) -> Record:
    """Read what `write_record` wrote; where there is no file, nothing is recorded.

    Raises:
        DataError: the file is something else.

    """
    if not path.exists():
        return {}
    try:
        record: Record = json.loads(path.read_text(encoding="utf-8"))
        if all(entry.keys() >= {"sha256", "date"} for entry in record.values()):
            return record
    except (ValueError, AttributeError):
        pass
    raise DataError(
        f"{path}: expected the hashes of what was downloaded, found something else; remove the file"
    )


def write_record(path: Path, record: Record, new: Iterable[Path]) -> None:
    """Write the record with new files added; one that came as before keeps its date."""
    today = datetime.now(UTC).date().isoformat()
    for file in new:
        found = sha256(file)
        if record.get(file.name, {}).get("sha256") != found:
            record[file.name] = {"sha256": found, "date": today}
    atomic.write_text(path, json.dumps(record, indent=2) + "\n")
