"""From a reference to a folder on this disk, pinned to a commit, and only what may be there.

huggingface_hub keeps what it downloads in its own cache, as links among other files of the same
repository. A folder with nothing else in it, and without links, is made beside: by hard links,
which take no space.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from huggingface_hub import HfApi, constants, hf_hub_download

from overtone import atomic
from overtone.errors import BundleError, InputError
from overtone.hub.bars import on_terminals_only
from overtone.hub.problems import UnreachableError, explained
from overtone.hub.reference import Reference

log = logging.getLogger(__name__)

TIMEOUT = 10
"""Seconds that the hub has to answer."""
MOST_INDEX = 50_000_000
"""Bytes of the file that lists the others; a hundred times what one of many labels takes."""
MOST = 20_000_000_000
"""Bytes of all files; an encoder of five thousand million parameters in fp32."""


@dataclass(frozen=True)
class Wanted:
    """What kind of folder is expected; the caller knows."""

    index: str
    """The file that lists the others."""
    listed: Callable[[Path], Collection[str]]
    """Reads it and returns their names, or raises."""
    check: Callable[[Path], object]
    """Raises where the folder is not whole, or not what it says."""
    allowed: Collection[str]
    """The names that any such folder may have; no others are ever fetched."""


def fetch(reference: Reference, wanted: Wanted) -> Path:
    """Return a folder with a repository's files, downloaded where they aren't here already.

    A commit that was fetched before needs no network; a branch or a tag is looked up, and where the
    hub can't be reached the state that was fetched last is taken, with a warning.

    Raises:
        InputError: there is no such repository or revision, it may not be read, or is no such
            folder as is wanted.
        BundleError: what it holds is not whole.
        UnreachableError: it would have to be downloaded, and the hub can't be reached.

    """
    if reference.is_pinned and (folder := _folder(reference)).is_dir():
        return folder
    sizes = _sizes(reference)
    if sizes is not None:
        _check_index(reference, wanted, sizes)
    index = _download(reference, wanted.index, cached=sizes is None)
    # By the commit from now on: a branch may move while its files are fetched.
    pinned = reference.at(index.parent.name)
    if (folder := _folder(pinned)).is_dir():
        return folder
    names = _names(pinned, wanted, index)
    if sizes is not None:
        _check_sizes(pinned, names, sizes)
    files = [_download(pinned, name, cached=sizes is None) for name in names]
    return _whole(pinned, wanted, index, files)


def _folder(pinned: Reference) -> Path:
    """Return where the files of a commit go."""
    cache = Path(platformdirs.user_cache_dir("overtone")) / "hub"
    return cache / pinned.repository.replace("/", "--") / pinned.revision


def _sizes(reference: Reference) -> dict[str, int] | None:
    """Return the sizes of a repository's files; None where only the cache can be asked."""
    if constants.HF_HUB_OFFLINE:
        return None
    try:
        with explained(reference):
            found = HfApi().model_info(
                reference.repository,
                revision=reference.revision or None,
                files_metadata=True,
                timeout=TIMEOUT,
            )
    except UnreachableError as error:
        log.warning("%s; what was fetched before is used, if it is here", error)
        return None
    return {file.rfilename: file.size or 0 for file in found.siblings or ()}


def _check_index(reference: Reference, wanted: Wanted, sizes: Mapping[str, int]) -> None:
    """Refuse a repository of another kind before anything is downloaded."""
    if wanted.index not in sizes:
        raise InputError(
            f"expected an overtone bundle at {reference}, found a repository without "
            f"{wanted.index}: overtone push makes one; an encoder's name goes to --encoder"
        )
    if sizes[wanted.index] > MOST_INDEX:
        raise BundleError(
            f"{reference}: {wanted.index} has {sizes[wanted.index]:,} bytes, more than any bundle's"
            f" ({MOST_INDEX:,}); don't use it"
        )


def _names(pinned: Reference, wanted: Wanted, index: Path) -> list[str]:
    """Return the other files' names, each one that such a folder may have."""
    try:
        names = sorted(wanted.listed(index))
    except BundleError as error:
        raise BundleError(f"{pinned}: {error}") from error
    if strange := sorted(set(names) - set(wanted.allowed)):
        raise BundleError(
            f"{pinned}: a bundle has no file {strange[0]!r}; don't use it, or install the version "
            "of overtone that wrote it"
        )
    return names


def _check_sizes(pinned: Reference, names: Collection[str], sizes: Mapping[str, int]) -> None:
    """Refuse files that are missing or beyond measure before they are downloaded."""
    if missing := sorted(set(names) - sizes.keys()):
        raise BundleError(f"{pinned}: the file {missing[0]} is missing there; push it again")
    total = sum(sizes[name] for name in names)
    if total > MOST:
        raise BundleError(f"{pinned}: {total:,} bytes, at most {MOST:,} are fetched")


def _download(reference: Reference, name: str, *, cached: bool) -> Path:
    """Return a file in huggingface_hub's cache, downloaded where it may and must be."""
    with explained(reference), on_terminals_only():
        return Path(
            hf_hub_download(
                reference.repository,
                name,
                revision=reference.revision or None,
                etag_timeout=TIMEOUT,
                local_files_only=cached,
            )
        )


def _whole(pinned: Reference, wanted: Wanted, index: Path, files: Collection[Path]) -> Path:
    """Put files into a folder of their own, and check it before it gets its name."""
    target = _folder(pinned)
    # Another process may have been faster; what it made is the same.
    with suppress(FileExistsError), atomic.folder(target) as folder:
        for file in (index, *files):
            _link(file.resolve(), folder / file.name)
        try:
            wanted.check(folder)
        except BundleError as error:
            said = str(error).replace(str(folder), str(pinned))
            raise BundleError(
                f"{said}. Either the repository was changed by hand: push it again; or the copy in "
                f"{index.parents[2]} is damaged: remove it"
            ) from error
    log.info("fetched %s", pinned)
    return target


def _link(source: Path, target: Path) -> None:
    """Give a file another name, or copy it where it is somebody else's or on another disk."""
    try:
        if hasattr(os, "geteuid") and source.stat().st_uid != os.geteuid():
            raise PermissionError
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
