"""Where a search keeps its trials: Optuna's journal or an SQLite file.

A journal (`.log`) is locked by making a file, which works on folders that several machines share.
SQLite (`.db`) is for the workers of one machine.
"""

from __future__ import annotations

import os
import sqlite3
from functools import partial
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from sqlalchemy.pool import NullPool

from overtone.errors import InputError

KINDS = (".log", ".db")
STUDY = "overtone tune"
"""What the one study of a storage is called."""
BEGINNING = b'{"op_code":'
"""How every line of a journal begins."""
PATIENCE = 60.0
"""Seconds that a worker waits for another one's write to SQLite."""


def check(path: Path) -> None:
    """Refuse a file that is no storage by its name.

    Raises:
        InputError: it isn't, or it is a folder.

    """
    url = not path.is_absolute() and path.parts[:1] != () and path.parts[0].endswith(":")
    if path.suffix not in KINDS or url or path.is_dir():
        raise InputError(
            "expected a file for --storage that ends in .log (a journal, also on a folder that "
            f"several machines share) or .db (SQLite, on one machine), found {path}"
        )


def open_(path: Path) -> BaseStorage:
    """Open a storage, or make it; one worker at a time.

    Raises:
        InputError: the file is no storage, or a damaged one.

    """
    check(path)
    path = path.resolve()  # the lock's own name is made of it
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _journal(path) if path.suffix == ".log" else _sqlite(path)
    except OSError:
        raise
    except Exception as error:  # each storage has its own kinds
        raise InputError(
            f"{path} is not a storage of Optuna's, or damaged ({type(error).__name__}): name "
            "another --storage and --output, or put it back as it was"
        ) from error


def study(storage: BaseStorage, *, maximizes: bool) -> optuna.Study:
    """Return a storage's study, made where there is none yet."""
    return optuna.create_study(
        storage=storage,
        study_name=STUDY,
        direction="maximize" if maximizes else "minimize",
        load_if_exists=True,
    )


def _journal(path: Path) -> BaseStorage:
    lock = JournalFileOpenLock(str(path))
    backend = JournalFileBackend(str(path), lock_obj=lock)
    lock.acquire()
    try:
        _cut_half_line(path)
    finally:
        lock.release()
    return JournalStorage(backend)


def _cut_half_line(path: Path) -> None:
    """Take back a line that was half written when the disk was full or the machine went down.

    The next one would be written behind it, and neither could be read.
    """
    with path.open("rb+") as file:
        content = file.read()
        if content and not content.startswith(BEGINNING):
            raise ValueError("some other file")
        if not content.endswith(b"\n"):
            file.truncate(content.rfind(b"\n") + 1)
            os.fsync(file.fileno())


def _sqlite(path: Path) -> BaseStorage:
    # Connected here, not by a URL, where ? and % would mean something.
    connect = partial(sqlite3.connect, path, timeout=PATIENCE)
    return RDBStorage("sqlite://", engine_kwargs={"creator": connect, "poolclass": NullPool})
