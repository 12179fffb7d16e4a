"""The folder of a scoring: what was asked for, its shards, and one process at a time.

manifest.json          what was asked for; in the end also how much it was
part-000000.csv        a shard's rows
rejects-000000.jsonl   its rows that could not be scored, and why; only where there are any
done/000000.json       written last of a shard: it is whole, and where the next one begins
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from overtone import __version__, atomic
from overtone.apps.scoring.asked import Asked, differences
from overtone.apps.scoring.stream import Position
from overtone.errors import InputError

FORMAT = 1
MANIFEST, LOCK, DONE = "manifest.json", "lock", "done"
LEFT_OVER = (f".{MANIFEST}.*", ".part-*.*", ".rejects-*.*", f"{DONE}/.*")
"""What a killed process was writing."""


@dataclass(frozen=True)
class Shard:
    """A shard that is done."""

    scored: int
    """Rows in its part."""
    rejected: int
    """Rows in its rejects."""
    truncated: int
    """Texts that were longer than the model's input."""
    bytes: int
    """Of its part."""
    file: int
    """Where the next shard begins: the place of the input among all."""
    row: int
    """And the rows of it that are behind."""

    @property
    def end(self) -> Position:
        """Where the next shard begins."""
        return Position(self.file, self.row)


class Folder:
    """Where shards are written."""

    def __init__(self, path: Path, format_: str) -> None:
        """Name the folder and its parts' format."""
        self.path = path
        self._format = format_

    def part(self, number: int) -> Path:
        """Return the path of a shard."""
        return self.path / f"part-{number:06d}.{self._format}"

    def rejects(self, number: int) -> Path:
        """Return the path of a shard's rejects."""
        return self.path / f"rejects-{number:06d}.jsonl"

    def done(self, number: int) -> Shard | None:
        """Return what a shard is, or None where it is not done, or was changed since."""
        try:
            saved = json.loads(self._done(number).read_text(encoding="utf-8"))
            found = Shard(**saved)
            whole = self.part(number).stat().st_size == found.bytes
            whole = whole and self.rejects(number).is_file() == bool(found.rejected)
        except (OSError, ValueError, TypeError):
            return None
        return found if whole else None

    def begin_shard(self, number: int) -> int:
        """Count how often a shard was begun since this process made ready for it, and return it."""
        path = self.path / DONE / f".{number:06d}.tries"
        tries = 1 + (path.stat().st_size if path.is_file() else 0)
        path.write_bytes(b"." * tries)
        return tries

    def finish_shard(self, number: int, shard: Shard) -> None:
        """Say that a shard's files are whole."""
        atomic.write_text(self._done(number), json.dumps(asdict(shard)) + "\n")
        (self.path / DONE / f".{number:06d}.tries").unlink(missing_ok=True)

    def begin(self, asked: Asked) -> None:
        """Make the folder for what is asked for, or go on with it; its lock is held.

        Raises:
            InputError: it holds another scoring, or something else.

        """
        content = {"format": FORMAT, "overtone": __version__, "asked": asked.to_json()}
        manifest = self.path / MANIFEST
        self._clear()
        if not manifest.is_file():
            if others := sorted({path.name for path in self.path.iterdir()} - {LOCK, DONE}):
                raise InputError(
                    f"expected a new folder for the output, found {others[0]} in {self.path}: "
                    "choose another --output"
                )
            atomic.write_text(manifest, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        saved = self._manifest()
        # Through JSON, which has no tuples.
        if found := differences(saved["asked"], json.loads(json.dumps(asked.to_json()))):
            raise InputError(
                f"{self.path} was begun otherwise: {'; '.join(found)}. Choose another --output, or "
                "ask for the same again"
            )
        (self.path / DONE).mkdir(exist_ok=True)

    def forget(self) -> None:
        """Remove what was begun where there is nothing to score: whoever asks next asks anew."""
        self._clear()
        (self.path / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(self.path / DONE, ignore_errors=True)

    def finish(self, scored: int, rejected: int, shards: int) -> None:
        """Say in the manifest that all is done, and how much it is."""
        self._clear()  # of what killed workers were writing
        totals = {"scored": scored, "rejected": rejected, "shards": shards}
        content = {**self._manifest(), "finished": totals}
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        atomic.write_text(self.path / MANIFEST, text)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes out; the system lets go when this one ends, however it does.

        Raises:
            InputError: another process scores into the folder.

        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise InputError(
                f"another process is scoring into {self.path}: wait for it, or choose another "
                "--output"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _clear(self) -> None:
        """Remove what was being written when a process was killed; nobody else is writing now."""
        for pattern in LEFT_OVER:
            for left in self.path.glob(pattern):
                left.unlink(missing_ok=True)

    def _done(self, number: int) -> Path:
        return self.path / DONE / f"{number:06d}.json"

    def _manifest(self) -> dict[str, Any]:
        path = self.path / MANIFEST
        try:
            saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if saved["format"] == FORMAT and isinstance(saved["asked"], dict):
                return saved
        except (ValueError, KeyError, TypeError):
            pass
        raise InputError(
            f"{path}: expected the manifest of a scoring, found something else; choose another "
            "--output"
        )
