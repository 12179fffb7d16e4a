"""Where files come from: official addresses, and the hashes of what overtone was tried on.

A dataset's plugin may say it in `SOURCES`; `fetch` does the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

MEBIBYTE = 2**20


@dataclass(frozen=True, kw_only=True)
class Source:
    """One official address: that of a file, or of a zip archive with several."""

    url: str
    files: Mapping[str, str | None]
    """The files' names (in an archive: whatever their folder), and their SHA-256 where overtone
    knows it."""
    by_hand: str = ""
    """What one has to do instead, where a program can't download from the address."""
    terms: str = ""
    """Under which terms the files may be used."""
    limit: int = 64 * MEBIBYTE
    """The most bytes that the download, and each file in it, may have."""

    @property
    def name(self) -> str:
        """The last part of the address."""
        return PurePosixPath(urlsplit(self.url).path).name

    @property
    def is_archive(self) -> bool:
        """Whether the files are inside what is downloaded."""
        return self.name not in self.files


GLOVE = {
    name: Source(
        url=f"https://nlp.stanford.edu/data/{name}.zip",
        files={f"{name}.zip": None},
        terms="GloVe vectors: Public Domain Dedication and License",
        limit=2048 * MEBIBYTE,
    )
    for name in ("glove.6B", "glove.twitter.27B")
}
"""Word vectors, which are no dataset but come the same way; their archives are read as they are."""
