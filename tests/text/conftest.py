"""Word statistics for ekphrasis, a few words of them, in a home folder of the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

COUNTS = {
    "counts_1grams.txt": "good\t900\nmorning\t500\nso\t800\nhappy\t700\nday\t600\nthe\t2000\n",
    "counts_2grams.txt": "good\tmorning\t400\nso\thappy\t300\nhappy\tday\t200\n",
}


@pytest.fixture(scope="session")
def write_statistics() -> Callable[[Path], Path]:
    """Return a function that writes statistics into a home folder, and returns their folder."""

    def write(home: Path) -> Path:
        folder = home / ".ekphrasis" / "stats" / "twitter_2018"
        folder.mkdir(parents=True)
        for name, content in COUNTS.items():
            (folder / name).write_text(content, encoding="utf-8")
        return folder

    return write


@pytest.fixture(scope="module", autouse=True)
def home(
    tmp_path_factory: pytest.TempPathFactory, write_statistics: Callable[[Path], Path]
) -> Iterator[Path]:
    """A home folder with statistics, for every test of cleaners."""
    folder = tmp_path_factory.mktemp("home")
    write_statistics(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        yield folder
