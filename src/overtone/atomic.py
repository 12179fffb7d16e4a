"""Files and folders that are either written whole or not there at all.

Everything is written beside its destination, flushed to the disk, and renamed into place.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from overtone.errors import InputError


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file whole, replacing what was there."""
    with file(path) as beside:
        beside.write_text(text, encoding="utf-8")


@contextmanager
def file(path: Path) -> Iterator[Path]:
    """Give a path to write to; on leaving without an error it replaces `path`.

    A link is followed. What is no regular file (a pipe, /dev/stdout) is written to as it is.

    Raises:
        InputError: there is a folder at `path`.

    """
    path = path.resolve()
    if path.is_dir():
        raise InputError(f"expected a file to write, found the folder {path}: name a file in it")
    if path.exists() and not path.is_file():
        yield path
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        # mkstemp makes private files; what is shared gets the mode that open() would give.
        beside.chmod(0o666 & ~_umask())
        _flush(beside)
        beside.replace(path)
        _flush(path.parent)
    except OSError as error:
        _locate(error, path)
        raise
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def folder(path: Path) -> Iterator[Path]:
    """Give a folder to fill; on leaving without an error it becomes `path`, which must be new.

    Raises:
        FileExistsError: there is already something at `path` when the folder is done.

    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        yield beside
        # mkdtemp and some writers make things private; what is shared gets the usual modes.
        beside.chmod(0o777 & ~_umask())
        for inside in beside.iterdir():
            inside.chmod(0o666 & ~_umask())
            _flush(inside)
        _flush(beside)
        # rename() replaces an empty folder silently; a file or a filled folder stops it.
        if path.exists():
            raise FileExistsError(f"{path} is already there")
        beside.rename(path)
        _flush(path.parent)
    except OSError as error:
        _locate(error, path)
        raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def remove(path: Path) -> None:
    """Remove a file or a folder, such as one that a killed process left half written."""
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _locate(error: OSError, path: Path) -> None:
    """Name the file in an error of the system that doesn't, as write() on a full disk."""
    if error.errno and not error.filename:
        error.filename = str(path)


def _flush(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    """Return the process's umask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
