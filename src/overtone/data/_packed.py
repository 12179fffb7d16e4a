"""Opens files of lines that may be packed: .gz and .zst are expanded on the way, piece by piece."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import Any, BinaryIO, cast

from overtone.errors import MissingExtraError

PACKED = (".gz", ".zst")

PIECE = 1024
"""Packed bytes that are expanded at a time: Zstandard makes at most 32 MB of so many."""
BUFFER = 1 << 17


class DamagedError(Exception):
    """A packed file is cut or damaged; what came before it was read."""


def open_lines(file: BinaryIO, name: Path) -> BinaryIO:
    """Return what a file holds, expanded where its name says that it is packed.

    Reading it raises `EOFError`, `zlib.error`, `gzip.BadGzipFile` or `DamagedError` where the file
    is cut or damaged: `DAMAGE`.

    Raises:
        MissingExtraError: the file ends in .zst, and zstandard is not installed.

    """
    kind = name.suffix.lower()
    if kind == ".gz":
        return cast(BinaryIO, gzip.GzipFile(fileobj=file, mode="rb"))
    if kind == ".zst":
        return cast(BinaryIO, io.BufferedReader(_Zstandard(file, name), BUFFER))
    return file


DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile, DamagedError)


class _Zstandard(io.RawIOBase):
    """Expands frame after frame; zstandard's own reader takes a cut file for a whole one."""

    def __init__(self, file: BinaryIO, name: Path) -> None:
        try:
            import zstandard  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise MissingExtraError("score", f"{name.name}, a Zstandard file,") from error
        self._file = file
        self._error: type[Exception] = zstandard.ZstdError
        self._new: Any = zstandard.ZstdDecompressor().decompressobj
        self._frame = self._new()
        self._begun = False
        self._packed = b""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        while not self._ready:
            piece = self._packed or self._file.read(PIECE)
            self._packed = b""
            if not piece:
                if self._begun:
                    raise DamagedError("the file ends in the midst of a frame")
                return 0
            self._expand(piece)
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _expand(self, piece: bytes) -> None:
        self._begun = True
        try:
            self._ready = memoryview(self._frame.decompress(piece))
        except self._error as error:
            raise DamagedError(str(error)) from error
        if self._frame.eof:
            self._packed = self._frame.unused_data
            self._frame, self._begun = self._new(), False
