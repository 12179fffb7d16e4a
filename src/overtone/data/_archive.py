"""Takes files out of a zip archive that may mean harm."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path, PurePosixPath, PureWindowsPath

from overtone.errors import DataError

CHUNK = 2**16


def unpack(archive: Path, wanted: Collection[str], into: Path, limit: int) -> None:
    """Unpack the wanted files of a zip archive, whatever their folder in it, and no others.

    Args:
        archive: the zip file.
        wanted: plain names, each of which must stand in the archive just once.
        into: a folder that has none of them yet.
        limit: the most bytes that each may have, counted as they come.

    Raises:
        DataError: it is no zip archive or a damaged one, holds a path that leaves its folder or a
            link, lacks a wanted file, or a file is over the limit.

    """
    try:
        with zipfile.ZipFile(archive) as opened:
            found: dict[str, zipfile.ZipInfo] = {}
            for member in opened.infolist():
                _refuse_harmful(member)
                name = PurePosixPath(member.filename).name
                if name in wanted and not member.is_dir():
                    if name in found:
                        raise DataError(f"the archive holds {name} twice")
                    found[name] = member
            if missing := [name for name in wanted if name not in found]:
                raise DataError(f"the archive holds no {', '.join(missing)}")
            for name, member in found.items():
                _copy(opened, member, into / name, limit)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        # The last two: encrypted, or compressed in a way that Python doesn't know.
        raise DataError(f"not a zip archive that can be read ({error})") from error


def _refuse_harmful(member: zipfile.ZipInfo) -> None:
    """Refuse an archive for one bad member, wanted or not: nobody means well who packs it."""
    # Windows reads both slashes and drive letters, and the archive should be as safe there.
    path = PureWindowsPath(member.filename)
    if path.anchor or ".." in path.parts:
        raise DataError(f"the archive holds {member.filename!r}, a path outside its folder")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise DataError(f"the archive holds {member.filename!r}, a link or another special file")


def _copy(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, limit: int) -> None:
    size = 0
    with opened.open(member) as source, target.open("xb") as file:
        while chunk := source.read(CHUNK):
            # The archive's own figures may lie, so what comes out is counted.
            size += len(chunk)
            if size > limit:
                raise DataError(
                    f"the archive's {target.name} has more than the {limit:,} bytes allowed"
                )
            file.write(chunk)
