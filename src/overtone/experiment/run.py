"""A run's folder: one process writes there at a time, and goes on with what was begun there."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from filelock import FileLock, Timeout
from safetensors import SafetensorError

from overtone import atomic
from overtone.config import Table
from overtone.errors import InputError
from overtone.training import checkpoint
from overtone.training.ranks import Ranks

log = logging.getLogger(__name__)

MACHINE = {
    "batch_tokens", "checkpoint_steps", "device", "gradient_checkpointing", "memory_gb",
    "most_skipped", "shard",
}  # fmt: skip
"""Options of training that a resumed run may change: they are about the machine."""

BEGUN = {"lock", "checkpoints"}
"""What a run has before it has a recipe, which a process may be killed between."""
LEFT_OVER = (".bundle.", ".config.toml.", ".encoder.", ".history.jsonl.", ".adapter.")
"""How names begin that a process leaves behind where it is killed while it writes."""


class Written(Protocol):
    """A recipe, whatever it is for."""

    def to_json(self) -> Table:
        """Return it as tables."""


T = TypeVar("T", bound=Written)


def check_new(folder: Path) -> None:
    """Refuse a folder that has files, for a run that begins.

    Raises:
        InputError: it has some.

    """
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(
            f"expected a new folder for the run, found files in {folder}: choose another "
            "--output, or go on with that run with --resume"
        )


@contextmanager
def alone(folder: Path, team: Ranks) -> Iterator[None]:
    """Keep every other run out of a folder; the first of several processes does so for all.

    Raises:
        InputError: another process is training there.

    """
    if not team.first:
        yield
        return
    lock = FileLock(folder / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise InputError(
            f"another process is training into {folder}; choose another --output"
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def room(folder: Path) -> Iterator[None]:
    """Say of a full disk what is whole in a run's folder, and what to do.

    Raises:
        OvertoneError: the disk is full.

    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        if not checkpoint.is_full(error):
            raise
        path = Path(getattr(error, "filename", None) or folder)
        raise checkpoint.explained(error, path, folder / "checkpoints") from error


def tidy(folder: Path) -> None:
    """Remove what was half written when a process was killed."""
    for path in folder.iterdir():
        if path.name.startswith(LEFT_OVER):
            atomic.remove(path)


def recipe(
    folder: Path, check: Callable[[Table], T], compose: Callable[..., T], *, resume: bool
) -> T:
    """Return the recipe of a run that begins, or of the one to go on with.

    Args:
        folder: the run's.
        check: makes a recipe of the tables that a run has written.
        compose: makes the recipe that is asked for now; its `base` is what holds where nothing is
            said, if that isn't what holds for a new run.
        resume: whether to go on with a run.

    Raises:
        InputError: there is no run to go on with, or something else was asked for than it was
            started with.

    """
    if not resume:
        return compose()
    config = folder / "config.toml"
    if folder.is_dir() and all(
        path.name in BEGUN or path.name.startswith(LEFT_OVER) for path in folder.iterdir()
    ):
        log.warning("the run in %s had not begun: it begins now", folder)
        return compose()
    try:
        saved = check(tomllib.loads(config.read_text(encoding="utf-8"))).to_json()
    except OSError as error:
        raise InputError(f"expected a run to resume in {folder}, found no config.toml") from error
    except (ValueError, InputError) as error:
        raise InputError(f"{config} is damaged ({error}): train again") from error
    asked = compose(base=saved)
    if found := differences(saved, asked.to_json()):
        raise InputError(
            f"the run in {folder} was started with another recipe: {'; '.join(found)}; "
            "resume without those options, or choose another --output"
        )
    return asked


def differences(saved: Table, asked: Table) -> list[str]:
    """Return where two recipes differ, one line each."""
    return [
        f"{section}.{key} was {saved[section].get(key)!r}, now {asked[section].get(key)!r}"
        for section in saved
        for key in {**saved[section], **asked[section]}
        if saved[section].get(key) != asked[section].get(key)
        and not (section == "training" and key in MACHINE)
    ]
