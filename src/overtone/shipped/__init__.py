"""Models that ship with overtone: a folder each beside this file, a bundle like any, found by name.

`benchmarks/ship.py` makes them.
"""

from __future__ import annotations

import functools
import logging
from pathlib import Path

log = logging.getLogger(__name__)

HERE = Path(__file__).parent


def names() -> list[str]:
    """Return the names of the models that ship, sorted."""
    return sorted(folder.name for folder in HERE.iterdir() if (folder / "bundle.json").is_file())


def find(reference: str | Path) -> Path | None:
    """Return the folder of the model that ships under a name; None where there is none.

    Whatever is called so in the working folder comes first, and that is said.
    """
    name = str(reference)
    if name not in names():
        return None
    if Path(name).exists():
        _say_what_is_taken(name, Path.cwd())
        return None
    return HERE / name


@functools.cache
def _say_what_is_taken(name: str, folder: Path) -> None:
    """Say once a process that a name means a file or folder."""
    log.warning(
        "%s is in the folder %s, and is taken in place of the model that ships under that name",
        name,
        folder,
    )
