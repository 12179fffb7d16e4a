"""What a run was trained on, in a few numbers, so that it goes on with nothing else."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from overtone import atomic
from overtone.data import Split
from overtone.errors import InputError

log = logging.getLogger(__name__)


def check(file: Path, splits: Mapping[str, Split], folder: Path | None = None) -> None:
    """Note what is trained on, and refuse to go on with a run on other texts or labels.

    Args:
        file: where it is noted.
        splits: all that training reads, by a name for messages.
        folder: the run's, for messages, where it isn't that of the file's folder.

    Raises:
        InputError: they are not those that the run was started with; what differs is listed.

    """
    now = {name: _of(split) for name, split in splits.items()}
    if file.is_file():
        try:
            before = json.loads(file.read_text(encoding="utf-8"))
        except ValueError:
            log.warning("%s is damaged: whether the data are the same can't be checked", file)
            before = now
        if differences := _differences(before, now):
            place = folder or file.parent.parent
            raise InputError(
                f"the data are not those that the run in {place} was started with: "
                f"{'; '.join(differences)}. Put them back as they were, or train into another "
                "--output"
            )
    file.parent.mkdir(exist_ok=True)
    atomic.write_text(file, json.dumps(now))


def of_texts(texts: Iterable[str]) -> str:
    """Return the SHA-256 of texts in their order, hexadecimal."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()


def _of(split: Split) -> dict[str, Any]:
    groups = {} if split.groups is None else {"groups (sha256)": of_texts(split.groups)}
    return {
        "number of texts": len(split),
        "labels": list(split.labels.names),
        "texts (sha256)": of_texts(split.texts),
        "truth (sha256)": hashlib.sha256(_truth(split)).hexdigest(),
        **groups,
    }


def _truth(split: Split) -> bytes:
    return b"" if split.targets is None else split.targets.tobytes()


def _differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    return [
        f"{split}: {key} was {before.get(split, {}).get(key)}, now {value}"
        for split, values in now.items()
        for key, value in values.items()
        if value != before.get(split, {}).get(key)
    ]
