"""What `hub:user/name@revision` stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from overtone.errors import InputError

PREFIX = "hub:"
COMMIT = re.compile(r"[0-9a-f]{40}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")


@dataclass(frozen=True)
class Reference:
    """A repository, and which state of it."""

    repository: str
    """user/name."""
    revision: str = ""
    """A branch, a tag or a commit; the main branch where empty."""

    @property
    def is_pinned(self) -> bool:
        """Return whether it names a commit, which never changes."""
        return COMMIT.fullmatch(self.revision) is not None

    def at(self, commit: str) -> Reference:
        """Return the same repository at a commit."""
        return Reference(self.repository, commit)

    def __str__(self) -> str:
        """Return the form that a command takes."""
        return f"{PREFIX}{self.repository}" + (f"@{self.revision}" if self.revision else "")


def is_reference(given: str | Path) -> bool:
    """Return whether it is meant for the hub, well-formed or not."""
    return str(given).startswith(PREFIX)


def parse(given: str | Path) -> Reference:
    """Return a reference; `hub:` may be left out.

    Raises:
        InputError: it is not of the form user/name or user/name@revision.

    """
    name, at, revision = str(given).removeprefix(PREFIX).partition("@")
    good = NAME.fullmatch(name) and ".." not in str(given) and "--" not in name
    if not good or (at and not REVISION.fullmatch(revision)):
        raise InputError(
            f"expected hub:user/name or hub:user/name@revision, found {str(given)!r}: the name is "
            "the part of its address behind the hub's"
        )
    return Reference(name, revision)
