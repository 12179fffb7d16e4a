"""Fetches files from their official addresses, and knows them again by their SHA-256.

A hash that overtone knows is compared with. Where it knows none, the hash of the first download is
recorded in `hashes.json` beside the files, and compared with from then on: such files are the same
as before, but nobody has verified them.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from overtone.config import find_plugin, plugin_names
from overtone.data import default_dir, names
from overtone.data._archive import unpack
from overtone.data._download import download
from overtone.data._hashes import RECORD, Record, difference, read_record, write_record
from overtone.data._sources import GLOVE, Source
from overtone.errors import DataError, InputError, MissingDataError

Progress = Callable[[str, int, int], None]
"""Told a download's name, how many bytes of it came, and how many are expected (0: not known)."""


@dataclass(frozen=True)
class Fetched:
    """A file that is now here."""

    path: Path
    is_new: bool
    """Whether it was downloaded now; else it was here."""
    verified: bool
    """Whether it has the SHA-256 that overtone knows for it."""


def fetch(
    name: str,
    data_dir: Path | None = None,
    *,
    mirror: str | None = None,
    force: bool = False,
    progress: Progress = lambda *_: None,
) -> Iterator[Fetched]:
    """Yield a dataset's files (or word vectors) one by one, downloading those that aren't here.

    Args:
        name: as `sources` takes it.
        data_dir: where datasets are, by default as for `data.load`; each has a folder in it.
        mirror: an http address to use instead of the official one: a folder, or a file of the
            official name. The same hashes hold.
        force: replace files that differ from what they should be, and accept a download that
            differs from the recorded one; never one that differs from a hash overtone knows.
        progress: told how far a download is.

    Raises:
        InputError: there is no such name, or the mirror is no address.
        MissingDataError: it can only be downloaded by hand; says how.
        DataError: what is here or what came is not right; nothing was changed.
        MissingExtraError: pooch is not installed.

    """
    if mirror is not None and not mirror.startswith(("http://", "https://")):
        raise InputError(f"expected an address with http:// or https://, found {mirror!r}")
    folder_name, found = sources(name)
    folder = (data_dir or default_dir()).absolute() / folder_name
    for source in found:
        yield from _fetch(source, folder, _address(source, mirror), force=force, progress=progress)


def sources(name: str) -> tuple[str, tuple[Source, ...]]:
    """Return the folder's name and the sources of a dataset (with or without variant) or of GloVe.

    Raises:
        InputError: there is no such name, or it is not known where to get it.

    """
    if name in GLOVE:
        return "glove", (GLOVE[name],)
    plugin = name.partition("-")[0]
    plugins = plugin_names("overtone.data")
    if name not in (*names(), *plugins):
        known = ", ".join([*names(), *GLOVE])
        raise InputError(f"nothing to fetch is called {name!r}; there are: {known}")
    found: tuple[Source, ...] | None = getattr(
        find_plugin("overtone.data", plugin), "SOURCES", None
    )
    if found is None:
        raise InputError(f"it is not known where to get {name}: see `overtone data show {name}`")
    return plugin, found


def _fetch(
    source: Source, folder: Path, url: str, *, force: bool, progress: Progress
) -> Iterator[Fetched]:
    """Yield a source's files, downloading those that aren't here."""
    record = read_record(folder / RECORD)
    wanted = [
        name
        for name, pinned in source.files.items()
        if _is_wanted(folder / name, pinned, record.get(name), force=force)
    ]
    if wanted and source.by_hand:
        raise MissingDataError(_steps(source, wanted, folder))
    if wanted:
        try:
            with _workspace(folder) as beside:
                _take(source, url, wanted, beside, partial(progress, source.name))
                _check(source, url, [beside / name for name in wanted], {} if force else record)
                # Before the files: one that is here without its record could never be compared.
                if unverified := [name for name in wanted if source.files[name] is None]:
                    write_record(folder / RECORD, record, [beside / name for name in unverified])
                for name in wanted:
                    (beside / name).replace(folder / name)
        except DataError as error:
            raise DataError(f"{error}; {_steps(source, wanted, folder)}") from error
    for name, pinned in source.files.items():
        yield Fetched(folder / name, name in wanted, pinned is not None)


def _is_wanted(
    path: Path, pinned: str | None, first: dict[str, str] | None, *, force: bool
) -> bool:
    """Return whether a file is to be downloaded: it isn't here, or differs and may be replaced."""
    if not path.exists():
        return True
    found = difference(path, pinned, first)
    if found and not force:
        raise DataError(f"{path}: {found}; move it away, or replace it with --force")
    return bool(found)


def _take(
    source: Source, url: str, wanted: list[str], beside: Path, progress: Callable[[int, int], None]
) -> None:
    """Download what is wanted of a source into a folder."""
    came = beside / source.name
    download(url, came, source.limit, progress)
    if source.is_archive:
        try:
            unpack(came, wanted, beside, source.limit)
        except DataError as error:
            raise DataError(f"{url}: {error}") from error
    elif came.suffix == ".zip" and not zipfile.is_zipfile(came):
        raise DataError(f"{url}: expected a zip archive, found something else")


def _check(source: Source, url: str, files: list[Path], record: Record) -> None:
    """Compare what came with the hashes that are known."""
    for file in files:
        if found := difference(file, source.files[file.name], record.get(file.name)):
            accept = "" if source.files[file.name] else "; --force accepts what comes now"
            raise DataError(f"{url}: {file.name}: {found}{accept}")


def _address(source: Source, mirror: str | None) -> str:
    if mirror is None:
        return source.url
    is_file = mirror.partition("?")[0].endswith(f"/{source.name}")
    return mirror if is_file else f"{mirror.rstrip('/')}/{source.name}"


def _steps(source: Source, wanted: list[str], folder: Path) -> str:
    """Return what to do by hand."""
    if not source.is_archive:
        return f"get {source.url} by hand and put it at {folder / source.name}"
    steps = source.by_hand or f"get {source.url} by hand and unpack it"
    return f"{steps}; put {', '.join(wanted)} into {folder}"


@contextmanager
def _workspace(folder: Path) -> Iterator[Path]:
    """Give a folder inside `folder`, and so on the same disk, which is removed in the end.

    `folder` and those above it are made where they are missing, and removed again where nothing
    came of it.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".overtone.") as name:
            yield Path(name)
    finally:
        for path in made:
            with suppress(OSError):  # it is filled
                path.rmdir()
